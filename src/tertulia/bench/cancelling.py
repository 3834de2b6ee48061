"""How soon a slot of the embedded model is free after a barge-in; and that none is left behind.

The model is told to go on and on; each time it has begun, whoever listens leaves. The time is that
until llama.cpp itself says that it works on nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from langchain_core.messages import HumanMessage

from tertulia.agents.connections import close_connections
from tertulia.agents.embedded_server import embedded_server
from tertulia.agents.engine import Engine
from tertulia.agents.llama import EngineSettings
from tertulia.agents.remote import Remote

SETTINGS = EngineSettings(threads=1, slots=2, context_tokens=512)
TOKENS = 400
STORY = "Once upon a time, in a library by the sea,"
HANGING_S = 10.0
"""A slot that is not free after so long is never going to be."""


@dataclass(frozen=True, slots=True)
class Talker:
    """A model that talks until nobody listens, and how many prompts its server works on."""

    listen: Callable[[Callable[[], None]], Awaitable[None]]
    processing: Callable[[], int]


async def freed_ms(talker: Talker, cancels: int) -> list[float]:
    """Cut a talker off so many times: milliseconds until its slot was free, each time.

    Raises ``TimeoutError`` for a slot that stays taken.
    """
    return [await _freed_ms(talker) for _ in range(cancels)]


async def _freed_ms(talker: Talker) -> float:
    begun = asyncio.Event()
    task = asyncio.ensure_future(talker.listen(begun.set))
    await asyncio.wait([task, asyncio.ensure_future(begun.wait())], return_when="FIRST_COMPLETED")
    if task.done():
        task.result()
    since = time.perf_counter()
    task.cancel()
    async with asyncio.timeout(HANGING_S):
        while await asyncio.to_thread(talker.processing):  # noqa: ASYNC110 - it sets no event
            await asyncio.sleep(0)
    freed = 1000 * (time.perf_counter() - since)
    await asyncio.gather(task, return_exceptions=True)
    return freed


@asynccontextmanager
async def by_agents() -> AsyncIterator[Talker]:
    """The engine, called as an agent calls it."""
    engine = Engine(SETTINGS)
    asked = {"prompt": STORY, "max_tokens": TOKENS, "ignore_eos": True, "stream": True}

    async def listen(begun: Callable[[], None]) -> None:
        async for _ in engine.complete("Bo", asked):
            begun()

    try:
        yield Talker(listen, lambda: engine.processing() + engine.busy)
    finally:
        await asyncio.to_thread(engine.close)


@asynccontextmanager
async def over_http() -> AsyncIterator[Talker]:
    """The embedded model's server, called over HTTP."""
    settings = SETTINGS
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(
            embedded_server(
                threads=settings.threads,
                slots=settings.slots,
                context_tokens=settings.context_tokens,
                api_key="bench",
            )
        )
        stack.push_async_callback(close_connections)
        model = _Keyed(
            base_url=server.base_url,
            model=server.model,
            max_tokens=TOKENS,
            extra_body={"ignore_eos": True},
        )

        async def listen(begun: Callable[[], None]) -> None:
            async for _ in model._astream([HumanMessage(STORY, name="Ana")]):
                begun()

        yield Talker(listen, server.processing)


class _Keyed(Remote):
    """A remote with the server's own key, whatever the environment holds."""

    def _key(self) -> str:
        return "bench"


def spread(freed: list[float]) -> dict[str, Any]:
    """The middle of the times, and what nineteen of twenty stay under."""
    return {
        "cancels": len(freed),
        "p50_ms": round(median(freed), 1),
        "p95_ms": round(quantiles(freed, n=20)[-1] if len(freed) > 1 else freed[0], 1),
    }


async def cancelling(cancels: int) -> dict[str, Any]:
    """Both ways, one after the other."""
    found = {}
    for name, way in {"by_agents": by_agents, "over_http": over_http}.items():
        async with way() as talker:
            found[name] = spread(await freed_ms(talker, cancels))
            found[name]["left_behind"] = talker.processing()
    return found
