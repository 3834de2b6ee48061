"""What a policy's questions and their answers change on the floor. ``consequences`` lists them."""

from typing import Any

from tertulia.orchestrator import routes
from tertulia.orchestrator.events import (
    Advised,
    BidMade,
    ConsultationEnded,
    Consulted,
    Event,
)
from tertulia.orchestrator.floor import Floor, Question, revised


def consulted(floor: Floor, event: Event, body: Consulted) -> dict[str, Any]:
    """The question is open."""
    if body.about is not None:
        return routes.asked(floor, event, body)
    asked = Question(body.question, event.seq, body.kind, body.candidates)
    return {"question": asked, "questions": body.question}


def advised(floor: Floor, event: Event, body: Advised) -> dict[str, Any]:
    """The adviser, or a router, has answered."""
    route = routes.route_of(floor, body.question)
    if route is not None:
        return routes.answered(floor, route, event, body)
    asked = _asked(floor, body.question)
    if asked is None:
        return {}
    failed = body.problem is not None
    return {"question": revised(asked, choice=body.choice, over=True, failed=failed)}


def bid_made(floor: Floor, event: Event, body: BidMade) -> dict[str, Any]:
    """One of those who were asked has answered."""
    asked = _asked(floor, body.question)
    if asked is None or event.by not in asked.candidates:
        return {}
    bids = (*(bid for bid in asked.bids if bid[0] != event.by), (event.by, body.score))
    return {"question": revised(asked, bids=bids, over=len(bids) == len(asked.candidates))}


def consultation_ended(floor: Floor, event: Event, body: ConsultationEnded) -> dict[str, Any]:
    """Nobody else is waited for."""
    route = routes.route_of(floor, body.question)
    if route is not None:
        return routes.done_without(floor, route, event, body)
    asked = _asked(floor, body.question)
    if asked is None:
        return {}
    return {"question": None if body.again else revised(asked, over=True, failed=True)}


def _asked(floor: Floor, number: int) -> Question | None:
    """The question of that number, if it is still open."""
    asked = floor.question
    return asked if asked is not None and asked.number == number and not asked.over else None
