"""A log behind a line that breaks: for stretches of time nothing reaches it, or no answer returns.

It changes nothing in what is written. Whether a request that failed was carried out is what its
caller cannot know, as with any database over a network.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tertulia.orchestrator import Clock, Event, Log
from tertulia.orchestrator.errors import StoreBusy, StoreUnusable
from tertulia.orchestrator.ports import Batch, Ledger, RoomSummary, Tenure
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId
from tertulia.orchestrator.visibility import Sight

T = TypeVar("T")

WHERE = "behind a broken line"


@dataclass(frozen=True, slots=True)
class Partition:
    """A stretch of time, from ``begins`` to ``ends`` (Unix seconds), without the database.

    With ``only_the_answer`` what is written during it is written, and then the error comes all the
    same. ``unusable`` makes that error ``StoreUnusable`` and not ``StoreBusy``.
    """

    begins: float
    ends: float
    only_the_answer: bool = False
    unusable: bool = False

    def error(self) -> Exception:
        """What the caller gets."""
        if self.unusable:
            return StoreUnusable(where=WHERE, what="the line is cut", hint="wait until it is back")
        return StoreBusy(where=WHERE)


class Partitioned:
    """A log (``ports.Log``) that cannot be reached during ``partitions``."""

    def __init__(self, log: Log, clock: Clock, partitions: Sequence[Partition]) -> None:
        """Break the line to ``log`` when ``clock`` says so."""
        self._log, self._clock, self._partitions = log, clock, tuple(partitions)
        self.ledger: Ledger | None = getattr(log, "ledger", None)

    async def acquire(self, room: RoomId) -> Tenure:
        """Become the room's one writer."""
        return await self._write(lambda: self._log.acquire(room))

    async def release(self, room: RoomId, epoch: int) -> None:
        """Let another process have the room."""
        await self._write(lambda: self._log.release(room, epoch))

    async def append(self, batch: Batch) -> None:
        """Write a batch."""
        await self._write(lambda: self._log.append(batch))

    async def read(self, room: RoomId, after: int, limit: int) -> Sequence[Event]:
        """Events after a seq."""
        return await self._read(lambda: self._log.read(room, after, limit))

    async def said(
        self, room: RoomId, before: int, limit: int, seen_by: Sight | None = None
    ) -> Sequence[Event]:
        """The last utterances before a seq."""
        return await self._read(lambda: self._log.said(room, before, limit, seen_by))

    async def keyed(self, room: RoomId, by: ParticipantId, key: str) -> Event | None:
        """The event of a key."""
        return await self._read(lambda: self._log.keyed(room, by, key))

    async def unfinished(self) -> set[TurnId]:
        """The turns of all rooms that have not ended."""
        return await self._read(self._log.unfinished)

    async def rooms(self) -> Sequence[RoomSummary]:
        """Every room, by name."""
        return await self._read(self._log.rooms)

    async def close(self) -> None:
        """Let go, which needs no line."""
        await self._log.close()

    def _broken(self) -> Partition | None:
        now = self._clock.now()
        return next((p for p in self._partitions if p.begins <= now < p.ends), None)

    async def _read(self, ask: Callable[[], Awaitable[T]]) -> T:
        partition = self._broken()
        if partition is not None:
            raise partition.error()
        return await ask()

    async def _write(self, ask: Callable[[], Awaitable[T]]) -> T:
        partition = self._broken()
        if partition is None:
            return await ask()
        if partition.only_the_answer:
            await ask()
        raise partition.error()
