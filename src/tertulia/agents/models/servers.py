"""What the server behind a URL says of itself: whether it is there, takes the key, has the model.

It asks for lists only; nothing is written, so nothing is paid for.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import httpx

from tertulia.agents.faults import ModelFailed, ModelGarbled, ModelMissing, ModelRefused
from tertulia.agents.models.secrecy import HIDDEN, masked
from tertulia.agents.pool.probing import told_by
from tertulia.agents.remote import Remote
from tertulia.orchestrator.errors import TertuliaError

Found = tuple[str, bool | None, str]

PATIENCE_S = 10.0
NAMES = 5
"""How many of the names that a server has are told."""

MAKERS = {
    "vllm": "vLLM",
    "llamacpp": "llama.cpp",
    "sglang": "SGLang",
    "library": "Ollama",
    "openai": "OpenAI",
}
"""Servers, by what they say owns their models."""

CONTEXT = ("max_model_len", "context_length", "context_window", "max_context_length")
"""Fields in which servers say how much a prompt and its answer may hold."""

NO_LIST = "the server has no list of models"


async def served(model: Remote, clock: Callable[[], float]) -> AsyncIterator[Found]:
    """What a `Remote`'s server says; the last finding is bad where it cannot be used."""
    begun = clock()
    try:
        model._client(model._key())  # a second to import, which is not the server's
        begun = clock()
        listed = await _listed(model, model.base_url)
    except ModelRefused as error:
        if not isinstance(error, ModelMissing):
            yield "key", False, told(error)
            return
        listed = None
    except ModelGarbled as error:
        async for one in _elsewhere(model, told(error)):
            yield one
        return
    except ModelFailed as error:
        yield "reachable", False, told(error)
        return
    if listed is None:
        async for one in _elsewhere(model, ""):
            yield one
        return
    maker = next((MAKERS.get(str(one.get("owned_by")), "") for one in listed), "")
    took = f"in {(clock() - begun) * 1_000:.0f} ms"
    yield "reachable", True, f"{maker}, {took}" if maker else took
    env = model.api_key_env
    yield "key", True if env else None, f"accepted, from {env}" if env else "none is sent"
    async for one in _of_model(model, listed, maker):
        yield one


async def _listed(model: Remote, base_url: str) -> list[Mapping[str, Any]]:
    """The server's models. Raises ``ModelFailed``."""
    key = model._key()
    client = model._client(key).root_async_client
    client = client.with_options(base_url=base_url, timeout=PATIENCE_S, max_retries=0)
    try:
        answer: object = await client.get("/models", cast_to=object)
    except Exception as error:
        raise model.endpoint.explain(error, key) from None
    data = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(data, list):
        raise model.endpoint.unlisted()
    return [_without(one, key) for one in data if isinstance(one, Mapping)]


def _without(told: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What a server tells, without the key that it was sent."""
    return {
        field: value.replace(key, HIDDEN) if key and isinstance(value, str) else value
        for field, value in told.items()
    }


async def _elsewhere(model: Remote, wrong: str) -> AsyncIterator[Found]:
    """Where there is no list, look one step further: the URL may be too short.

    ``wrong`` is what came instead, or nothing.
    """
    url = httpx.URL(model.base_url)
    if not url.path.rstrip("/").endswith("/v1"):
        there = str(url.copy_with(path=f"{url.path.rstrip('/')}/v1"))
        try:
            await _listed(model, there)
        except ModelFailed:
            pass
        else:
            yield "reachable", False, f"the API is at {there}: write base_url: {there}"
            return
    if wrong:
        yield "reachable", False, wrong
    else:
        yield "reachable", None, f"{NO_LIST} there (404)"


async def _of_model(
    model: Remote, listed: list[Mapping[str, Any]], maker: str
) -> AsyncIterator[Found]:
    own = next((one for one in listed if _is(one, model.model)), None)
    ids = [str(one.get("id")) for one in listed]
    if own is None and maker == MAKERS["llamacpp"] and listed:
        own = listed[0]
        yield "model", True, f"{_short(ids)}, whatever name it is called by"
    elif own is None:
        yield "model", False, f"{model.model!r} is not there; {_instead(model.model, ids)}"
        return
    else:
        yield "model", True, f"{model.model} is there"
    context = next((own[name] for name in CONTEXT if own.get(name)), None)
    if maker == MAKERS["llamacpp"]:
        if (props := await told_by(model)) is not None:
            yield "slots", True, f"{props.slots}, of {props.context_tokens:,} tokens each"
    elif context is not None:
        yield "context", True, f"{context:,} tokens"


def told(error: TertuliaError) -> str:
    """What went wrong and what to do, for a page that says already which model it is about."""
    return f"{error.what}: {error.hint}" if isinstance(error, ModelFailed) else str(error)


def _is(one: Mapping[str, Any], name: str) -> bool:
    return name in (one.get("id"), one.get("root")) or one.get("id") == f"{name}:latest"


def _instead(name: str, ids: list[str]) -> str:
    if not ids:
        return "the server has none"
    if close := get_close_matches(name, ids, n=1, cutoff=0.5):
        return f"did you mean model: {masked(close[0])}?"
    return f"there {'is' if len(ids) == 1 else 'are'} {_short(ids)}"


def _short(ids: Iterable[str]) -> str:
    some = [masked(one) for one in ids]
    more = f" and {len(some) - NAMES} more" if len(some) > NAMES else ""
    return ", ".join(some[:NAMES]) + more
