"""What each event does to the floor: three tables, and a fold that obeys them.

A missing entry *is* the error. The tables say which events may happen; ``consequences`` says what
else they change. ``docs/orchestrator.md`` shows the diagram that ``mermaid`` draws from them.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from tertulia.orchestrator.ballots import VoteCast, VoteCounted
from tertulia.orchestrator.conditions import watched
from tertulia.orchestrator.consequences import CHANGES
from tertulia.orchestrator.errors import LogDamaged, NotNow, RoomClosed
from tertulia.orchestrator.events import (
    AddresseeFound,
    Advised,
    AnswerAwaited,
    AnswerMissed,
    ApprovalAnswered,
    ApprovalAsked,
    ApprovalExpired,
    ApprovalSettled,
    BargedIn,
    BidMade,
    Body,
    BudgetSpent,
    Concluded,
    ConditionChanged,
    ConditionFailed,
    ConsultationEnded,
    Consulted,
    Described,
    Event,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    InputPolicyChanged,
    InterruptionLapsed,
    Joined,
    Kept,
    Left,
    Nominated,
    Noted,
    NoteStruck,
    OutcomeAsked,
    OutcomeRecorded,
    PlanEnded,
    PlanProposed,
    PolicyChanged,
    PolicyFailed,
    ReturnRequested,
    RoomEnded,
    RoomOpened,
    RoomPaused,
    RoomResumed,
    RouterAttached,
    RouterDetached,
    Said,
    SubRoomClosed,
    SubRoomOpened,
    TasksMoved,
    TimeElapsed,
    TurnEnded,
    TurnGranted,
    TurnInformed,
    TurnParked,
    TurnResumed,
    TurnReturned,
)
from tertulia.orchestrator.floor import Floor, Phase, Standing, revised
from tertulia.orchestrator.room import ParticipantId, TurnId
from tertulia.orchestrator.stage import PhaseBegan, PhaseExpired

PHASES: Mapping[Phase, Mapping[type[Body], Phase]] = {
    Phase.UNOPENED: {RoomOpened: Phase.OPEN},
    Phase.OPEN: {
        RoomPaused: Phase.PAUSED,
        RoomEnded: Phase.CLOSED,
        PolicyChanged: Phase.OPEN,
        InputPolicyChanged: Phase.OPEN,
        SubRoomClosed: Phase.OPEN,
        PolicyFailed: Phase.OPEN,
        Consulted: Phase.OPEN,
        Advised: Phase.OPEN,
        ConsultationEnded: Phase.OPEN,
        AddresseeFound: Phase.OPEN,
        BudgetSpent: Phase.OPEN,
        ConditionChanged: Phase.OPEN,
        TimeElapsed: Phase.OPEN,
        ConditionFailed: Phase.OPEN,
        Concluded: Phase.PAUSED,
        PhaseBegan: Phase.OPEN,
        PhaseExpired: Phase.OPEN,
        VoteCounted: Phase.OPEN,
        ApprovalSettled: Phase.OPEN,
        ApprovalExpired: Phase.OPEN,
        OutcomeAsked: Phase.OPEN,
        OutcomeRecorded: Phase.OPEN,
        AnswerMissed: Phase.OPEN,
    },
    Phase.PAUSED: {
        RoomResumed: Phase.OPEN,
        RoomEnded: Phase.CLOSED,
        PolicyChanged: Phase.PAUSED,
        InputPolicyChanged: Phase.PAUSED,
        SubRoomClosed: Phase.PAUSED,
        Advised: Phase.PAUSED,
        ConsultationEnded: Phase.PAUSED,
        AddresseeFound: Phase.PAUSED,
        ConditionChanged: Phase.PAUSED,
        PhaseExpired: Phase.PAUSED,
        ApprovalSettled: Phase.PAUSED,
        ApprovalExpired: Phase.PAUSED,
        OutcomeAsked: Phase.PAUSED,
        OutcomeRecorded: Phase.PAUSED,
        AnswerMissed: Phase.PAUSED,
    },
    Phase.CLOSED: {},
}
"""What the room's own events do to its phase."""

STANDINGS: Mapping[Standing, Mapping[type[Body], Standing]] = {
    Standing.ABSENT: {Joined: Standing.LISTENING},
    Standing.WATCHING: {
        Described: Standing.WATCHING,
        NoteStruck: Standing.WATCHING,
        Left: Standing.ABSENT,
    },
    Standing.LISTENING: {
        Described: Standing.LISTENING,
        Noted: Standing.LISTENING,
        NoteStruck: Standing.LISTENING,
        RouterAttached: Standing.LISTENING,
        RouterDetached: Standing.LISTENING,
        Said: Standing.LISTENING,
        BargedIn: Standing.LISTENING,
        InterruptionLapsed: Standing.LISTENING,
        FloorRequested: Standing.PENDING,
        BidMade: Standing.LISTENING,
        SubRoomOpened: Standing.LISTENING,
        VoteCast: Standing.LISTENING,
        Nominated: Standing.LISTENING,
        Kept: Standing.LISTENING,
        PlanProposed: Standing.LISTENING,
        TasksMoved: Standing.LISTENING,
        PlanEnded: Standing.LISTENING,
        ApprovalAsked: Standing.LISTENING,
        ApprovalAnswered: Standing.LISTENING,
        AnswerAwaited: Standing.LISTENING,
        TurnParked: Standing.LISTENING,
        ReturnRequested: Standing.LISTENING,
        TurnEnded: Standing.LISTENING,
        TurnReturned: Standing.HOLDING,
        TurnGranted: Standing.HOLDING,
        Left: Standing.ABSENT,
    },
    Standing.PENDING: {
        Described: Standing.PENDING,
        Noted: Standing.PENDING,
        NoteStruck: Standing.PENDING,
        RouterAttached: Standing.PENDING,
        RouterDetached: Standing.PENDING,
        Said: Standing.PENDING,
        BargedIn: Standing.PENDING,
        InterruptionLapsed: Standing.PENDING,
        FloorRequested: Standing.PENDING,
        FloorRequestCancelled: Standing.LISTENING,
        FloorRequestDenied: Standing.LISTENING,
        BidMade: Standing.PENDING,
        SubRoomOpened: Standing.PENDING,
        VoteCast: Standing.PENDING,
        Nominated: Standing.PENDING,
        Kept: Standing.PENDING,
        PlanProposed: Standing.PENDING,
        TasksMoved: Standing.PENDING,
        PlanEnded: Standing.PENDING,
        ApprovalAsked: Standing.PENDING,
        ApprovalAnswered: Standing.PENDING,
        AnswerAwaited: Standing.PENDING,
        TurnParked: Standing.PENDING,
        ReturnRequested: Standing.PENDING,
        TurnEnded: Standing.PENDING,
        TurnReturned: Standing.HOLDING,
        TurnGranted: Standing.HOLDING,
        Left: Standing.ABSENT,
    },
    Standing.HOLDING: {
        Described: Standing.HOLDING,
        Noted: Standing.HOLDING,
        NoteStruck: Standing.HOLDING,
        RouterAttached: Standing.HOLDING,
        RouterDetached: Standing.HOLDING,
        Said: Standing.HOLDING,
        BargedIn: Standing.HOLDING,
        InterruptionLapsed: Standing.HOLDING,
        TurnInformed: Standing.HOLDING,
        Kept: Standing.HOLDING,
        PlanProposed: Standing.HOLDING,
        TasksMoved: Standing.HOLDING,
        PlanEnded: Standing.HOLDING,
        BidMade: Standing.HOLDING,
        SubRoomOpened: Standing.HOLDING,
        VoteCast: Standing.HOLDING,
        TurnResumed: Standing.HOLDING,
        ApprovalAsked: Standing.HOLDING,
        ApprovalAnswered: Standing.HOLDING,
        AnswerAwaited: Standing.HOLDING,
        ReturnRequested: Standing.HOLDING,
        TurnParked: Standing.LISTENING,
        TurnEnded: Standing.LISTENING,
    },
}
"""What a participant's events do to its standing. (An observer who joins is WATCHING instead.)

Whoever has the floor and ends, or parks, another turn of its own has it still.
"""


class TurnState(StrEnum):
    """Where a turn stands."""

    UNBEGUN = "unbegun"
    HELD = "held"
    """It has the floor."""
    PARKED = "parked"
    """It waits off the floor."""
    RETURNING = "returning"
    """It has what it waited for, and waits for the floor."""
    OVER = "over"


_ANYWHERE = (ApprovalAsked, AnswerAwaited, Kept, PlanProposed, TasksMoved, PlanEnded)

TURNS: Mapping[TurnState, Mapping[type[Body], TurnState]] = {
    TurnState.UNBEGUN: {TurnGranted: TurnState.HELD},
    TurnState.HELD: {
        **dict.fromkeys(_ANYWHERE, TurnState.HELD),
        TurnResumed: TurnState.HELD,
        TurnInformed: TurnState.HELD,
        TurnParked: TurnState.PARKED,
        TurnEnded: TurnState.OVER,
    },
    TurnState.PARKED: {
        **dict.fromkeys(_ANYWHERE, TurnState.PARKED),
        TurnParked: TurnState.PARKED,
        ReturnRequested: TurnState.RETURNING,
        TurnEnded: TurnState.OVER,
    },
    TurnState.RETURNING: {
        **dict.fromkeys(_ANYWHERE, TurnState.RETURNING),
        TurnParked: TurnState.PARKED,
        ReturnRequested: TurnState.RETURNING,
        TurnReturned: TurnState.HELD,
        TurnEnded: TurnState.OVER,
    },
    TurnState.OVER: {},
}
"""What a turn's own events do to it."""

_INSTEAD: Mapping[tuple[Phase | Standing | TurnState, type[Body] | None], str] = {
    (Phase.OPEN, RoomResumed): "; it goes on already",
    (Phase.OPEN, RoomOpened): "; it has been opened already",
    (Phase.PAUSED, RoomPaused): "; it rests already",
    (Phase.PAUSED, None): "; resume the room first",
    (Phase.UNOPENED, None): "; open the room first",
    (Standing.ABSENT, None): "; join the room first",
    (Standing.WATCHING, None): "; an observer only watches: to speak, join as a person or an agent",
    (Standing.HOLDING, FloorRequested): "; they have the floor already",
    (Standing.HOLDING, Left): "; their turn has to end first",
    (Standing.HOLDING, TurnReturned): "; the turn that they are in has to end first",
}
"""What to do instead, where the tables have no entry."""


_OF_THE_ROOM = frozenset(kind for entries in PHASES.values() for kind in entries)
_OF_TURNS = frozenset(kind for entries in TURNS.values() for kind in entries) - {TurnGranted}
_GIVING = (TurnGranted, TurnReturned)


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
    paused = floor.phase is Phase.PAUSED and kind in _GIVING
    if unopened or paused or kind not in STANDINGS[standing]:
        raise _not_now(repr(by), floor.phase if unopened or paused else standing, kind)


def turn_state(floor: Floor, turn: TurnId) -> TurnState:
    """Where a turn that has been granted stands."""
    if any(hold.turn == turn for hold in floor.holds):
        return TurnState.HELD
    parked = next((hold for hold in floor.parked if hold.turn == turn), None)
    if parked is None:
        return TurnState.OVER
    return TurnState.PARKED if parked.returns is None else TurnState.RETURNING


def _check_turn(floor: Floor, body: Any) -> None:
    state = turn_state(floor, body.turn)
    if type(body) not in TURNS[state]:
        raise _not_now(f"turn {body.turn!r}", state, type(body))


def _not_now(who: str, state: Phase | Standing | TurnState, kind: type[Body]) -> NotNow:
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
    if kind in _OF_TURNS:
        _check_turn(floor, event.body)
    changes = CHANGES[kind](floor, event, event.body)
    if kind in _OF_THE_ROOM:
        changes["phase"] = PHASES[floor.phase][kind]
    after = revised(floor, head=event.seq, at=event.at, **changes)
    return after if after.tally is None else watched(after, event)


def fold(floor: Floor, events: Iterable[Event]) -> Floor:
    """Fold a stretch of the log into the floor."""
    for event in events:
        floor = apply(floor, event)
    return floor


def mermaid() -> str:
    """Draw the three tables as Mermaid state diagrams."""
    return "\n".join([*_diagram(PHASES), "", *_diagram(STANDINGS), "", *_diagram(TURNS)])


def _diagram(table: Mapping[Any, Mapping[type[Body], Any]]) -> list[str]:
    rows = ["stateDiagram-v2"]
    for state, entries in table.items():
        rows += [f"    {state} --> {to}: {body.__name__}" for body, to in entries.items()]
    return rows
