"""How well a pool uses the slots of real servers while calls wait.

The servers are the embedded model's, reached by HTTP; how many prompts each works on is its own
count, asked again and again by a thread, so that no gap hides behind what the event loop does.
"""

import asyncio
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.connections import close_connections
from tertulia.agents.embedded_server import KEY, EmbeddedServer, embedded_server
from tertulia.agents.pool import Caller, Endpoint, Pooled, calling, pooled
from tertulia.agents.remote import remote

SLOTS = (2, 1)
CALLS = 24
LOOKED_EVERY_S = 0.003
RULES = "You are Bo. You answer in one sentence or two, and you are fond of detail."


class _Looking(threading.Thread):
    """Looks how many slots are used, whenever calls wait."""

    def __init__(self, waiting: Callable[[], int], servers: Sequence[EmbeddedServer]) -> None:
        super().__init__(daemon=True)
        self._waiting, self._servers = waiting, servers
        self.shares: list[float] = []
        self.ended = threading.Event()

    def run(self) -> None:
        slots = [server.settings.slots for server in self._servers]
        while not self.ended.wait(LOOKED_EVERY_S):
            if self._waiting():
                used = (min(s.processing(), n) for s, n in zip(self._servers, slots, strict=True))
                self.shares.append(sum(used) / sum(slots))


async def slots_used(*, told: bool = True, calls: int = CALLS) -> float:
    """Which share of the slots of two servers of unequal size is used while calls wait.

    ``told`` is whether the pool knows how many slots each has, or has to learn it.
    """
    os.environ.setdefault(KEY, secrets.token_urlsafe(24))
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(
                embedded_server(threads=1, slots=slots, context_tokens=512)
            )
            for slots in SLOTS
        ]
        stack.push_async_callback(close_connections)
        models = [remote(s.base_url, s.model, KEY, max_tokens=40) for s in servers]
        for model in models:  # connected, so that connecting is not measured
            await model.ainvoke(_asked(0))
        endpoints = {
            f"embedded-{slots}": Endpoint(model, slots=slots if told else None)
            for model, slots in zip(models, SLOTS, strict=True)
        }
        return await _share(pooled("real", endpoints), servers, calls)


async def _share(pool: Pooled, servers: Sequence[EmbeddedServer], calls: int) -> float:
    looking = _Looking(pool.calls.queue.__len__, servers)
    looking.start()
    await asyncio.gather(*(_talk(pool, number) for number in range(calls)))
    looking.ended.set()
    await asyncio.to_thread(looking.join)
    return sum(looking.shares) / max(1, len(looking.shares))


async def _talk(pool: Pooled, number: int) -> None:
    with calling(Caller(f"room-{number}", "bo")):
        await pool.ainvoke(_asked(number))


def _asked(number: int) -> list[BaseMessage]:
    question = f"In room {number} there are {number + 3} shelves. How would you fill them?"
    return [SystemMessage(RULES, name="Bo"), HumanMessage(question, name="Ana")]
