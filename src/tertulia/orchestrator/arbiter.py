"""Arbitration without input or output: a request goes in; the new floor and what follows come out.

``step`` is the only place where anybody is granted anything. What it decides are events too
(``TurnGranted``, ``Consulted``, ``Concluded``, …), so they stand in the log beside what caused
them, and the shell carries them out after they are committed: the log is its list of commands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from tertulia.orchestrator.approvals import Matter, Ruling, verdict_of
from tertulia.orchestrator.ballots import Secrecy, VoteCounted, count, result
from tertulia.orchestrator.events import (
    ApprovalSettled,
    BudgetSpent,
    Concluded,
    ConditionFailed,
    Consulted,
    Draft,
    Event,
    PolicyFailed,
    TurnGranted,
    TurnReturned,
)
from tertulia.orchestrator.floor import Floor, Phase, Question, Route, Standing, Tally
from tertulia.orchestrator.off_floor import next_return
from tertulia.orchestrator.policies.asides import aside, in_order, whispered, within
from tertulia.orchestrator.ports import Advance, Choice, Consult, Decision, Exhausted, Policy
from tertulia.orchestrator.room import ROOM, Audience, Kind, TurnId
from tertulia.orchestrator.routes import candidates, next_route, within_s
from tertulia.orchestrator.stage import PhaseBegan
from tertulia.orchestrator.transitions import apply

ADVANCES = 100
"""How many phases may begin in one step: a policy cannot rush through phases for ever."""

_PROBLEM_LIMIT = 500

_DECISIONS = (
    TurnGranted,
    TurnReturned,
    ApprovalSettled,
    Consulted,
    PolicyFailed,
    PhaseBegan,
    VoteCounted,
    BudgetSpent,
    ConditionFailed,
    Concluded,
)


@dataclass(frozen=True, slots=True)
class Step:
    """The floor after a request, and the events to append: the request's own, then decisions."""

    floor: Floor
    events: tuple[Event, ...]


def step(floor: Floor, drafts: Sequence[Draft], now: float, policy: Policy) -> Step:
    """Give ``drafts`` their places in the order, fold them in, then decide until nothing follows.

    ``now`` in Unix seconds; time in a room never runs backwards. Raises ``NotNow`` or
    ``RoomClosed`` where the tables have no entry for a draft; then nothing of it has happened.
    """
    cause, at = floor.head + 1, max(now, floor.at)
    events: list[Event] = []
    for draft in drafts:
        event = _seal(floor, draft, cause, at)
        floor = apply(floor, event)
        events.append(event)
    advances = 0
    while events and (decision := decide(floor, policy, at)) is not None:
        advances += isinstance(decision.body, PhaseBegan)
        if advances > ADVANCES:
            decision = _failed(policy, f"went through {ADVANCES} phases at once")
        event = _seal(floor, decision, cause, at)
        floor = apply(floor, event)
        events.append(event)
        if isinstance(decision.body, PolicyFailed):
            break
    return Step(floor, tuple(events))


def decide(floor: Floor, policy: Policy, now: float) -> Draft | None:
    """What ``policy`` wants next, or ``None`` when the floor is to stay as it is.

    Before it is asked, what waits for approval is settled where enough have answered, also in a
    room that rests. Then the room's condition is asked: a room that has come to its end grants
    nobody. Then routers are, also while the floor is full; and what was parked comes back.
    """
    if floor.approvals and (settled := _settled(floor)) is not None:
        return settled
    if floor.phase is not Phase.OPEN:
        return None
    if (ending := _before_the_policy(floor, now)) is not None:
        return ending
    if floor.parked and (back := next_return(floor)) is not None:
        until = round(now + lease_s(floor, floor.members[back.participant].kind), 6)
        returned = TurnReturned(back.turn, until, back.attempt)
        return Draft(back.participant, returned, back.audience)
    if not floor.settings.side_floors or not whispered(floor):
        return None if floor.full else _on_a_floor(floor, policy, now)
    first = in_order(policy)
    beside = _aside(floor, policy, now, ordered=True) if first else None
    if beside is not None:
        return beside
    open_to_all = None if floor.full else _on_a_floor(within(floor, None), policy, now)
    if first or (open_to_all is not None and not isinstance(open_to_all.body, PolicyFailed)):
        return open_to_all
    return _aside(floor, policy, now, ordered=False) or open_to_all


def _aside(floor: Floor, policy: Policy, now: float, *, ordered: bool) -> Draft | None:
    """What follows on the side floors."""
    try:
        choice = aside(floor, policy, now, ordered=ordered)
    except Exception as error:  # a combinator may be anybody's code, too
        return _failed(policy, f"raised {error!r}"[:_PROBLEM_LIMIT])
    if isinstance(choice, Exhausted):
        return _exhausted(floor, policy, choice)
    return None if choice is None else _grant(floor, choice, now)


def _on_a_floor(floor: Floor, policy: Policy, now: float) -> Draft | None:
    """What the policy wants on everybody's floor."""
    try:
        return _worded(floor, policy, policy.choose(floor, now), now)
    except Exception as error:  # a policy may be anybody's code: its failure is an event
        return _failed(policy, f"raised {error!r}"[:_PROBLEM_LIMIT])


def _worded(floor: Floor, policy: Policy, wanted: Decision | None, now: float) -> Draft | None:
    """What a policy wants, as an event; one that cannot be is its failure."""
    match wanted:
        case None:
            return None
        case Consult():
            return _consult(floor, policy, wanted, now)
        case Advance():
            return _advance(floor, policy, wanted, now)
        case Exhausted():
            return _exhausted(floor, policy, wanted)
        case Choice(participant=who) if not floor.eligible(who):
            return _failed(policy, f"chose {who!r}, who is {floor.standing(who)}")
        case Choice(audience=audience) if audience is not None and not _is_audience(floor, wanted):
            return _failed(policy, f"gave {wanted.participant!r} a turn before {audience!r}")
        case Choice():
            return _grant(floor, wanted, now)
    return _failed(policy, f"returned {type(wanted).__name__}, not a Choice")


def is_decision(event: Event) -> bool:
    """Whether ``step`` itself made this event, rather than somebody who asked for something."""
    return isinstance(event.body, _DECISIONS)


def lease_s(floor: Floor, kind: Kind) -> float:
    """How long a participant of this kind may hold the floor, in seconds."""
    return floor.settings.patience_s if kind is Kind.HUMAN else floor.settings.lease_s


def _before_the_policy(floor: Floor, now: float) -> Draft | None:
    end = None if floor.tally is None else _conclusion(floor.tally)
    asked = floor.question
    if end is None and asked is not None and asked.over and asked.ballot is not None:
        return _counted(asked)
    route = next_route(floor) if end is None and floor.routes else None
    return end if route is None else _ask_router(floor, route, now)


def _settled(floor: Floor) -> Draft | None:
    """What has been approved, refused or decided otherwise, or whose turn is over."""
    if floor.phase not in (Phase.OPEN, Phase.PAUSED):
        return None
    for asked in floor.approvals:
        if not asked.open:
            continue
        if asked.kind is not Matter.OUTCOME and floor.unfinished(asked.turn) is None:
            return Draft(ROOM, ApprovalSettled(asked.id, Ruling.WITHDRAWN), asked.audience)
        verdict = verdict_of(asked)
        if verdict is not None:
            edited = None if verdict.arguments == asked.arguments else verdict.arguments
            settled = ApprovalSettled(asked.id, verdict.ruling, edited, verdict.by, verdict.note)
            return Draft(ROOM, settled, asked.audience)
    return None


def _conclusion(tally: Tally) -> Draft | None:
    if tally.problem is not None:
        return Draft(ROOM, ConditionFailed(tally.problem))
    return None if tally.reason is None else Draft(ROOM, Concluded(tally.reason))


def _exhausted(floor: Floor, policy: Policy, told: Exhausted) -> Draft:
    if (told.participant, told.limit) in floor.spent:
        return _failed(policy, f"told twice that {told.limit!r} is used up")
    return Draft(ROOM, BudgetSpent(told.participant, told.limit, told.amount))


def _failed(policy: Policy, did: str) -> Draft:
    problem = f"{type(policy).__name__} {did}; nobody was granted the floor"
    return Draft(ROOM, PolicyFailed(problem))


def _consult(floor: Floor, policy: Policy, wanted: Consult, now: float) -> Draft | None:
    """Ask, unless a question is open already: then its answer is what decides."""
    if floor.question is not None and not floor.question.over:
        return None
    if not wanted.candidates or not _can_answer(floor, wanted):
        return _failed(policy, "asked about somebody who cannot speak")
    if not isfinite(wanted.within_s):
        return _failed(policy, "would wait for ever for an answer")
    until = round(now + wanted.within_s, 6)
    number = floor.questions + 1
    return Draft(
        ROOM, Consulted(number, wanted.kind, wanted.candidates, until, ballot=wanted.ballot)
    )


def _can_answer(floor: Floor, wanted: Consult) -> bool:
    """Who selects or bids has to be able to speak next; to vote one has only to be a speaker."""
    if wanted.kind != "vote":
        return all(map(floor.eligible, wanted.candidates))
    outside = (Standing.ABSENT, Standing.WATCHING)
    return wanted.ballot is not None and all(
        floor.standing(who) not in outside for who in wanted.candidates
    )


def _counted(asked: Question) -> Draft | None:
    """A vote that is over has a result, whatever policy the room has by now."""
    if asked.ballot is None:
        return None
    counts = count(asked.ballot, asked.votes)
    known = {} if asked.ballot.secrecy is Secrecy.SECRET else dict(asked.votes)
    told = VoteCounted(
        asked.number,
        asked.ballot.title,
        result(asked.ballot, counts),
        counts,
        sum(option is None for _, option in asked.votes),
        len(set(asked.candidates) - {who for who, _ in asked.votes}),
        known,
    )
    return Draft(ROOM, told)


def _advance(floor: Floor, policy: Policy, wanted: Advance, now: float) -> Draft:
    if wanted.number <= floor.stage.number:
        return _failed(policy, f"would go from phase {floor.stage.number} to {wanted.number}")
    if wanted.seconds is not None and not 0 <= wanted.seconds < inf:
        return _failed(policy, f"gave a phase {wanted.seconds} seconds")
    until = None if wanted.seconds is None else round(now + wanted.seconds, 6)
    return Draft(ROOM, PhaseBegan(wanted.number, wanted.name, until))


def _is_audience(floor: Floor, choice: Choice) -> bool:
    """Whether a private turn is before members, the speaker among them, and answers nothing."""
    audience = choice.audience or ()
    known = choice.participant in audience and all(who in floor.members for who in audience)
    return known and choice.answers is None and list(audience) == sorted(set(audience))


def _ask_router(floor: Floor, route: Route, now: float) -> Draft:
    """Whatever else is going on: routers are asked as soon as it is their turn."""
    until = round(now + (within_s(floor.settings.policy) or 0.0), 6)
    number, named = floor.questions + 1, candidates(floor, route.said.by)
    return Draft(route.said.by, Consulted(number, "route", named, until, route.said.seq))


def _grant(floor: Floor, choice: Choice, now: float) -> Draft:
    who = choice.participant
    turn = TurnId(f"{floor.room}/{floor.grants + floor.undone + 1}")
    until = round(now + lease_s(floor, floor.members[who].kind), 6)
    granted = TurnGranted(turn, until, choice.rule, choice.answers, choice.discloses)
    return Draft(who, granted, _audience(floor, choice))


def _audience(floor: Floor, choice: Choice) -> Audience:
    """What answers a whisper goes to those who heard it."""
    if choice.answers is None:
        return choice.audience
    who, seq = choice.participant, choice.answers
    return next((o.audience for o in floor.owed if o.participant == who and o.seq == seq), None)


def _seal(floor: Floor, draft: Draft, cause: int, at: float) -> Event:
    seq = floor.head + 1
    return Event(floor.room, seq, cause, at, draft.by, draft.body, draft.audience, draft.key)
