"""Batches of events to write, made by hand: a log does not ask whether a floor would allow them."""

from collections.abc import Sequence
from dataclasses import replace

from tertulia.orchestrator import RoomSettings, Said
from tertulia.orchestrator.approvals import Answer, ApprovalRule, Matter, Ruling
from tertulia.orchestrator.ballots import Ballot, Majority, Secrecy, Tie, VoteCast, VoteCounted
from tertulia.orchestrator.events import (
    BODIES,
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
    Draft,
    Event,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    Found,
    InputPolicyChanged,
    InterruptionLapsed,
    Joined,
    Kept,
    Left,
    Nominated,
    Noted,
    NoteStruck,
    Outcome,
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
    Uptake,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.plans import Move, PlanState, Step, TaskState
from tertulia.orchestrator.ports import Batch, Log, Tenure
from tertulia.orchestrator.profile import Profile, Right
from tertulia.orchestrator.room import (
    ROOM,
    Addressing,
    Audience,
    CutAt,
    EffectId,
    InputPolicy,
    Kind,
    ParticipantId,
    RoomId,
    TurnId,
)
from tertulia.orchestrator.stage import PhaseBegan, PhaseExpired
from tertulia.orchestrator.transitions import fold

ana, ben, bo = ParticipantId("ana"), ParticipantId("ben"), ParticipantId("bo")
POLICY = {"name": "fair", "patience": 4, "inner": {"name": "round_robin", "people": True}}


ROUTED = {"name": "routed", "inner": POLICY, "within_s": 5.0}
KNOWN = Profile(("Spanish", "English"), "A nurse.", (Right.WHISPER, Right.NOTE))

BALLOT = Ballot("Tea?", ("Yes, please", "No"), Secrecy.SEALED, Majority.ABSOLUTE, Tie.FIRST)

SETTINGS = RoomSettings(
    POLICY,
    None,
    0.1,
    1e-3,
    7,
    12,
    InputPolicy.REJECT,
    {"ana": InputPolicy.INFORM},
    CutAt.TRP,
    0.1,
    0.2,
    0.3,
    Addressing.LEARNED,
    {"name": "turns", "n": 9},
    permissions=(Right.INTERRUPT,),
    addressing_s=0.4,
)


def taken(room: RoomId, epoch: int = 1) -> Tenure:
    """A tenure that nobody gave."""
    return Tenure(room, epoch, 0, Floor(room))


def said(
    text: str, *, by: ParticipantId = ana, key: str | None = None, audience: Audience = None
) -> Draft:
    """Words."""
    return Draft(by, Said(text), audience, key)


def granted(number: int, by: ParticipantId = ben) -> Draft:
    """The floor, given for the first, second, ... time."""
    return Draft(by, TurnGranted(TurnId(f"kitchen/{number}"), 99.5, "by hand"))


def batch_of(
    tenure: Tenure,
    after: int,
    *drafts: Draft,
    snapshot: Floor | None = None,
    events: Sequence[Event] | None = None,
) -> Batch:
    """What follows event ``after``, in one step."""
    sealed = [
        Event(tenure.room, seq, after + 1, 1.25, d.by, d.body, d.audience, d.key)
        for seq, d in enumerate(drafts, after + 1)
    ]
    return Batch(tenure.room, tenure.epoch, tuple(events or sealed), snapshot)


async def written(log: Log, room: RoomId) -> list[str]:
    """The texts of a room, in order."""
    said = [event.body for event in await log.read(room, 0, 10_000)]
    return [body.text for body in said if isinstance(body, Said)]


def bodies() -> list[Body]:
    """One of every kind, every field of it set."""
    turn = TurnId("kitchen/1")
    one_each: list[Body] = [
        RoomOpened(SETTINGS, "A title"),
        RoomPaused(),
        RoomResumed(),
        RoomEnded("it is late"),
        PolicyChanged(POLICY),
        SubRoomOpened(RoomId("kitchen:pantry"), "A title"),
        SubRoomClosed(RoomId("kitchen:pantry")),
        Joined("Ana María", Kind.OBSERVER, KNOWN, bo, history=False),
        Left("tired"),
        Described(KNOWN, ana),
        Noted(ana, "likes tea"),
        NoteStruck(3),
        Kept(turn, {"day": "Friday", "people": [1, {"x": None}]}),
        PlanProposed(turn, 2, "tea", (Step("boil", "tool:kettle", ("fill",), "hot"),), "no water"),
        TasksMoved(turn, (Move("boil", TaskState.FAILED, "no current"),), "second"),
        PlanEnded(turn, PlanState.FAILED, "no tea"),
        RouterAttached(),
        RouterDetached(),
        Said(
            "words",
            (ana, bo),
            turn,
            3,
            ana,
            Uptake.RETRACTED,
            (bo,),
            everyone=True,
            found=Found.LEARNED,
            sure=0.1 + 0.2,
            link=3,
            thread=2,
        ),
        FloorRequested(10**30),
        FloorRequestCancelled(),
        FloorRequestDenied(bo, "not now"),
        Nominated(bo),
        Consulted(7, "vote", (ana, bo), 0.1 + 0.2, 5, BALLOT),
        Advised(7, bo, "a problem"),
        BidMade(7, 0.1, "a thought"),
        ConsultationEnded(7),
        AddresseeFound(3, (bo,), "a problem"),
        VoteCast(7, "Yes, please", "a problem"),
        VoteCounted(7, "Tea?", "No", {"Yes, please": 0, "No": 1}, 1, 2, {ana: "No", bo: None}),
        PhaseBegan(2, "closing", 0.1 + 0.2),
        PhaseExpired(2),
        TurnGranted(turn, 1767225600.123457, "a rule", 3, 2),
        TurnResumed(turn, 0.1 + 0.2, 2, 7),
        TurnInformed(turn, 12),
        TurnParked(turn, 0.1 + 0.2, "a problem"),
        ReturnRequested(turn, crashed=True),
        TurnReturned(turn, 0.1 + 0.2, 2),
        AnswerAwaited(turn, 2, ana, 0.1 + 0.2),
        AnswerMissed(turn, 2),
        ApprovalAsked(
            "kitchen/1/call",
            turn,
            Matter.UNCERTAIN,
            "refund",
            '{"amount": 1}',
            ApprovalRule(True, (ana,), ("supervisor",), 2),
            0.1 + 0.2,
            bo,
            "since it broke",
        ),
        ApprovalAnswered("kitchen/1/call", Answer.GIVE_UP, '{"amount": 2}', "a note"),
        ApprovalSettled("kitchen/1/call", Ruling.GIVEN_UP, '{"amount": 2}', (ana, bo), "a note"),
        ApprovalExpired("kitchen/1/call"),
        OutcomeAsked(
            "kitchen/1/call/outcome",
            EffectId("kitchen/1/call"),
            turn,
            bo,
            "refund",
            '{"amount": 1}',
            ApprovalRule(True, (ana,), ("supervisor",), 2),
            ana,
            "its turn was over",
        ),
        OutcomeRecorded("kitchen/1/call/outcome"),
        BargedIn(turn),
        InterruptionLapsed(turn),
        InputPolicyChanged(InputPolicy.INFORM, ana),
        TurnEnded(turn, Outcome.INTERRUPTED, "a problem", True, bo, 7, 0.1 + 0.2),
        PolicyFailed("it raised"),
        BudgetSpent(bo, "cost", 0.1 + 0.2),
        ConditionChanged({"name": "turns", "n": 3}),
        TimeElapsed(),
        ConditionFailed("it raised"),
        Concluded("3 turns have ended"),
    ]
    assert {type(body).__name__ for body in one_each} == BODIES.keys()
    return one_each


def everything() -> tuple[Draft, ...]:
    """A stretch of log after which no field of the floor is as it was at first."""
    one, two = TurnId("kitchen/1"), TurnId("kitchen/2")
    return (
        Draft(ROOM, RoomOpened(RoomSettings(ROUTED, 2, until={"name": "turns", "n": 9}), "All")),
        *(Draft(who, Joined(who.title(), Kind.HUMAN, KNOWN)) for who in (ana, ben)),
        Draft(bo, Joined("Bo", Kind.AGENT)),
        Draft(ben, Said("hello")),
        Draft(ana, Said("well?", (bo, ben))),
        Draft(bo, TurnGranted(one, 0.1 + 0.2, "addressed", 6)),
        Draft(bo, Said("well", (), one)),
        Draft(bo, TurnEnded(one, Outcome.COMMITTED, more=True, tokens=12, cost=0.1 + 0.2)),
        Draft(ROOM, BudgetSpent(bo, "tokens", 10)),
        Draft(ROOM, BudgetSpent(None, "room_cost", 0.1)),
        Draft(ana, FloorRequested(2)),
        Draft(bo, TurnGranted(two, 9.75, "volunteers")),
        Draft(bo, TurnResumed(two, 10.75, 2)),
        Draft(ana, Said("between us", (ben,)), (ana, ben)),
        Draft(ben, Nominated(ana)),
        Draft(ana, Noted(bo, "is slow"), (ana, ben)),
        Draft(ROOM, PhaseBegan(1, "talk", 99.5)),
        Draft(ROOM, VoteCounted(2, "Cake?", "yes", {"yes": 2, "no": 1}, 1, 1, {ben: "yes"})),
        Draft(ROOM, Consulted(3, "bid", (ben,), 30.5)),
        Draft(ben, BidMade(3, 0.5, "hm"), (ben,)),
        Draft(ROOM, Consulted(4, "vote", (ben, bo), 30.5, None, BALLOT)),
        Draft(ben, VoteCast(4, "No"), (ben,)),
        Draft(ana, RouterAttached()),
        Draft(ana, Said("who knows?")),
        Draft(ana, Consulted(5, "route", (ben, bo), 31.5, 20)),
        Draft(ROOM, Concluded("by hand")),
    )


def rich_floor(room: RoomId) -> Floor:
    """The floor after ``everything``."""
    floor = fold(Floor(room), batch_of(taken(room), 0, *everything()).events)
    return replace(floor, continuing=bo)
