"""Trying again, as people and stages do, while the database cannot be reached."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tertulia.orchestrator import Clock
from tertulia.orchestrator.errors import StoreBusy, StoreUnusable

T = TypeVar("T")

AGAIN_S, AT_MOST_S = 1.0, 120.0
"""Seconds between two attempts, and until one gives up."""


async def insist(clock: Clock, ask: Callable[[], Awaitable[T]]) -> T:
    """What ``ask`` returns, once the database takes it; what is posted needs a key.

    Raises ``StoreBusy`` or ``StoreUnusable`` after ``AT_MOST_S`` seconds, everything else at once.
    """
    until = clock.now() + AT_MOST_S
    while True:
        try:
            return await ask()
        except (StoreBusy, StoreUnusable):
            if clock.now() >= until:
                raise
        await clock.sleep(AGAIN_S)
