"""One call on two servers: whoever answers first is heard, and the other one is called off."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.pool.pool import Lease

Chunks = AsyncGenerator[ChatGenerationChunk, None]
Begun = asyncio.Task[ChatGenerationChunk | None]


@dataclass(frozen=True, slots=True)
class Try:
    """A call on one server. The chunks end the lease when they are closed."""

    lease: Lease
    chunks: Chunks


async def raced(first: Try, late_s: float, another: Callable[[], Try | None]) -> Chunks:
    """The answer of ``first``, or of ``another`` if that comes sooner.

    ``another`` is asked when the first token is ``late_s`` late; if it says no, it is asked again
    after as long. Raises what the last of them raises, where none answers.
    """
    tries: dict[Begun, Try] = {_begun(first): first}
    winner: Try | None = None
    try:
        while len(tries) == 1 and not (await asyncio.wait(tries, timeout=late_s))[0]:
            other = another()
            if other is not None:
                tries[_begun(other)] = other
        answer = await _first(tries)
        winner, chunk = tries[answer], answer.result()
    finally:
        await _call_off(tries, winner)
    async with aclosing(winner.chunks):
        while chunk is not None:
            yield chunk
            chunk = await anext(winner.chunks, None)


def _begun(one: Try) -> Begun:
    async def begin() -> ChatGenerationChunk | None:
        return await anext(one.chunks, None)

    return asyncio.create_task(begin())


async def _first(tries: Mapping[Begun, Try]) -> Begun:
    """Who has answered first, or else failed last."""
    left = set(tries)
    while True:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for task in tries:
            if task in done and (task.exception() is None or not left):
                return task


async def _call_off(tries: Mapping[Begun, Try], winner: Try | None) -> None:
    """Hang up on all but the winner."""
    losers = {task: one for task, one in tries.items() if one is not winner}
    for task, one in losers.items():
        if winner is not None and not task.done():
            one.lease.lose()
        task.cancel()
    await asyncio.gather(*losers, return_exceptions=True)
    for one in losers.values():
        await one.chunks.aclose()
        one.lease.end()  # for one that had not even begun to be sent
