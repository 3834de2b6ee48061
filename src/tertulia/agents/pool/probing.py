"""A cheap question to a model server: is it well? So that no call has to find out.

A server with an address is asked for ``GET /health``, which vLLM, SGLang, llama.cpp and TGI answer,
or else for its list of models, over the connections that calls use. Any other model is asked for
one token.
"""

from collections.abc import AsyncGenerator

import httpx
from langchain_core.messages import HumanMessage

from tertulia.agents.connections import client_for
from tertulia.agents.faults import ModelUnreachable
from tertulia.agents.remote import Remote
from tertulia.agents.streaming import StreamedModel

PROBE_S = 5.0
"""How long a server may take to say that it is well."""

ELSEWHERE = frozenset({401, 403, 404, 405, 501})
"""What is said where nobody is to be asked so: it tells nothing of the server's health."""


async def probe(model: StreamedModel) -> None:
    """Ask a model's server whether it is well. Raises ``ModelUnreachable`` if it is not.

    ``ModelRefused`` says nothing against it: a key is missing, or it does not like the question.
    """
    if isinstance(model, Remote):
        await _healthy(model)
    else:
        await _one_token(model)


async def _healthy(server: Remote) -> None:
    base, key = server.base_url.rstrip("/"), server._key()
    asked = {f"{base.removesuffix('/v1')}/health": "", f"{base}/models": key}
    for url, shown in asked.items():
        status = await _status(server, url, {"Authorization": f"Bearer {shown}"} if shown else {})
        if status >= 500 and status not in ELSEWHERE:
            raise _unwell(server, f"{url} said {status}")
        if status not in ELSEWHERE:
            return


async def _status(server: Remote, url: str, headers: dict[str, str]) -> int:
    client = client_for(server.base_url)
    try:
        async with client.stream("GET", url, headers=headers, timeout=PROBE_S) as response:
            return response.status_code
    except httpx.HTTPError as error:
        raise _unwell(server, f"{type(error).__name__} {error}".strip()) from error


def _unwell(server: Remote, what: str) -> ModelUnreachable:
    return ModelUnreachable(
        f"the server is not well: {what}",
        model=server.model,
        where=server.endpoint.where,
        hint="see its log; it is asked again",
    )


async def _one_token(model: StreamedModel) -> None:
    chunks = model._astream([HumanMessage("Hello.")], max_tokens=1)
    try:
        await anext(aiter(chunks))
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
