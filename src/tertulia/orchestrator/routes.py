"""What a person says to nobody in particular, while the person's router is asked who answers it.

Folded from the log, for rooms whose policy has ``routed`` in it. Until it is decided, such an
utterance is news to nobody: it stands in the log, and no agent offers itself to answer it. Then it
is owed an answer by one member, or is everybody's news after all, or nobody's.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tertulia.orchestrator.events import (
    Advised,
    ConsultationEnded,
    Consulted,
    Event,
    PolicyChanged,
    RouterAttached,
    RouterDetached,
    Said,
)
from tertulia.orchestrator.floor import Floor, Obligation, Route, Seat, Utterance, revised
from tertulia.orchestrator.room import Kind, ParticipantId

EVERYONE = ParticipantId("everyone")
"""A router's answer that leaves it to the policy, as though there were no router."""

WITHIN_S = 10.0
"""How long a router is waited for unless the policy says otherwise, in seconds."""

WAITING = 32
"""How many utterances of one person wait for its router; further ones go on without it."""


def equipped(floor: Floor, event: Event, body: RouterAttached | RouterDetached) -> dict[str, Any]:
    """Whether a person has a router; what waits for one that is gone goes on without it."""
    attached = isinstance(body, RouterAttached)
    seat = revised(floor.members[event.by], router=attached)
    members = {"members": {**floor.members, event.by: seat}}
    mine = [route for route in floor.routes if route.said.by == event.by]
    return members if attached else members | _let_go(floor, mine, event)


def is_for_a_router(floor: Floor, event: Event, body: Said) -> bool:
    """Whether this goes to its speaker's router before anybody may answer it."""
    if body.addressees or event.audience is not None:
        return False
    waiting = sum(route.said.by == event.by for route in floor.routes)
    asks = within_s(floor.settings.policy) is not None
    return asks and waiting < WAITING and bool(candidates(floor, event.by))


def within_s(specification: object) -> float | None:
    """How long routers are waited for, in seconds; ``None`` for a policy that asks none.

    Of a policy, as it is said in data, or of the first ``routed`` within it.
    """
    match specification:
        case {"name": "routed", "within_s": int() | float() as seconds}:
            return float(seconds)
        case {"name": "routed"}:
            return WITHIN_S
        case Mapping():
            inner: Iterable[object] = specification.values()
        case list() | tuple():
            inner = specification
        case _:
            return None
    return next((found for one in inner if (found := within_s(one)) is not None), None)


def candidates(floor: Floor, speaker: ParticipantId) -> tuple[ParticipantId, ...]:
    """Who may answer what ``speaker`` has said: all others who speak, also whoever is busy now."""
    return tuple(seat.id for seat in floor.members.values() if _may_answer(floor, seat, speaker))


def next_route(floor: Floor) -> Route | None:
    """What a router is to be asked about now, if anything.

    Each person's utterances are asked about one by one, in their order; no person waits for the
    router of another.
    """
    seen = set()
    for route in floor.routes:
        if (
            route.said.by not in seen
            and route.question is None
            and candidates(floor, route.said.by)
        ):
            return route
        seen.add(route.said.by)
    return None


def route_of(floor: Floor, question: int) -> Route | None:
    """What is asked about in this question, if that is open."""
    return next((route for route in floor.routes if route.question == question), None)


# ---- what happens to them


def heard(floor: Floor, event: Event, body: Said, said: Utterance) -> dict[str, Any]:
    """What was said is for everybody who hears it to react to, or waits for its router first."""
    seat = floor.members[event.by]
    if seat.router and is_for_a_router(floor, event, body):
        return {"routes": (*floor.routes, Route(said))}
    person = seat.kind is Kind.HUMAN
    changes: dict[str, Any] = {"agent_run": 0, "volunteers": 0} if person else {}
    if event.audience is None:
        changes["latest"] = said
        if floor.latest is not None and floor.latest.by != event.by:
            changes["before"] = floor.latest
    return changes


def asked(floor: Floor, event: Event, body: Consulted) -> dict[str, Any]:
    """A router is at work on one of them."""
    at_work = tuple(
        revised(route, question=body.question) if route.said.seq == body.about else route
        for route in floor.routes
    )
    return {"routes": at_work, "questions": body.question}


def answered(floor: Floor, route: Route, event: Event, body: Advised) -> dict[str, Any]:
    """The router has named somebody, everyone, or nobody; or failed, which is as everyone."""
    if body.problem is not None or body.choice == EVERYONE:
        return _let_go(floor, [route], event)
    left = {"routes": tuple(one for one in floor.routes if one is not route)}
    if body.choice is None:
        return left
    if _answers_already(floor, body.choice, route):
        return left
    said = route.said
    owed = Obligation(
        body.choice, said.seq, said.by, thread=said.thread, routed=True, principal=said.by
    )
    others = (o for o in floor.owed if (o.participant, o.by, o.audience) != _pair(owed))
    return left | {"owed": (*others, owed), "agent_run": 0}


def done_without(
    floor: Floor, route: Route, event: Event, body: ConsultationEnded
) -> dict[str, Any]:
    """Nobody is at work on it any more: it is asked about again, or is everybody's news."""
    if body.again:
        anew = revised(route, question=None)
        return {"routes": tuple(anew if one is route else one for one in floor.routes)}
    return _let_go(floor, [route], event)


def left_alone(floor: Floor, event: Event) -> dict[str, Any]:
    """When somebody leaves: its own, and what nobody is left to answer."""
    some = [
        route
        for route in floor.routes
        if route.said.by == event.by or set(candidates(floor, route.said.by)) <= {event.by}
    ]
    return _let_go(floor, some, event)


def unrouted(floor: Floor, event: Event, body: PolicyChanged) -> dict[str, Any]:
    """When the room goes over to a policy that asks no routers: all of them."""
    return {} if within_s(body.policy) is not None else _let_go(floor, floor.routes, event)


def _let_go(floor: Floor, some: Sequence[Route], event: Event) -> dict[str, Any]:
    """Utterances become everybody's news, as though just said, and wait for no router any more."""
    if not some:
        return {}
    latest, before = floor.latest, floor.before
    for route in some:
        if latest is not None and latest.by != route.said.by:
            before = latest
        latest = revised(route.said, seq=event.seq)
    kept = tuple(route for route in floor.routes if route not in some)
    news = {"latest": latest, "before": before, "agent_run": 0, "volunteers": 0}
    return {"routes": kept} | news


def _may_answer(floor: Floor, seat: Seat, speaker: ParticipantId) -> bool:
    spent = seat.kind is Kind.AGENT and floor.exhausted
    return seat.id != speaker and seat.kind is not Kind.OBSERVER and not spent


def _answers_already(floor: Floor, who: ParticipantId, route: Route) -> bool:
    """Whether it is answering this person now, and has seen this too (it came in a burst)."""
    hold = floor.hold_of(who)
    if (
        hold is None
        or hold.audience is not None
        or hold.claim is None
        or hold.as_of < route.said.seq
    ):
        return False
    return any(owed.by == route.said.by for owed in hold.claim.owed)


def _pair(owed: Obligation) -> tuple[ParticipantId, ParticipantId, Any]:
    return owed.participant, owed.by, owed.audience
