"""Arbitration without input or output: a request goes in; the new floor and what follows come out.

``step`` is the only place where anybody is granted anything. What it decides are events too
(``TurnGranted``, ``Consulted``, ``Concluded``, …), so they stand in the log beside what caused
them, and the shell carries them out after they are committed: the log is its list of commands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from tertulia.orchestrator.events import (
    BudgetSpent,
    Concluded,
    ConditionFailed,
    Consulted,
    Draft,
    Event,
    PolicyFailed,
    TurnGranted,
)
from tertulia.orchestrator.floor import Floor, Phase, Route, Tally
from tertulia.orchestrator.policies.asides import aside, in_order, whispered, within
from tertulia.orchestrator.ports import Choice, Consult, Exhausted, Policy
from tertulia.orchestrator.room import ROOM, Kind, TurnId
from tertulia.orchestrator.routes import candidates, next_route, within_s
from tertulia.orchestrator.transitions import apply

_PROBLEM_LIMIT = 500

_DECISIONS = (TurnGranted, Consulted, PolicyFailed, BudgetSpent, ConditionFailed, Concluded)


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
    while events and (decision := decide(floor, policy, at)) is not None:
        event = _seal(floor, decision, cause, at)
        floor = apply(floor, event)
        events.append(event)
        if isinstance(decision.body, PolicyFailed):
            break
    return Step(floor, tuple(events))


def decide(floor: Floor, policy: Policy, now: float) -> Draft | None:
    """What ``policy`` wants next, or ``None`` when the floor is to stay as it is.

    Before it is asked, the room's condition is: a room that has come to its end grants nobody. Then
    routers are, also while the floor is full.
    """
    if floor.phase is not Phase.OPEN:
        return None
    if (ending := _before_the_policy(floor, now)) is not None:
        return ending
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
        choice = policy.choose(floor, now)
        if choice is None:
            return None
        if isinstance(choice, Consult):
            return _consult(floor, policy, choice, now)
        if isinstance(choice, Exhausted):
            return _exhausted(floor, policy, choice)
        if not isinstance(choice, Choice):
            return _failed(policy, f"returned {type(choice).__name__}, not a Choice")
        if not floor.eligible(choice.participant):
            standing = floor.standing(choice.participant)
            return _failed(policy, f"chose {choice.participant!r}, who is {standing}")
        return _grant(floor, choice, now)
    except Exception as error:  # a policy may be anybody's code: its failure is an event
        return _failed(policy, f"raised {error!r}"[:_PROBLEM_LIMIT])


def is_decision(event: Event) -> bool:
    """Whether ``step`` itself made this event, rather than somebody who asked for something."""
    return isinstance(event.body, _DECISIONS)


def lease_s(floor: Floor, kind: Kind) -> float:
    """How long a participant of this kind may hold the floor, in seconds."""
    return floor.settings.patience_s if kind is Kind.HUMAN else floor.settings.lease_s


def _before_the_policy(floor: Floor, now: float) -> Draft | None:
    end = None if floor.tally is None else _conclusion(floor.tally)
    route = next_route(floor) if end is None and floor.routes else None
    return end if route is None else _ask_router(floor, route, now)


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
    if not wanted.candidates or not all(map(floor.eligible, wanted.candidates)):
        return _failed(policy, "asked about somebody who cannot speak")
    if not isfinite(wanted.within_s):
        return _failed(policy, "would wait for ever for an answer")
    until = round(now + wanted.within_s, 6)
    number = floor.questions + 1
    return Draft(ROOM, Consulted(number, wanted.kind, wanted.candidates, until))


def _ask_router(floor: Floor, route: Route, now: float) -> Draft:
    """Whatever else is going on: routers are asked as soon as it is their turn."""
    until = round(now + (within_s(floor.settings.policy) or 0.0), 6)
    number, named = floor.questions + 1, candidates(floor, route.said.by)
    return Draft(route.said.by, Consulted(number, "route", named, until, route.said.seq))


def _grant(floor: Floor, choice: Choice, now: float) -> Draft:
    who = choice.participant
    turn = TurnId(f"{floor.room}/{floor.grants + floor.undone + 1}")
    until = round(now + lease_s(floor, floor.members[who].kind), 6)
    audience = next(
        (o.audience for o in floor.owed if o.participant == who and o.seq == choice.answers), None
    )
    return Draft(who, TurnGranted(turn, until, choice.rule, choice.answers), audience)


def _seal(floor: Floor, draft: Draft, cause: int, at: float) -> Event:
    seq = floor.head + 1
    return Event(floor.room, seq, cause, at, draft.by, draft.body, draft.audience, draft.key)
