"""What happens at the bounds of a room: budgets that are used up, conditions at which it stops.

Bodies of events, as in ``events``, which hands them on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tertulia.orchestrator.room import ParticipantId


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """Somebody has used up a limit of the room's policy, or (``None``) the agents together have.

    ``limit`` is the limit's name (``tokens``, ``room_cost``, …), ``amount`` how much it allows.
    """

    participant: ParticipantId | None
    limit: str
    amount: float


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    """From now on the room stops when this comes true (its specification; ``None``: never)."""

    until: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TimeElapsed:
    """So much time has passed that the room's condition may have come true."""


@dataclass(frozen=True, slots=True)
class ConditionFailed:
    """A part of the room's condition raised; it is not asked again until the room is resumed."""

    problem: str


@dataclass(frozen=True, slots=True)
class Concluded:
    """The room's condition has come true: no more grants until the room is resumed.

    Turns that still run are cut, and stand with what they had delivered. People may still post.
    """

    reason: str
