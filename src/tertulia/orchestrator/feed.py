"""What readers of a live room get: every event from their cursor on, once each, and the deltas.

A reader is a cursor, not a queue: events come from the last few kept in memory or from the log, so
a slow reader loses nothing and holds nobody up. Deltas are not stored; a reader that is slow loses
the oldest of them and gets the whole utterance as an event.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from tertulia.orchestrator.events import Event, Joined, RoomEnded
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId
from tertulia.orchestrator.visibility import Sight, sight_of

RECENT = 256
PAGE = 512
DELTAS = 1024


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of an utterance, while it is being said; ``after`` is the room's head then."""

    turn: TurnId
    by: ParticipantId
    text: str
    audience: Audience
    after: int


class _Reader:
    """One subscription's wake-up call and its share of the deltas."""

    __slots__ = ("cursor", "deltas", "given", "missed", "reads_as", "wake")

    def __init__(self, reads_as: ParticipantId | None, after: int) -> None:
        self.reads_as = reads_as
        self.cursor = self.given = after
        self.missed = False
        self.deltas: deque[Delta] = deque(maxlen=DELTAS)
        self.wake = asyncio.Event()

    @property
    def due(self) -> bool:
        """Whether a piece of an utterance comes before the next event."""
        return bool(self.deltas) and self.deltas[0].after <= self.cursor

    def takes(self, event: Event, sight: Sight | None) -> bool:
        """Whether the next event is for this reader; it may have to go back instead."""
        self.cursor = event.seq
        if sight is None or sight.sees(event.audience, event.seq):
            if self.missed and event.by == self.reads_as and _opens_the_past(event):
                self.missed, self.cursor = False, self.given  # what it missed is open to it now
                return False
            self.given = event.seq
            return True
        self.missed = self.missed or not sight.was_there(event.seq)
        return False


def _opens_the_past(event: Event) -> bool:
    return isinstance(event.body, Joined) and event.body.history


class Feed:
    """The committed events of one room, as they come, to any number of readers."""

    def __init__(self, room: RoomId, log: Log, floor: Floor) -> None:
        """Begin at the floor after the room's last committed event."""
        self._room, self._log, self._floor, self._head = room, log, floor, floor.head
        self._recent: deque[Event] = deque(maxlen=RECENT)
        self._readers: dict[_Reader, None] = {}  # in order, so that all wake in order too
        self._over = False

    def publish(self, events: Sequence[Event], floor: Floor) -> None:
        """Hand on events that have been committed, and lead to ``floor``."""
        self._recent.extend(events)
        self._floor = floor
        self._head = events[-1].seq
        self._wake()

    def deliver(self, delta: Delta) -> None:
        """Hand on a piece of an utterance to those who may hear it."""
        for reader in self._readers:
            sight = self._sight(reader)  # a piece is seen as an event would be that came now
            if sight is None or sight.sees(delta.audience, self._head + 1):
                reader.deltas.append(delta)
                reader.wake.set()

    def end(self) -> None:
        """Let all readers go once they have read everything."""
        self._over = True
        self._wake()

    @property
    def heard(self) -> bool:
        """Whether anybody listens at all."""
        return bool(self._readers)

    async def read(
        self, reads_as: ParticipantId | None, after: int, until: int | None = None
    ) -> AsyncIterator[Event | Delta]:
        """Everything after the seq ``after`` that ``reads_as`` may see (``None``: all), for ever.

        Who comes in with history is then given what it had missed since the last event that it was
        given. Ends when the room has ended, or is no longer live here, or after the seq ``until``.
        """
        reader = _Reader(reads_as, after)
        self._readers[reader] = None
        try:
            while until is None or reader.cursor < until:
                while reader.due:
                    yield reader.deltas.popleft()
                if reader.cursor < self._head:
                    for event in await self._after(reader.cursor):
                        if until is not None and event.seq > until:
                            return
                        if reader.takes(event, self._sight(reader)):
                            yield event
                        if isinstance(event.body, RoomEnded):
                            return
                        if reader.cursor < event.seq or reader.due:
                            break
                elif self._over:
                    return
                else:
                    reader.wake.clear()
                    await reader.wake.wait()
        finally:
            self._readers.pop(reader, None)

    async def _after(self, cursor: int) -> Iterable[Event]:
        if self._recent and self._recent[0].seq <= cursor + 1:
            return [event for event in self._recent if event.seq > cursor]
        return await self._log.read(self._room, cursor, PAGE)

    def _sight(self, reader: _Reader) -> Sight | None:
        return None if reader.reads_as is None else sight_of(self._floor, reader.reads_as)

    def _wake(self) -> None:
        for reader in self._readers:
            reader.wake.set()
