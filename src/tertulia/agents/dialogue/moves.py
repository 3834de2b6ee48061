"""What the agent has to say next about a task, before it is put into words. Values only."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tertulia.orchestrator.room import ParticipantId


class Says(StrEnum):
    """The kinds of move."""

    OPENED = "opened"
    NOTED = "noted"
    CORRECTED = "corrected"
    REJECTED = "rejected"
    DROPPED = "dropped"
    """A value that was accepted no longer fits what has changed since."""
    NOT_YOURS = "not_yours"
    ASK = "ask"
    DISPUTED = "disputed"
    CONFIRM = "confirm"
    CHANGE = "change"
    """No: so what is to be changed?"""
    AGREED = "agreed"
    """One has confirmed it, and others have to as well."""
    UNCLEAR = "unclear"
    CONFIRMED = "confirmed"
    DONE = "done"
    UNKNOWN = "unknown"
    """It was being used when something went wrong; nobody knows what became of it."""
    CANCELLED = "cancelled"
    STUCK = "stuck"
    BACK = "back"
    FULL = "full"
    """There are too many open tasks."""
    ELSEWHERE = "elsewhere"
    """It belongs to a task that others talk over, and was said where they do not hear it."""
    DIGRESSION = "digression"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to say. ``task`` is the task's id; ``who`` those whom it is about, or asks.

    ``value`` is typed (of several, by slot or by person); ``before`` is what it was, ``reason``
    words to be told.
    """

    says: Says
    task: str = ""
    slot: str | None = None
    who: tuple[ParticipantId, ...] = ()
    value: Any = None
    before: Any = None
    reason: str = ""
