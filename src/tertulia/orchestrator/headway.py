"""Whether an unfinished turn comes further between crashes: only those that stop it there count.

What is kept of a turn is counted when it is taken up: calls that are settled, steps of its graph.
What it tells the log (a task done, something new kept) is seen when it is told.
"""

from typing import Any

from tertulia.orchestrator.events import Event, TurnResumed
from tertulia.orchestrator.floor import Floor, Hold, revised
from tertulia.orchestrator.room import TurnId


def stopped(hold: Hold, done: int) -> int:
    """How often a turn that has just been left unfinished has been so since it last came further.

    ``done`` counts what is kept of it now.
    """
    return hold.attempt - _back(hold, done)


def came_further(floor: Floor, turn: TurnId) -> dict[str, Any]:
    """The floor's changes now that a turn has come further: what stopped it before is forgotten."""
    hold = next((hold for hold in floor.holds if hold.turn == turn), None)
    if hold is None or hold.back == hold.attempt - 1:
        return {}
    return _revised(floor, turn, back=hold.attempt - 1)


def resumed(floor: Floor, event: Event, body: TurnResumed) -> dict[str, Any]:
    """A new owner of the room goes on with a turn."""
    hold = next((hold for hold in floor.holds if hold.turn == body.turn), None)
    if hold is None:
        return {}
    back, done = _back(hold, body.done), max(hold.done, body.done)
    return _revised(floor, body.turn, until=body.until, attempt=body.attempt, back=back, done=done)


def _back(hold: Hold, done: int) -> int:
    """How many attempts are forgotten."""
    return hold.attempt - 1 if done > hold.done else hold.back


def _revised(floor: Floor, turn: TurnId, **changes: Any) -> dict[str, Any]:
    return {"holds": tuple(revised(h, **changes) if h.turn == turn else h for h in floor.holds)}
