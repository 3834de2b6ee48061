"""A person's router: that there is one, and what it answers."""

from tertulia.orchestrator.admission.members import is_person, member
from tertulia.orchestrator.admission.words import WORDS, clean
from tertulia.orchestrator.errors import NotAllowed
from tertulia.orchestrator.events import Advised, Draft, RouterAttached, RouterDetached
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.routes import EVERYONE, candidates, route_of
from tertulia.orchestrator.transitions import check

NOBODY = "nobody"


def equip(floor: Floor, who: str, *, router: bool) -> tuple[Draft, ...]:
    """Let a person have a router, or none; nothing if it is so already.

    Raises ``NotAllowed`` for one who is no person, and ``Unknown``.
    """
    seat = member(floor, who)
    if not is_person(floor, seat.id):
        hint = f"it is an {seat.kind}, and decides by itself whom it addresses"
        raise NotAllowed(who=seat.id, what="have a router", hint=hint)
    body = RouterAttached if router else RouterDetached
    check(floor, seat.id, body)
    return () if seat.router is router else (Draft(seat.id, body()),)


def routed(floor: Floor, question: int, name: object) -> tuple[Draft, ...]:
    """A router's answer: a candidate, ``everyone``, or nobody; nothing if the question is over.

    A name that is none of these comes to nothing, and everybody can see it.
    """
    route = route_of(floor, question)
    if route is None:
        return ()
    able = candidates(floor, route.said.by)
    if name in able:
        return (Draft(route.said.by, Advised(question, ParticipantId(str(name)))),)
    if name in (None, NOBODY, EVERYONE):
        return (Draft(route.said.by, Advised(question, EVERYONE if name == EVERYONE else None)),)
    there = ", ".join((*able, EVERYONE, NOBODY))
    return not_routed(floor, question, f"named {name!r:.80}, which is none of: {there}")


def not_routed(floor: Floor, question: int, problem: str) -> tuple[Draft, ...]:
    """The router failed; the utterance goes on without it."""
    route = route_of(floor, question)
    if route is None:
        return ()
    return (Draft(route.said.by, Advised(question, None, clean(problem)[:WORDS])),)
