"""What readers of a live room get: every event from their cursor on, once each, and the deltas.

A reader is a cursor, not a queue: events come from the last few kept in memory or from the log, so
a slow reader loses nothing and holds nobody up. Deltas are not stored; a reader that is slow loses
the oldest of them and gets the whole utterance as an event.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from tertulia.orchestrator.events import Event, RoomEnded
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId
from tertulia.orchestrator.visibility import may_see

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

    __slots__ = ("deltas", "reads_as", "wake")

    def __init__(self, reads_as: ParticipantId | None) -> None:
        self.reads_as = reads_as
        self.deltas: deque[Delta] = deque(maxlen=DELTAS)
        self.wake = asyncio.Event()

    def sees(self, audience: Audience) -> bool:
        return self.reads_as is None or may_see(audience, self.reads_as)


class Feed:
    """The committed events of one room, as they come, to any number of readers."""

    def __init__(self, room: RoomId, log: Log, head: int) -> None:
        """Begin at ``head``, the seq of the room's last committed event."""
        self._room, self._log, self._head = room, log, head
        self._recent: deque[Event] = deque(maxlen=RECENT)
        self._readers: dict[_Reader, None] = {}  # in order, so that all wake in order too
        self._over = False

    def publish(self, events: Sequence[Event]) -> None:
        """Hand on events that have been committed."""
        self._recent.extend(events)
        self._head = events[-1].seq
        self._wake()

    def deliver(self, delta: Delta) -> None:
        """Hand on a piece of an utterance to those who may hear it."""
        for reader in self._readers:
            if reader.sees(delta.audience):
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
        self, reads_as: ParticipantId | None, after: int
    ) -> AsyncIterator[Event | Delta]:
        """Everything after the seq ``after`` that ``reads_as`` may see (``None``: all), for ever.

        Ends when the room has ended, or is no longer live here.
        """
        reader, cursor = _Reader(reads_as), after
        self._readers[reader] = None
        try:
            while True:
                while reader.deltas and reader.deltas[0].after <= cursor:
                    yield reader.deltas.popleft()
                if cursor < self._head:
                    for event in await self._after(cursor):
                        cursor = event.seq
                        if reader.sees(event.audience):
                            yield event
                        if isinstance(event.body, RoomEnded):
                            return
                        if reader.deltas and reader.deltas[0].after <= cursor:
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

    def _wake(self) -> None:
        for reader in self._readers:
            reader.wake.set()
