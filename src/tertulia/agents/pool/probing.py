"""A cheap question to a model server: is it well? So that no call has to find out.

A server with an address is asked for ``GET /health``, which vLLM, SGLang, llama.cpp and TGI answer,
or else for its list of models, over the connections that calls use. Any other model is asked for
one token.

llama.cpp's server also tells by ``GET /props`` how many calls it works on at once, and how much
each of them may hold. Others are not asked: they do not tell, or batch what their memory holds.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx
from langchain_core.messages import HumanMessage

from tertulia.agents.connections import client_for
from tertulia.agents.faults import ModelFailed, ModelUnreachable
from tertulia.agents.remote import Remote
from tertulia.agents.streaming import StreamedModel

PROBE_S = 5.0
"""How long a server may take to say that it is well."""

ELSEWHERE = frozenset({401, 403, 404, 405, 501})
"""What is said where nobody is to be asked so: it tells nothing of the server's health."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a server says of itself: calls at once, and tokens of a prompt with its answer."""

    slots: int
    context_tokens: int


async def told_by(model: StreamedModel) -> Told | None:
    """What a model's server says of itself, or ``None``, where it says nothing in time."""
    if not isinstance(model, Remote):
        return None
    try:
        headers = _authorised(model._key())
        answer = await client_for(model.base_url).get(
            f"{_root(model)}/props", headers=headers, timeout=PROBE_S
        )
        props = answer.raise_for_status().json()
        told = Told(props["total_slots"], props["default_generation_settings"]["n_ctx"])
    except (ModelFailed, httpx.HTTPError, ValueError, KeyError, TypeError):
        return None
    sensible = type(told.slots) is type(told.context_tokens) is int
    return told if sensible and min(told.slots, told.context_tokens) > 0 else None


async def probe(model: StreamedModel) -> None:
    """Ask a model's server whether it is well. Raises ``ModelUnreachable`` if it is not.

    ``ModelRefused`` says nothing against it: a key is missing, or it does not like the question.
    """
    if isinstance(model, Remote):
        await _healthy(model)
    else:
        await _one_token(model)


async def _healthy(server: Remote) -> None:
    models = f"{server.base_url.rstrip('/')}/models"
    asked = {f"{_root(server)}/health": "", models: server._key()}
    for url, shown in asked.items():
        status = await _status(server, url, _authorised(shown))
        if status >= 500 and status not in ELSEWHERE:
            raise _unwell(server, f"{url} said {status}")
        if status not in ELSEWHERE:
            return


def _root(server: Remote) -> str:
    return server.base_url.rstrip("/").removesuffix("/v1")


def _authorised(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


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
