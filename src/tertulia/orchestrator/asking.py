"""What a policy's questions and their answers change on the floor. ``consequences`` lists them."""

from typing import Any

from tertulia.orchestrator import routes
from tertulia.orchestrator.events import (
    AddresseeFound,
    Advised,
    BidMade,
    ConsultationEnded,
    Consulted,
    Event,
)
from tertulia.orchestrator.floor import Floor, Obligation, Question, revised

Changes = dict[str, Any]
"""Fields of the floor with their new values."""


def consulted(floor: Floor, event: Event, body: Consulted) -> Changes:
    """A new question; of those before it, the last answered one of every other kind is kept."""
    if body.about is not None:
        return routes.asked(floor, event, body)
    asked = Question(
        body.question,
        event.seq,
        body.kind,
        body.candidates,
        until=body.until,
        ballot=body.ballot,
    )
    before = (*floor.answered, *(() if floor.question is None else (floor.question,)))
    kept = {q.kind: q for q in before if q.over and q.kind != body.kind}
    return {"question": asked, "questions": body.question, "answered": tuple(kept.values())}


def advised(floor: Floor, event: Event, body: Advised) -> Changes:
    """The adviser, or a router, has answered."""
    route = routes.route_of(floor, body.question)
    if route is not None:
        return routes.answered(floor, route, event, body)
    asked = asked_now(floor, body.question)
    if asked is None:
        return {}
    failed = body.problem is not None
    return {"question": revised(asked, choice=body.choice, over=True, failed=failed)}


def bid_made(floor: Floor, event: Event, body: BidMade) -> Changes:
    """One bid each; the last of them ends the question."""
    asked = asked_now(floor, body.question)
    if asked is None or event.by not in asked.candidates:
        return {}
    bids = (*(bid for bid in asked.bids if bid[0] != event.by), (event.by, body.score))
    return {"question": revised(asked, bids=bids, over=len(bids) == len(asked.candidates))}


def consultation_ended(floor: Floor, event: Event, body: ConsultationEnded) -> Changes:
    """Nobody is waited for any more."""
    route = routes.route_of(floor, body.question)
    if route is not None:
        return routes.done_without(floor, route, event, body)
    asked = asked_now(floor, body.question)
    if asked is None:
        return {}
    return {"question": None if body.again else revised(asked, over=True, failed=True)}


def addressee_found(floor: Floor, event: Event, body: AddresseeFound) -> dict[str, Any]:
    """Those whom the last utterance is for owe its speaker an answer, unless they do already."""
    said = floor.latest
    if said is None or said.seq != body.said:
        return {}
    owing = {owed.participant for owed in floor.owed if owed.by == said.by and not owed.audience}
    new = [who for who in body.addressees if who in floor.members and who not in owing]
    person = said.by in {seat.id for seat in floor.people()}
    asker = said.by if person else None  # on whose behalf an agent said it, is not known any more
    asked = (Obligation(who, said.seq, said.by, None, said.thread, principal=asker) for who in new)
    latest = revised(said, to=tuple(dict.fromkeys((*said.to, *body.addressees))))
    return {"owed": (*floor.owed, *asked), "latest": latest}


def asked_now(floor: Floor, number: int) -> Question | None:
    """The question of that number, if it is still open."""
    asked = floor.question
    return asked if asked is not None and asked.number == number and not asked.over else None


def questions_granted(floor: Floor) -> Changes:
    """What has been asked is settled by a grant, but for votes, and for bids that are all in."""
    if floor.question is None and not floor.answered:
        return {}
    answered = tuple(used for q in floor.answered if (used := _used(q)) is not None)
    return {"question": _used(floor.question), "answered": answered}


def _used(asked: Question | None) -> Question | None:
    if asked is None or asked.ballot is not None:
        return asked
    return revised(asked, used=True) if asked.kind == "bid" and asked.over else None
