"""Waiting for what comes true of itself."""

import asyncio
from collections.abc import Callable


async def until(comes_true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait, and fail when it takes too long."""
    async with asyncio.timeout(seconds):
        while not comes_true():  # noqa: ASYNC110 - it is no event of ours
            await asyncio.sleep(0.001)
