"""What simulated people hear: one subscription for a whole crowd, and to each what concerns it.

A person is concerned when it is given the floor, when it is addressed, when somebody speaks, whom
it waits for, and when an agent begins to speak and it is tempted to cut in. So hundreds of people
cost little more than a few.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from tertulia.orchestrator import Clock, Event, Kind, Room, Said
from tertulia.orchestrator.events import RoomEnded, TurnGranted
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import may_see, sight_of

KEPT = 64
"""How many happenings an ear keeps for somebody who is busy; the oldest are forgotten."""


class Ear:
    """One person's share of what is heard."""

    def __init__(self, clock: Clock) -> None:
        """``clock`` says how long one listens."""
        self._clock = clock
        self._heard: deque[Event] = deque(maxlen=KEPT)
        self._wake: Callable[[], None] | None = None
        self.awaits: ParticipantId | None = None
        """Whose next utterance concerns it too."""
        self.tempted: Callable[[], bool] | None = None
        """Whether it wishes to cut in on a turn that begins now, if it ever does."""

    def put(self, event: Event) -> None:
        """Let it hear something."""
        self._heard.append(event)
        if self._wake is not None:
            self._wake()

    def put_back(self, event: Event) -> None:
        """Let it hear this again before all else."""
        self._heard.appendleft(event)

    def forget(self) -> None:
        """Leave alone what has been heard meanwhile."""
        self._heard.clear()

    async def listen(self, seconds: float) -> Event | None:
        """The next thing heard, or ``None`` after so many seconds without one."""
        if not self._heard and seconds > 0:
            await self._wait(seconds)
        return self._heard.popleft() if self._heard else None

    async def _wait(self, seconds: float) -> None:
        over = asyncio.Event()
        self._wake = over.set
        cancel = self._clock.call_later(seconds, over.set)
        try:
            await over.wait()
        finally:
            cancel()
            self._wake = None


class Hearing:
    """Listens to a room for all who have an ear in it."""

    def __init__(self, room: Room, clock: Clock) -> None:
        """Nobody listens yet."""
        self._room, self._clock = room, clock
        self._ears: dict[ParticipantId, Ear] = {}

    def ear(self, who: ParticipantId) -> Ear:
        """The ear of ``who``."""
        return self._ears.setdefault(who, Ear(self._clock))

    async def follow(self) -> None:
        """Hear until the room ends."""
        async for happening in self._room.subscribe(after=self._room.floor.head):
            if isinstance(happening, Event):
                if isinstance(happening.body, RoomEnded):
                    return
                for who in self._concerned(happening):
                    self._ears[who].put(happening)

    def _concerned(self, event: Event) -> list[ParticipantId]:
        body = event.body
        if isinstance(body, TurnGranted):
            seat = self._room.floor.members.get(event.by)
            if seat is None or seat.kind is not Kind.AGENT:
                return [event.by] if event.by in self._ears else []
            return [
                who
                for who, ear in self._ears.items()
                if ear.tempted is not None and self._for(who, event) and ear.tempted()
            ]
        if isinstance(body, Said):
            waiting = [who for who, ear in self._ears.items() if ear.awaits == event.by]
            asked = [w for w in body.addressees if w in self._ears and w not in waiting]
            return [w for w in asked + waiting if w != event.by and self._for(w, event)]
        return []

    def _for(self, who: ParticipantId, event: Event) -> bool:
        return may_see(event, sight_of(self._room.floor, who))
