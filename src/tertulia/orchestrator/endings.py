"""What the events of conditions and budgets change on the floor. ``consequences`` lists them."""

from collections.abc import Mapping
from typing import Any

from tertulia.orchestrator.events import (
    BudgetSpent,
    Concluded,
    ConditionChanged,
    ConditionFailed,
    Event,
    RoomResumed,
    TurnEnded,
)
from tertulia.orchestrator.floor import Floor, Seat, Spending, Tally, revised


def started_anew(floor: Floor, event: Event, body: RoomResumed) -> dict[str, Any]:
    """The condition begins anew when the room goes on."""
    return {"tally": fresh_tally(floor.settings.until, event)}


def condition_changed(floor: Floor, event: Event, body: ConditionChanged) -> dict[str, Any]:
    """Another condition begins."""
    settings = revised(floor.settings, until=body.until)
    return {"settings": settings, "tally": fresh_tally(body.until, event)}


def condition_failed(floor: Floor, event: Event, body: ConditionFailed) -> dict[str, Any]:
    """The problem has been told."""
    return {} if floor.tally is None else {"tally": revised(floor.tally, problem=None)}


def concluded(floor: Floor, event: Event, body: Concluded) -> dict[str, Any]:
    """The turns that run now are to be cut."""
    return {"ending": tuple(hold.turn for hold in (*floor.holds, *floor.parked))}


def fresh_tally(until: Mapping[str, Any] | None, event: Event) -> Tally | None:
    """A tally of nothing, if there is something to wait for."""
    return None if until is None else Tally(since=event.at)


def budget_spent(floor: Floor, event: Event, body: BudgetSpent) -> dict[str, Any]:
    """That has been told."""
    return {"spent": (*floor.spent, (body.participant, body.limit))}


def paid_for(floor: Floor, seat: Seat, body: TurnEnded) -> tuple[Seat, dict[str, Any]]:
    """What a turn took is the speaker's and the room's; nothing is copied for one that was free."""
    changes: dict[str, Any] = {}
    if floor.ending:
        changes["ending"] = tuple(turn for turn in floor.ending if turn != body.turn)
    if body.tokens or body.cost:
        before, tokens = floor.spending, seat.tokens + body.tokens
        seat = revised(seat, tokens=tokens, cost=round(seat.cost + body.cost, 9))
        spent = Spending(before.tokens + body.tokens, round(before.cost + body.cost, 9))
        changes["spending"] = spent
    return seat, changes
