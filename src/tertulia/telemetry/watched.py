"""The log and the ledger of a house that is watched: the same, and somebody is told of it."""

from collections.abc import Awaitable, Collection, Sequence
from typing import Protocol

from tertulia.orchestrator.effects import Effect, EffectId
from tertulia.orchestrator.errors import Fenced
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Batch, Ledger, Log, RoomSummary, Tenure
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId
from tertulia.orchestrator.transitions import fold
from tertulia.orchestrator.visibility import Sight

PAGE = 512


class Onlooking(Protocol):
    """Who is told."""

    def opened(self, floor: Floor, at: dict[int, float]) -> None:
        """A room is live here, with this floor; ``at``: when some of its events were, by seq."""
        ...

    def begin(self) -> float:
        """A room's task is about to append: the time."""
        ...

    def committed(self, batch: Batch, began: float) -> None:
        """Events are durable."""
        ...

    def not_committed(self, batch: Batch, error: BaseException) -> None:
        """They could not be written."""
        ...

    def left(self, room: RoomId) -> None:
        """A room is live here no longer."""
        ...

    def wrote(self, effect: Effect) -> None:
        """An effect is about to be queued, in the task that makes the call."""
        ...


class WatchedLog:
    """A log (``ports.Log``) that tells what is committed to it."""

    def __init__(self, log: Log, told: Onlooking) -> None:
        """The same as ``log``."""
        self._log, self._told = log, told

    async def acquire(self, room: RoomId) -> Tenure:
        """Become the room's one writer; what is under way in it is found out."""
        tenure = await self._log.acquire(room)
        floor = tenure.snapshot
        while floor.head < tenure.head:
            floor = fold(floor, await self._log.read(room, floor.head, PAGE))
        asked = [one.seq for one in floor.approvals if one.open]
        found = (
            [await self._log.read(room, seq - 1, 1) for seq in (1, *asked)] if floor.head else ()
        )
        self._told.opened(floor, {event.seq: event.at for events in found for event in events})
        return tenure

    async def release(self, room: RoomId, epoch: int) -> None:
        """Let another process have it."""
        self._told.left(room)
        await self._log.release(room, epoch)

    async def append(self, batch: Batch) -> None:
        """Write a batch durably."""
        began = self._told.begin()
        try:
            await self._log.append(batch)
        except BaseException as error:
            self._told.not_committed(batch, error)
            if isinstance(error, Fenced):
                self._told.left(batch.room)
            raise
        self._told.committed(batch, began)

    async def read(self, room: RoomId, after: int, limit: int) -> Sequence[Event]:
        """Events after a seq."""
        return await self._log.read(room, after, limit)

    async def said(
        self, room: RoomId, before: int, limit: int, seen_by: Sight | None = None
    ) -> Sequence[Event]:
        """The last utterances before a seq."""
        return await self._log.said(room, before, limit, seen_by)

    async def keyed(self, room: RoomId, by: ParticipantId, key: str) -> Event | None:
        """The event of a key."""
        return await self._log.keyed(room, by, key)

    async def unfinished(self) -> set[TurnId]:
        """The turns of all rooms that have not ended."""
        return await self._log.unfinished()

    async def rooms(self) -> Sequence[RoomSummary]:
        """Every room, by name."""
        return await self._log.rooms()

    async def close(self) -> None:
        """Finish what was queued and let go."""
        await self._log.close()


class WatchedLedger:
    """A ledger (``ports.Ledger``) that tells what is written in it."""

    def __init__(self, ledger: Ledger, told: Onlooking) -> None:
        """The same as ``ledger``."""
        self._ledger, self._told = ledger, told

    def write(self, effect: Effect, epoch: int, *, whole: str | None = None) -> Awaitable[None]:
        """Queue an effect."""
        self._told.wrote(effect)
        return self._ledger.write(effect, epoch, whole=whole)

    async def abandon(self, room: RoomId, epoch: int, held: Collection[TurnId], now: float) -> None:
        """Settle what turns that are over have left open."""
        await self._ledger.abandon(room, epoch, held, now)

    async def of_turn(self, turn: TurnId) -> Sequence[Effect]:
        """The effects of a turn."""
        return await self._ledger.of_turn(turn)

    async def of_room(
        self, room: RoomId, limit: int, before: float | None = None
    ) -> Sequence[Effect]:
        """The last effects of a room."""
        return await self._ledger.of_room(room, limit, before)

    async def effect(self, name: EffectId) -> Effect | None:
        """The effect of an id."""
        return await self._ledger.effect(name)

    async def in_doubt(self, room: RoomId, limit: int = 1000) -> Sequence[Effect]:
        """The uncertain effects of a room."""
        return await self._ledger.in_doubt(room, limit)

    async def whole(self, digest: str) -> str | None:
        """A whole result."""
        return await self._ledger.whole(digest)
