"""A room's inbox: requests wait here in order, each with a promise of the events it will become.

Posts wait for a free place when the inbox is full (back-pressure). What the room owes itself, the
end of a turn, never waits for a place and is never given up.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tertulia.orchestrator.errors import TertuliaError
from tertulia.orchestrator.events import Draft, Event
from tertulia.orchestrator.floor import Floor

Prepare: TypeAlias = Callable[[Floor, float], tuple[Draft, ...]]
"""A request, to be checked against the floor when its moment has come: ``(floor, now)``."""

PLACES = 1024
"""How many requests may wait in one room before the next ones wait outside."""

BATCH = 256
"""How many requests are arbitrated before their events are committed together."""


@dataclass(slots=True, eq=False)
class Asked:
    """One request. ``owed`` ones are tried again until they are committed."""

    prepare: Prepare
    promise: asyncio.Future[tuple[Event, ...]]
    owed: bool = False

    def answer(self, events: tuple[Event, ...]) -> None:
        """Keep the promise."""
        if not self.promise.done():
            self.promise.set_result(events)

    def refuse(self, error: BaseException) -> None:
        """Say why it came to nothing."""
        if not self.promise.done():
            self.promise.set_exception(error)
            self.promise.exception()  # whoever asked may have gone; then nobody needs to know


class Inbox:
    """First come, first served."""

    def __init__(self, arrived: Callable[[], None]) -> None:
        """``arrived`` is called whenever something has been put in."""
        self._waiting: deque[Asked] = deque()
        self._places = asyncio.Semaphore(PLACES)
        self._arrived = arrived

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def place(self) -> None:
        """Wait for a free place; the next ``put`` takes it."""
        await self._places.acquire()

    def leave_place(self) -> None:
        """Give a place up without using it."""
        self._places.release()

    def put(self, prepare: Prepare, *, owed: bool = False) -> asyncio.Future[tuple[Event, ...]]:
        """Put a request in, and get the promise of its events."""
        promise: asyncio.Future[tuple[Event, ...]] = asyncio.get_running_loop().create_future()
        self._waiting.append(Asked(prepare, promise, owed))
        self._arrived()
        return promise

    def take(self) -> list[Asked]:
        """Take the next requests out, in order."""
        taken = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        for asked in taken:
            if not asked.owed:
                self._places.release()
        return taken

    def take_back(self, owed: list[Asked]) -> None:
        """Put what is still owed back in front."""
        self._waiting.extendleft(reversed(owed))

    def refuse_all(self, error: TertuliaError) -> None:
        """Answer everything that waits with ``error``."""
        while self._waiting:
            for asked in self.take():
                asked.refuse(error)
