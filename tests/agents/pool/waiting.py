"""Waiting for what comes true of itself."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

from tertulia.agents.llama import Llama
from tertulia.orchestrator import Delta, Event, Said


async def until(comes_true: Callable[[], bool], seconds: float = 60) -> None:
    """Wait, and fail when it never does: a busy machine may stand still for seconds."""
    async with asyncio.timeout(seconds):
        while not comes_true():  # noqa: ASYNC110 - it is no event of ours
            await asyncio.sleep(0.001)


async def said_by(who: str, heard: AsyncIterator[Event | Delta]) -> Said:
    """Wait until an utterance is heard to its end, or to where it was cut off."""
    async for happening in heard:
        match happening:
            case Event(by=by, body=Said() as said) if by == who:
                return said
    raise AssertionError(f"{who} has said nothing")


def tokens_by(llama: Llama | None) -> int:
    """How many tokens it has written of answers that are over, by its own count."""
    told = "" if llama is None else llama._told({})["metrics"]
    return sum(map(int, re.findall(r"^llamacpp:tokens_predicted_total (\d+)", told, re.MULTILINE)))
