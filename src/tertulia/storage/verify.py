"""Check a database against what it promises, without changing it.

It reads one snapshot, event by event, so a room may be written meanwhile; it never makes, migrates
or mends anything. Each violation names the rule that is broken:

========== =====================================================================================
rule       what holds for every room
========== =====================================================================================
stray      events, turns, snapshots, effects and facts belong to a room that is listed
gap        the events' ``seq`` count from 1 without a gap
head       the last of them is the room's ``head``
chain      each row's digest follows from the row and the digest before; the room's is the last
unreadable each row can be read as an event
key        a participant's key names one event
turn       a turn is granted once and ends at most once; what is said or ends in it lies inside,
           is its holder's, and is one utterance at most for each time that it has the floor
turns      the table of turns says what the events say
audience   who speaks is in his own audience; a turn keeps the audience of its grant; an answer to
           a whisper goes to nobody who did not hear it
policy     the room's policy is known here, so that its decisions can be made again
replay     each event fits the floor before it, and each decision is made again as recorded
snapshot   the kept floor is the one that the events fold to
effect     an effect belongs to a turn that was granted, and has its holder and audience; one that
           may run once was begun once, unless a person said so; once its turn has ended and no
           process has the room, it is settled or uncertain; a result that was cut is kept whole
fact       a fact comes from utterances of its room, and is for nobody who did not hear each of
           them; another that took its place is newer, and for all who know it
========== =====================================================================================

One damage may break several rules. What ``replay`` finds is told once a room: from there on, the
floor is unknown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from tertulia.orchestrator.errors import LogDamaged, Unknown
from tertulia.orchestrator.events import (
    Event,
    Said,
    TurnEnded,
    TurnGranted,
    TurnParked,
    TurnResumed,
    TurnReturned,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.orchestrator.room import ROOM, Audience, RoomId, TurnId
from tertulia.orchestrator.visibility import covers
from tertulia.storage.codec import floor_from_json, from_row, is_whole, seal
from tertulia.storage.effect_rules import Turns, wrong_effects
from tertulia.storage.engine import connect, place
from tertulia.storage.fact_rules import wrong_facts
from tertulia.storage.faults import in_our_words
from tertulia.storage.schema import expect
from tertulia.storage.tables import effects, events, facts, rooms, snapshots, turns

PAGE = 1000
"""How many rows are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise: in which room, at which event (0: none), which rule, and what is wrong."""

    room: str
    seq: int
    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is wrong with it."""

    rooms: int
    events: int
    violations: tuple[Violation, ...]

    def as_json(self) -> dict[str, Any]:
        """The report as a JSON object."""
        return asdict(self)


def verify(url: str) -> Report:
    """Check every room of the database at ``url`` (``sqlite:///talk.db``) against the rules above.

    Raises ``Invalid`` where there is no such file, ``StoreUnusable`` for one that is no database
    of this version, ``StoreBusy`` while somebody else has it for himself alone.
    """
    where = place(url)
    engine = connect(url, reading=True)
    try:
        with (
            in_our_words(where),
            engine.connect().execution_options(reading=True) as connection,
        ):
            expect(connection, where)
            return _report(connection)
    finally:
        engine.dispose()


def _report(connection: sa.Connection) -> Report:
    found = [*_strays(connection), *_keys(connection)]
    listed = connection.execute(sa.select(rooms).order_by(rooms.c.id)).all()
    count = 0
    for row in listed:
        checked = _Room(row.id)
        checked.check(connection, row)
        found += checked.found
        count += checked.count
    return Report(len(listed), count, tuple(found))


def _strays(connection: sa.Connection) -> Iterator[Violation]:
    for table in (events, turns, snapshots, effects, facts):
        homeless = sa.select(table.c.room).where(table.c.room.not_in(sa.select(rooms.c.id)))
        for room in connection.scalars(homeless.distinct()):
            yield Violation(room, 0, "stray", f"rows in {table.name} of a room that is not listed")


def _keys(connection: sa.Connection) -> Iterator[Violation]:
    slot, seq = (events.c.room, events.c.by, events.c.key), events.c.seq
    twice = (
        sa.select(*slot, sa.func.min(seq).label("first"), sa.func.max(seq).label("last"))
        .where(events.c.key.is_not(None))
        .group_by(*slot)
        .having(sa.func.count() > 1)
    )
    for row in connection.execute(twice):
        what = f"the key {row.key!r} of {row.by!r} names event {row.first} too"
        yield Violation(row.room, row.last, "key", what)


_Settled: TypeAlias = tuple[str, int, int | None, str | None]
"""A turn as its row has it: participant, granted, ended, outcome."""


class _Room:
    """One room, while its events pass by."""

    def __init__(self, room: RoomId) -> None:
        self.found: list[Violation] = []
        self.count = 0
        self._room = room
        self._seq, self._chain = 0, b""
        self._turns: dict[TurnId, _Settled] = {}
        self._under_way: dict[TurnId, Event] = {}
        self._grants: dict[TurnId, Event] = {}
        self._spoken: set[TurnId] = set()
        self._whispers: dict[int, Audience] = {}

    def check(self, connection: sa.Connection, room: sa.Row[Any]) -> None:
        """Look at everything that is kept of the room; ``room`` is its own row."""
        kept = connection.execute(sa.select(snapshots).where(snapshots.c.room == self._room))
        snapshot = kept.one_or_none()
        settled = connection.execute(sa.select(turns).where(turns.c.room == self._room)).all()
        log = sa.select(events).where(events.c.room == self._room).order_by(events.c.seq)
        passing = self._events(connection.execute(log.execution_options(yield_per=PAGE)))
        self._replay(passing, snapshot)
        for _ in passing:  # what replay left over is looked at by the other rules
            pass
        if room.head != self._seq:
            self._find(self._seq, "head", f"the room's head is {room.head}")
        if room.chain != self._chain:
            self._find(self._seq, "chain", "the room's digest is not that of its last event")
        self._compare({row.id: _settled(row) for row in settled})
        over = self._turns.keys() - self._under_way.keys()
        known = Turns(self._grants, frozenset(over), room.owner is not None)
        for seq, what in wrong_effects(connection, self._room, known):
            self._find(seq, "effect", what)
        for seq, what in wrong_facts(connection, self._room, room.head):
            self._find(seq, "fact", what)

    def _find(self, seq: int, rule: str, what: str) -> None:
        self.found.append(Violation(self._room, seq, rule, what))

    # ---- the rows

    def _events(self, rows: Iterable[sa.Row[Any]]) -> Iterator[Event]:
        for row in rows:
            self.count += 1
            if row.seq != self._seq + 1:
                self._find(row.seq, "gap", f"expected seq {self._seq + 1}")
            if row.chain != seal(self._chain, dict(row._mapping)):
                self._find(row.seq, "chain", "the row, or the one before it, was altered")
            self._seq, self._chain = row.seq, row.chain
            try:
                event = from_row(row)
            except LogDamaged as error:
                self._find(row.seq, "unreadable", error.what)
                continue
            self._look_at(event)
            yield event

    def _look_at(self, event: Event) -> None:
        if event.audience is not None and event.by not in (ROOM, *event.audience):
            self._find(event.seq, "audience", f"{event.by!r} is not among those who hear it")
        match event.body:
            case TurnGranted() as granted:
                self._granted(event, granted)
            case Said(turn=turn) if turn is not None:
                self._inside(event, turn)
                if turn in self._spoken:
                    self._find(event.seq, "turn", f"a second utterance in turn {turn!r}")
                self._spoken.add(turn)
            case TurnResumed(turn=turn) | TurnReturned(turn=turn):
                self._inside(event, turn)
            case TurnParked(turn=turn):
                self._inside(event, turn)
                self._spoken.discard(turn)
            case TurnEnded(turn=turn):
                self._inside(event, turn)
                self._ended(event, turn, event.body.outcome)
        if event.audience is not None and isinstance(event.body, Said):
            self._whispers[event.seq] = event.audience

    # ---- turns and audiences

    def _granted(self, event: Event, granted: TurnGranted) -> None:
        if granted.turn in self._turns:
            self._find(event.seq, "turn", f"turn {granted.turn!r} is granted again")
        self._turns[granted.turn] = (event.by, event.seq, None, None)
        self._under_way[granted.turn] = self._grants[granted.turn] = event
        question = self._whispers.get(granted.answers or 0)
        if not covers(question, event.audience):
            what = f"answers the whisper {granted.answers} to more than those who heard it"
            self._find(event.seq, "audience", what)

    def _inside(self, event: Event, turn: TurnId) -> None:
        grant = self._under_way.get(turn)
        if grant is None:
            self._find(event.seq, "turn", f"{event.type} in turn {turn!r}, which is not under way")
        elif grant.by != event.by:
            self._find(event.seq, "turn", f"{event.type} by {event.by!r} in {grant.by!r}'s turn")
        elif grant.audience != event.audience:
            self._find(event.seq, "audience", f"not the audience of turn {turn!r}")

    def _ended(self, event: Event, turn: TurnId, outcome: str) -> None:
        grant = self._under_way.pop(turn, None)
        if grant is not None:
            self._turns[turn] = (grant.by, grant.seq, event.seq, outcome)

    def _compare(self, table: dict[TurnId, _Settled]) -> None:
        for turn in self._turns.keys() | table.keys():
            said, kept = self._turns.get(turn), table.get(turn)
            if said != kept:
                seq = (said or kept or ("", 0))[1]
                what = f"turn {turn!r}: the events say {said}, the table says {kept}"
                self._find(seq, "turns", what)

    # ---- decisions

    def _replay(self, passing: Iterator[Event], snapshot: sa.Row[Any] | None) -> None:
        floor, compared = Floor(self._room), snapshot is None
        try:
            for outcome in replay(self._room, passing):
                if isinstance(outcome, Disagreement):
                    self._disagree(floor, outcome)
                    return
                floor = outcome
                if snapshot is not None and floor.head == snapshot.seq:
                    compared = True
                    self._compare_floor(floor, snapshot)
        except DBAPIError:
            raise
        except Unknown as error:
            self._find(floor.head + 1, "policy", str(error))
            return
        except Exception as error:  # whatever a damaged event makes a decision raise
            self._find(floor.head + 1, "replay", f"does not fit the floor: {error}")
            return
        if snapshot is not None and not compared:
            self._find(snapshot.seq, "snapshot", "no step ends at this event")

    def _disagree(self, floor: Floor, found: Disagreement) -> None:
        recorded, decided = map(_told, (found.recorded, found.decided))
        at = found.recorded or found.decided
        seq = floor.head + 1 if at is None else at.seq
        self._find(seq, "replay", f"recorded {recorded}, decided again {decided}")

    def _compare_floor(self, floor: Floor, snapshot: sa.Row[Any]) -> None:
        try:
            kept: Floor | None = floor_from_json(snapshot.floor)
        except ValueError as error:
            self._find(snapshot.seq, "snapshot", f"cannot be read ({type(error).__name__})")
            return
        if kept != floor and is_whole(snapshot.floor):
            self._find(snapshot.seq, "snapshot", "not the floor that the events fold to")


def _settled(row: sa.Row[Any]) -> _Settled:
    return row.participant, row.granted, row.ended, row.outcome


def _told(event: Event | None) -> str:
    return "nothing" if event is None else f"{event.type} by {event.by!r} as event {event.seq}"
