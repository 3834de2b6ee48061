"""What each event does to the floor: two tables, and a fold that obeys them.

A missing entry *is* the error. The tables say which events may happen; the functions below say
what else they change. ``docs/orchestrator.md`` shows the diagram that ``mermaid`` draws from them.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tertulia.orchestrator.errors import LogDamaged, NotNow, RoomClosed
from tertulia.orchestrator.events import (
    Advised,
    BidMade,
    Body,
    ConsultationEnded,
    Consulted,
    Event,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    Joined,
    Left,
    Nominated,
    PolicyChanged,
    PolicyFailed,
    RoomEnded,
    RoomOpened,
    RoomPaused,
    RoomResumed,
    Said,
    TurnEnded,
    TurnGranted,
    TurnResumed,
)
from tertulia.orchestrator.floor import (
    Floor,
    Hold,
    Nomination,
    Obligation,
    Phase,
    Question,
    Request,
    Seat,
    Standing,
    Utterance,
    revised,
)
from tertulia.orchestrator.room import Kind, ParticipantId

PHASES: Mapping[Phase, Mapping[type[Body], Phase]] = {
    Phase.UNOPENED: {RoomOpened: Phase.OPEN},
    Phase.OPEN: {
        RoomPaused: Phase.PAUSED,
        RoomEnded: Phase.CLOSED,
        PolicyChanged: Phase.OPEN,
        PolicyFailed: Phase.OPEN,
        Consulted: Phase.OPEN,
        Advised: Phase.OPEN,
        ConsultationEnded: Phase.OPEN,
    },
    Phase.PAUSED: {
        RoomResumed: Phase.OPEN,
        RoomEnded: Phase.CLOSED,
        PolicyChanged: Phase.PAUSED,
        Advised: Phase.PAUSED,
        ConsultationEnded: Phase.PAUSED,
    },
    Phase.CLOSED: {},
}
"""What the room's own events do to its phase."""

STANDINGS: Mapping[Standing, Mapping[type[Body], Standing]] = {
    Standing.ABSENT: {Joined: Standing.LISTENING},
    Standing.WATCHING: {Left: Standing.ABSENT},
    Standing.LISTENING: {
        Said: Standing.LISTENING,
        FloorRequested: Standing.PENDING,
        BidMade: Standing.LISTENING,
        Nominated: Standing.LISTENING,
        TurnGranted: Standing.HOLDING,
        Left: Standing.ABSENT,
    },
    Standing.PENDING: {
        Said: Standing.PENDING,
        FloorRequested: Standing.PENDING,
        FloorRequestCancelled: Standing.LISTENING,
        FloorRequestDenied: Standing.LISTENING,
        BidMade: Standing.PENDING,
        Nominated: Standing.PENDING,
        TurnGranted: Standing.HOLDING,
        Left: Standing.ABSENT,
    },
    Standing.HOLDING: {
        Said: Standing.HOLDING,
        BidMade: Standing.HOLDING,
        TurnResumed: Standing.HOLDING,
        TurnEnded: Standing.LISTENING,
    },
}
"""What a participant's events do to its standing. (An observer who joins is WATCHING instead.)"""

_INSTEAD: Mapping[tuple[Phase | Standing, type[Body] | None], str] = {
    (Phase.OPEN, RoomResumed): "; it goes on already",
    (Phase.OPEN, RoomOpened): "; it has been opened already",
    (Phase.PAUSED, RoomPaused): "; it rests already",
    (Phase.PAUSED, None): "; resume the room first",
    (Phase.UNOPENED, None): "; open the room first",
    (Standing.ABSENT, None): "; join the room first",
    (Standing.WATCHING, None): "; an observer only watches: to speak, join as a person or an agent",
    (Standing.HOLDING, FloorRequested): "; they have the floor already",
    (Standing.HOLDING, Left): "; their turn has to end first",
}
"""What to do instead, where the tables have no entry."""


def check(floor: Floor, by: ParticipantId, kind: type[Body]) -> None:
    """Raise ``NotNow`` or ``RoomClosed`` unless the tables have an entry for this event now."""
    if floor.phase is Phase.CLOSED:
        raise RoomClosed(room=floor.room)
    if kind in _OF_THE_ROOM:
        if kind not in PHASES[floor.phase]:
            raise _not_now(f"room {floor.room!r}", floor.phase, kind)
        return
    standing = floor.standing(by)
    unopened = floor.phase is Phase.UNOPENED
    paused = floor.phase is Phase.PAUSED and kind is TurnGranted
    if unopened or paused or kind not in STANDINGS[standing]:
        raise _not_now(repr(by), floor.phase if unopened or paused else standing, kind)


def _not_now(who: str, state: Phase | Standing, kind: type[Body]) -> NotNow:
    hint = _INSTEAD.get((state, kind)) or _INSTEAD.get((state, None), "")
    return NotNow(who=who, standing=state, event=kind.__name__, hint=hint)


def apply(floor: Floor, event: Event) -> Floor:
    """Fold one event into the floor.

    Raises ``NotNow`` where the tables have no entry and ``LogDamaged`` where ``seq`` is not next.
    """
    if event.seq != floor.head + 1:
        raise LogDamaged(room=event.room, seq=event.seq, what=f"expected seq {floor.head + 1}")
    kind = type(event.body)
    check(floor, event.by, kind)
    changes = _CHANGES[kind](floor, event, event.body)
    return revised(floor, head=event.seq, at=event.at, **changes)


def fold(floor: Floor, events: Iterable[Event]) -> Floor:
    """Fold a stretch of the log into the floor."""
    for event in events:
        floor = apply(floor, event)
    return floor


def mermaid() -> str:
    """Draw the two tables as Mermaid state diagrams."""
    return "\n".join([*_diagram(PHASES), "", *_diagram(STANDINGS)])


def _diagram(table: Mapping[Any, Mapping[type[Body], Any]]) -> list[str]:
    rows = ["stateDiagram-v2"]
    for state, entries in table.items():
        rows += [f"    {state} --> {to}: {body.__name__}" for body, to in entries.items()]
    return rows


_OF_THE_ROOM = frozenset(kind for entries in PHASES.values() for kind in entries)

_Changes: TypeAlias = dict[str, Any]


def _opened(floor: Floor, event: Event, body: RoomOpened) -> _Changes:
    return {"phase": Phase.OPEN, "settings": body.settings}


def _phase(floor: Floor, event: Event, body: Body) -> _Changes:
    return {"phase": PHASES[floor.phase][type(body)]}


def _closed(floor: Floor, event: Event, body: RoomEnded) -> _Changes:
    return {"phase": Phase.CLOSED, "question": None}


def _policy(floor: Floor, event: Event, body: PolicyChanged) -> _Changes:
    return {"settings": revised(floor.settings, policy=body.policy)}


def _joined(floor: Floor, event: Event, body: Joined) -> _Changes:
    seat = Seat(event.by, body.name, body.kind, joined=event.seq, heard=event.seq)
    return {"members": {**floor.members, event.by: seat}}


def _left(floor: Floor, event: Event, body: Left) -> _Changes:
    gone = event.by
    left = floor.members[gone]
    return {
        "departed": {**floor.departed, gone: (left.name, left.kind)},
        "members": {who: seat for who, seat in floor.members.items() if who != gone},
        "pending": tuple(r for r in floor.pending if r.participant != gone),
        "owed": tuple(o for o in floor.owed if o.participant != gone),
        "nominated": tuple(n for n in floor.nominated if n.participant != gone),
        "continuing": None if floor.continuing == gone else floor.continuing,
    }


def _said(floor: Floor, event: Event, body: Said) -> _Changes:
    speaker = event.by
    person = floor.members[speaker].kind is Kind.HUMAN
    owed = tuple(
        o
        for o in floor.owed
        if not (person and o.participant == speaker and o.audience == event.audience)
    )
    open_ones = {(o.participant, o.by, o.audience): o for o in owed}
    for who in body.addressees:
        if who != speaker and floor.standing(who) not in (Standing.ABSENT, Standing.WATCHING):
            # Asked again, one owes one answer, to the last asking, in the place of the first.
            new = Obligation(who, event.seq, speaker, event.audience)
            open_ones[who, speaker, event.audience] = new
    changes: _Changes = {"owed": tuple(open_ones.values()), "continuing": None}
    if event.audience is None:
        changes["latest"] = Utterance(speaker, event.seq)
        if floor.latest is not None and floor.latest.by != speaker:
            changes["before"] = floor.latest
    if person:
        changes.update(agent_run=0, volunteers=0)
    return changes


def _requested(floor: Floor, event: Event, body: FloorRequested) -> _Changes:
    for request in floor.pending:
        if request.participant == event.by:
            again = revised(request, priority=body.priority)
            return {"pending": tuple(again if r is request else r for r in floor.pending)}
    serial = floor.requests + 1
    request = Request(event.by, serial, floor.grants, body.priority)
    return {"requests": serial, "pending": (*floor.pending, request)}


def _cancelled(
    floor: Floor, event: Event, body: FloorRequestCancelled | FloorRequestDenied
) -> _Changes:
    return {"pending": tuple(r for r in floor.pending if r.participant != event.by)}


def _nominated(floor: Floor, event: Event, body: Nominated) -> _Changes:
    named = Nomination(event.by, body.chair)
    return {} if named in floor.nominated else {"nominated": (*floor.nominated, named)}


def _consulted(floor: Floor, event: Event, body: Consulted) -> _Changes:
    asked = Question(body.question, event.seq, body.kind, body.candidates)
    return {"question": asked, "questions": body.question}


def _advised(floor: Floor, event: Event, body: Advised) -> _Changes:
    asked = _asked(floor, body.question)
    if asked is None:
        return {}
    failed = body.problem is not None
    return {"question": revised(asked, choice=body.choice, over=True, failed=failed)}


def _bid(floor: Floor, event: Event, body: BidMade) -> _Changes:
    asked = _asked(floor, body.question)
    if asked is None or event.by not in asked.candidates:
        return {}
    bids = (*(bid for bid in asked.bids if bid[0] != event.by), (event.by, body.score))
    return {"question": revised(asked, bids=bids, over=len(bids) == len(asked.candidates))}


def _consultation_ended(floor: Floor, event: Event, body: ConsultationEnded) -> _Changes:
    asked = _asked(floor, body.question)
    if asked is None:
        return {}
    return {"question": None if body.again else revised(asked, over=True, failed=True)}


def _asked(floor: Floor, number: int) -> Question | None:
    """The question of that number, if it is still open."""
    asked = floor.question
    return asked if asked is not None and asked.number == number and not asked.over else None


def _granted(floor: Floor, event: Event, body: TurnGranted) -> _Changes:
    who, serial = event.by, floor.grants + 1
    seat = floor.members[who]
    heard = event.seq if event.audience is None else seat.heard
    agent = int(seat.kind is Kind.AGENT)
    hold = Hold(body.turn, who, event.seq, event.at, body.until, event.audience, body.answers)
    sat = revised(seat, heard=heard, granted=serial, turns=seat.turns + 1)
    return {
        "members": {**floor.members, who: sat},
        "pending": tuple(r for r in floor.pending if r.participant != who),
        "holds": (*floor.holds, hold),
        "owed": tuple(
            o for o in floor.owed if o.participant != who or o.audience != event.audience
        ),
        "nominated": tuple(n for n in floor.nominated if n.participant != who),
        "question": None,
        "continuing": None,
        "grants": serial,
        "agent_turns": floor.agent_turns + agent,
        "agent_run": floor.agent_run + agent,
        "volunteers": floor.volunteers + (agent if body.answers is None else 0),
    }


def _resumed(floor: Floor, event: Event, body: TurnResumed) -> _Changes:
    return {
        "holds": tuple(
            revised(hold, until=body.until, attempt=body.attempt)
            if hold.turn == body.turn
            else hold
            for hold in floor.holds
        )
    }


def _ended(floor: Floor, event: Event, body: TurnEnded) -> _Changes:
    ended = next((hold for hold in floor.holds if hold.turn == body.turn), None)
    if ended is None:
        raise NotNow(who=f"turn {body.turn!r}", standing="not held", event="TurnEnded", hint="")
    seat = floor.members[ended.participant]
    rose = revised(seat, floor_s=round(seat.floor_s + event.at - ended.since, 6))
    return {
        "members": {**floor.members, ended.participant: rose},
        "holds": tuple(hold for hold in floor.holds if hold.turn != body.turn),
        "continuing": event.by if body.more else floor.continuing,
    }


_CHANGES: dict[type[Body], Callable[[Floor, Event, Any], _Changes]] = {
    RoomOpened: _opened,
    RoomPaused: _phase,
    RoomResumed: _phase,
    RoomEnded: _closed,
    PolicyChanged: _policy,
    PolicyFailed: _phase,
    Joined: _joined,
    Left: _left,
    Said: _said,
    FloorRequested: _requested,
    FloorRequestCancelled: _cancelled,
    FloorRequestDenied: _cancelled,
    Nominated: _nominated,
    Consulted: _consulted,
    Advised: _advised,
    BidMade: _bid,
    ConsultationEnded: _consultation_ended,
    TurnGranted: _granted,
    TurnResumed: _resumed,
    TurnEnded: _ended,
}
