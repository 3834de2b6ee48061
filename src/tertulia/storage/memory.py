"""A log that is forgotten when the process ends, with the same contract as the durable one."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from tertulia.orchestrator.errors import Elsewhere, Fenced, Misbehaved, ShuttingDown
from tertulia.orchestrator.events import Event, RoomOpened, Said, TurnEnded, TurnGranted
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Batch, RoomSummary, Tenure
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId
from tertulia.orchestrator.visibility import Sight, seen
from tertulia.storage.memory_ledger import Effects, MemoryLedger


@dataclass(slots=True)
class _Kept:
    """One room."""

    snapshot: Floor
    owner: object = None
    epoch: int = 0
    events: list[Event] = field(default_factory=list)
    keys: dict[tuple[ParticipantId, str], Event] = field(default_factory=dict)
    turns: set[TurnId] = field(default_factory=set)
    under_way: set[TurnId] = field(default_factory=set)


class Memory:
    """What several ``MemoryLog`` share, as processes share a database."""

    def __init__(self) -> None:
        """Nothing has been said yet."""
        self.rooms: dict[RoomId, _Kept] = {}
        self.effects = Effects()


class MemoryLog:
    """One owner's access to a ``Memory`` (``ports.Log``); ``ledger`` is that of its effects."""

    def __init__(self, memory: Memory | None = None) -> None:
        """Share ``memory`` with others, or have one alone."""
        self._memory = memory or Memory()
        self._closed = False
        self.ledger = MemoryLedger(self._memory.effects, self._fence)

    async def acquire(self, room: RoomId) -> Tenure:
        """Become the room's one writer."""
        self._check_open()
        kept = self._memory.rooms.setdefault(room, _Kept(Floor(room)))
        gone = isinstance(kept.owner, MemoryLog) and kept.owner._closed
        if kept.owner not in (None, self) and not gone:
            raise Elsewhere(room=room, owner=repr(kept.owner), until=float("inf"))
        kept.owner, kept.epoch = self, kept.epoch + 1
        return Tenure(room, kept.epoch, len(kept.events), kept.snapshot)

    async def release(self, room: RoomId, epoch: int) -> None:
        """Let another owner have it."""
        self._check_open()
        kept = self._memory.rooms.get(room)
        if kept is not None and kept.epoch == epoch:
            kept.owner = None

    async def append(self, batch: Batch) -> None:
        """Keep a batch."""
        self._check_open()
        kept = self._memory.rooms.get(batch.room)
        head = 0 if kept is None else len(kept.events)
        if kept is None or kept.epoch != batch.epoch or batch.events[0].seq != head + 1:
            raise Fenced(room=batch.room, epoch=batch.epoch)
        if [e.seq for e in batch.events] != list(range(head + 1, head + 1 + len(batch.events))):
            raise Misbehaved(who="the scheduler", what="left a gap in a batch of events")
        keyed = [((e.by, e.key), e) for e in batch.events if e.key is not None]
        granted = [e.body.turn for e in batch.events if isinstance(e.body, TurnGranted)]
        ended = [e.body.turn for e in batch.events if isinstance(e.body, TurnEnded)]
        if _again(kept.keys.keys(), [slot for slot, _ in keyed]) or _again(kept.turns, granted):
            raise Misbehaved(who="the writer", what="wrote a key or a turn twice")
        if _again((), ended) or not kept.under_way.union(granted).issuperset(ended):
            raise Misbehaved(who="the scheduler", what="ended a turn that was not under way")
        kept.events += batch.events
        kept.keys.update(keyed)
        kept.turns.update(granted)
        kept.under_way.update(granted)
        kept.under_way.difference_update(ended)
        kept.snapshot = batch.snapshot or kept.snapshot

    async def read(self, room: RoomId, after: int, limit: int) -> Sequence[Event]:
        """Events after a seq."""
        return self._of(room)[max(0, after) : max(0, after) + limit]

    async def said(
        self, room: RoomId, before: int, limit: int, seen_by: Sight | None = None
    ) -> Sequence[Event]:
        """The last utterances before a seq."""
        earlier = self._of(room)[: max(0, before - 1)]
        said = [e for e in earlier if isinstance(e.body, Said)]
        shown = said if seen_by is None else list(seen(said, seen_by))
        return shown[max(0, len(shown) - limit) :]

    async def keyed(self, room: RoomId, by: ParticipantId, key: str) -> Event | None:
        """The event of a key."""
        kept = self._memory.rooms.get(room)
        return None if kept is None else kept.keys.get((by, key))

    async def unfinished(self) -> set[TurnId]:
        """The turns of all rooms that have not ended."""
        return {turn for kept in self._memory.rooms.values() for turn in kept.under_way}

    async def rooms(self) -> Sequence[RoomSummary]:
        """Every room, by name."""
        return [
            RoomSummary(
                room,
                len(kept.events),
                None if kept.owner is None else repr(kept.owner),
                _parent(kept.events),
            )
            for room, kept in sorted(self._memory.rooms.items())
        ]

    async def close(self) -> None:
        """Let go of every room."""
        self._closed = True
        for kept in self._memory.rooms.values():
            if kept.owner is self:
                kept.owner = None

    def drop(self) -> None:
        """Let go as a process does that is killed: nothing is given back."""
        self._closed = True

    def _fence(self, room: RoomId, epoch: int) -> None:
        self._check_open()
        kept = self._memory.rooms.get(room)
        if kept is None or kept.epoch != epoch:
            raise Fenced(room=room, epoch=epoch)

    def _check_open(self) -> None:
        if self._closed:
            raise ShuttingDown

    def _of(self, room: RoomId) -> list[Event]:
        self._check_open()
        kept = self._memory.rooms.get(room)
        return [] if kept is None else kept.events


def _parent(events: Sequence[Event]) -> RoomId | None:
    opened = events[0].body if events else None
    return opened.parent if isinstance(opened, RoomOpened) else None


def _again(known: Collection[object], new: Sequence[object]) -> bool:
    return len(set(new)) < len(new) or any(one in known for one in new)
