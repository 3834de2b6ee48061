"""What a room knows of the plans of its turns, folded from the log."""

from collections.abc import Callable, Mapping
from typing import Any

from tertulia.orchestrator.events import Body, Event, PlanEnded, PlanProposed, TasksMoved
from tertulia.orchestrator.floor import Floor, revised
from tertulia.orchestrator.headway import came_further
from tertulia.orchestrator.plans import PLANS, Move, PlanState, PlanStatus, TaskState, status_of
from tertulia.orchestrator.room import TurnId


def proposed(floor: Floor, event: Event, body: PlanProposed) -> dict[str, Any]:
    """There is a plan, or another one in the place of the one before."""
    before = status_of(floor.plans, body.turn, body.plan)
    fresh = PlanStatus(
        body.turn,
        body.plan,
        event.by,
        event.seq if before is None else before.seq,
        body.number,
        body.goal,
        body.steps,
        event.at if before is None else before.began,
        because=body.because,
        audience=event.audience,
    )
    others = tuple(one for one in floor.plans if one is not before)
    return {"plans": (*_room_for_one(others), fresh)}


def moved(floor: Floor, event: Event, body: TasksMoved) -> dict[str, Any]:
    """Tasks have come further."""
    status = status_of(floor.plans, body.turn, body.plan)
    if status is None:
        return {}
    moves = {**status.moves, **{move.task: move for move in body.moves}}
    further = _done(moves) != _done(status.moves)
    return {
        **_with(floor, status, moves=moves),
        **(came_further(floor, body.turn) if further else {}),
    }


def _done(moves: Mapping[str, Move]) -> set[str]:
    return {name for name, move in moves.items() if move.state is TaskState.DONE}


def ended(floor: Floor, event: Event, body: PlanEnded) -> dict[str, Any]:
    """A plan has come to its end."""
    status = status_of(floor.plans, body.turn, body.plan)
    if status is None:
        return {}
    return _with(floor, status, state=body.state, account=body.account)


def stopped(floor: Floor, turn: TurnId) -> dict[str, Any]:
    """The turn is over, and with it what was still under way of its plans."""
    if not any(_runs(one) and one.turn == turn for one in floor.plans):
        return {}
    return {
        "plans": tuple(
            revised(one, state=PlanState.STOPPED) if _runs(one) and one.turn == turn else one
            for one in floor.plans
        )
    }


def _with(floor: Floor, status: PlanStatus, **changes: Any) -> dict[str, Any]:
    after = revised(status, **changes)
    return {"plans": tuple(after if one is status else one for one in floor.plans)}


def _runs(status: PlanStatus) -> bool:
    return status.state is PlanState.RUNNING


def _room_for_one(plans: tuple[PlanStatus, ...]) -> tuple[PlanStatus, ...]:
    """Forget the oldest that has ended, if there are as many as may be."""
    if len(plans) < PLANS:
        return plans
    over = next((one for one in plans if not _runs(one)), None)
    return tuple(one for one in plans if one is not over)


CHANGES: Mapping[type[Body], Callable[[Floor, Event, Any], dict[str, Any]]] = {
    PlanProposed: proposed,
    TasksMoved: moved,
    PlanEnded: ended,
}
"""The function for each kind of event that is about plans."""
