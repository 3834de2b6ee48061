"""What must be true of a room after every step, whatever happens in it: folded beside it."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tests.orchestrator.moods import Performance

from tertulia.orchestrator import Event, Outcome, Said
from tertulia.orchestrator.admission.input import RESTARTS
from tertulia.orchestrator.approvals import Answer, Ruling
from tertulia.orchestrator.events import (
    ApprovalAnswered,
    ApprovalSettled,
    BargedIn,
    ReturnRequested,
    RoomEnded,
    TurnEnded,
    TurnGranted,
    TurnInformed,
    TurnParked,
    TurnResumed,
    TurnReturned,
    Uptake,
)
from tertulia.orchestrator.floor import Floor, Hold, Phase
from tertulia.orchestrator.room import ROOM, Audience, Kind, RoomId, TurnId
from tertulia.orchestrator.transitions import apply
from tertulia.orchestrator.visibility import covers

OF_TURNS = (
    BargedIn | TurnEnded | TurnInformed | TurnResumed | TurnParked | ReturnRequested | TurnReturned
)

STEP = 40
"""No request of these rooms' dozen members amounts to more events than this."""

SECRET = re.compile(r"\(w\d+\)")
"""What marks a whispered text, so that it is found wherever it gets to."""


class Account:
    """A room's log, folded event by event, with an eye on each."""

    def __init__(self, room: RoomId) -> None:
        self.floor = Floor(room)
        self.lateness_s = 20.0
        """How long after its lease a turn may end: leaving takes a while, or the store fails."""
        self._causes: Counter[int] = Counter()
        self._cut: Event | None = None
        self._cause = 0
        self._to_end: set[TurnId] = set()
        self._audiences: dict[int, Audience] = {}

    def take(self, events: Iterable[Event]) -> None:
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        before, self.floor = self.floor, apply(self.floor, event)
        assert event.seq == before.head + 1
        assert event.at >= before.at
        self._causes[event.cause] += 1
        self._audiences[event.seq] = event.audience
        assert self._causes[event.cause] <= STEP
        assert event.audience is None or event.by in (ROOM, *event.audience)
        _check_holders(self.floor)
        body = event.body
        if isinstance(body, TurnGranted):
            _check_grant(before, event)
        if isinstance(body, TurnReturned):
            _check_return(before, event, body)
        if event.cause != self._cause:
            assert not self._to_end & {hold.turn for hold in before.holds}
            self._cause, self._to_end = event.cause, set()
        if isinstance(body, Said):
            self._check_thread(event, body)
            self._check_uptake(before, event, body)
        if isinstance(body, ApprovalAnswered):
            _check_answer(before, event, body)
        if isinstance(body, ApprovalSettled) and body.ruling is Ruling.APPROVED:
            _check_approved(before, body)
        if isinstance(body, OF_TURNS):
            hold = before.unfinished(body.turn)
            assert hold is not None
            assert covers(hold.audience, event.audience)
            if isinstance(body, TurnEnded):
                self._check_end(event.at, body, hold)
        if self._cut is not None:  # what was cut off stands right before the end of its turn
            assert isinstance(body, TurnEnded)
            assert isinstance(self._cut.body, Said)
            assert body.turn == self._cut.body.turn
        self._cut = event if isinstance(body, Said) and body.interrupted_by is not None else None

    def _check_uptake(self, before: Floor, event: Event, body: Said) -> None:
        """Who is addressed owes an answer; what is not taken up changes nothing; and once a person
        has spoken, persons are waited for no longer when the step is over.
        """
        if body.uptake is not Uptake.TAKEN:
            assert (self.floor.owed, self.floor.latest) == (before.owed, before.latest)
            return
        owing = {(o.participant, o.by, o.audience) for o in self.floor.owed}
        answered = {q.by for q in self.floor.queries if q.answer == event.seq}
        for who in set(body.addressees) - {event.by} - answered:
            speaks = who in before.members and before.members[who].kind is not Kind.OBSERVER
            assert not speaks or (who, event.by, event.audience) in owing
        if before.members[event.by].kind is Kind.HUMAN:
            for hold in before.holds:
                person = before.members[hold.participant].kind is Kind.HUMAN
                if person and (event.audience is None or hold.turn == body.turn):
                    self._to_end.add(hold.turn)

    def _check_thread(self, event: Event, body: Said) -> None:
        """Whoever sees an utterance sees the one that began its thread."""
        if body.thread is not None:
            assert covers(self._audiences[body.thread], event.audience)

    def _check_end(self, at: float, body: TurnEnded, hold: Hold) -> None:
        assert at <= hold.until + self.lateness_s or hold.returns is not None
        if body.outcome is Outcome.FAILED:
            assert body.problem
        if body.outcome is Outcome.ROLLED_BACK:  # whoever was to be answered is owed an answer
            assert hold.attempt == 1
            assert hold.claim is not None
            open_ones = {(o.participant, o.by, o.audience) for o in self.floor.owed}
            assert {(o.participant, o.by, o.audience) for o in hold.claim.owed} <= open_ones

    def grants_to_come(self) -> int:
        """The most grants that can follow, if nobody outside says anything more.

        One for each agent's turn that is left, and seven for whom such a turn may call upon, ask in
        the middle of it, or be news to; one for each answer that is owed, each hand, each person to
        whom the last words were news, and each place in a schedule.
        """
        floor = self.floor
        assert floor.settings.turn_limit is not None
        left = max(0, floor.settings.turn_limit - floor.agent_turns)
        waiting = (
            len(floor.parked)
            + len(floor.owed)
            + len(floor.pending)
            + len(floor.cut_off)
            + len(floor.holds)
        )
        return 12 + waiting + 8 * left


def _check_holders(floor: Floor) -> None:
    capacity = floor.settings.capacity
    on_one = Counter(h.audience if floor.settings.side_floors else None for h in floor.holds)
    assert capacity is None or all(many <= capacity for many in on_one.values())
    holders = [hold.participant for hold in floor.holds]
    assert len(holders) == len(set(holders))
    assert all(floor.members[who].kind is not Kind.OBSERVER for who in holders)
    assert floor.barred == frozenset()
    assert all(seat.undone <= RESTARTS for seat in floor.members.values())


def _check_answer(before: Floor, event: Event, body: ApprovalAnswered) -> None:
    """Only a person whom the rule names, who hears the turn, in time, about what is open."""
    [asked] = [one for one in before.approvals if one.id == body.approval]
    seat, rule = before.members[event.by], asked.rule
    assert asked.open
    assert asked.until is None or event.at < asked.until
    assert seat.kind is Kind.HUMAN
    assert event.audience == asked.audience
    assert asked.audience is None or event.by in asked.audience
    assert (
        rule.anybody
        or event.by in rule.participants
        or (rule.requester and event.by == asked.principal)
        or set(rule.roles) & set(seat.profile.roles)
    )


def _check_approved(before: Floor, body: ApprovalSettled) -> None:
    """So many different persons have approved the same arguments, and nobody has refused."""
    [asked] = [one for one in before.approvals if one.id == body.approval]
    answers = {one.by: one for one in asked.answers}
    assert len(answers) == len(asked.answers)
    assert all(one.answer is Answer.APPROVE for one in answers.values())
    assert len(set(body.by)) >= asked.rule.quorum
    assert {answers[who].arguments for who in body.by} == {body.arguments}


def _check_return(before: Floor, event: Event, body: TurnReturned) -> None:
    """Before everybody else, in the order of asking, and never beside another turn of its own."""
    hold = next(hold for hold in before.parked if hold.turn == body.turn)
    assert before.phase is Phase.OPEN
    assert hold.returns is not None
    assert before.hold_of(event.by) is None


def _check_grant(before: Floor, event: Event) -> None:
    assert before.phase is Phase.OPEN
    assert before.beside(event.audience) or not before.full
    assert before.eligible(event.by)
    limit = before.settings.turn_limit
    if before.members[event.by].kind is Kind.AGENT:
        assert limit is None or before.agent_turns < limit


# ---- the whole log, once it is whole


def check_turns(events: Sequence[Event]) -> None:
    """Every turn that was granted ended once and said one thing, whatever became of its process."""
    granted = [e.body.turn for e in events if isinstance(e.body, TurnGranted)]
    ended = [e.body.turn for e in events if isinstance(e.body, TurnEnded)]
    resumed = {e.body.turn for e in events if isinstance(e.body, TurnResumed)}
    assert sorted(granted) == sorted(ended)
    assert resumed <= set(granted)
    stays: Counter[TurnId] = Counter()
    said: set[tuple[TurnId, int]] = set()
    for event in events:
        match event.body:
            case TurnParked(turn=turn):
                stays[turn] += 1
            case Said(turn=turn) if turn:
                assert (turn, stays[turn]) not in said
                said.add((turn, stays[turn]))
    assert isinstance(events[-1].body, RoomEnded)


def check_secrets(events: Iterable[Event], whispers: Mapping[str, Audience]) -> None:
    """What was whispered is told, in whatever words, only among those who heard it."""
    for event in events:
        for secret in SECRET.findall(repr(event.body)):
            assert covers(whispers[secret], event.audience), event


def _cut_off(before: Event, turn: TurnId) -> str:
    """What stands of a turn that was cut, from the event before its end."""
    said = before.body
    cut = isinstance(said, Said) and said.turn == turn and said.interrupted_by is not None
    return before.text if cut else ""


def check_performances(
    events: Sequence[Event],
    performances: Sequence[Performance],
    heard: Mapping[tuple[int, str], str],
    committed_in: Mapping[int, int],
) -> None:
    """What agents lived through is what the log says of it.

    ``heard`` is what readers heard of a turn in a process, ``committed_in`` says by seq in which
    process an event was committed.
    """
    last = {p.turn: p for p in sorted(performances, key=lambda p: p.attempt)}
    acted = {p.turn for p in performances if p.acted}
    parked = {e.body.turn for e in events if isinstance(e.body, TurnParked)}
    granted = ((e.body.turn, e.body.discloses) for e in events if isinstance(e.body, TurnGranted))
    told_all = {turn for turn, discloses in granted if discloses is not None}
    for performance in performances:
        for event in (event for view in performance.views for event in view):
            assert event.audience is None or performance.who in event.audience
            assert performance.turn in told_all or covers(event.audience, performance.audience)
            assert isinstance(event.body, Said)
            assert event.body.uptake is not Uptake.RETRACTED
    for event in events:
        if not isinstance(event.body, TurnEnded):
            continue
        turn, outcome = event.body.turn, event.body.outcome
        assert not (turn in acted and outcome is Outcome.ROLLED_BACK)
        lived = last.get(turn)
        if outcome in (Outcome.COMMITTED, Outcome.PASSED) or lived is None:
            continue
        stands = _cut_off(events[event.seq - 2], turn)
        if turn in parked and lived.attempt > 1:  # what it repeats is not said again
            assert stands in lived.produced
        else:
            assert lived.produced.lstrip().startswith(stands)
        if lived.process is not None and lived.process == committed_in.get(event.seq):
            told = heard.get((lived.process, turn), "").strip()
            assert told.endswith(stands) if turn in parked else told == stands
