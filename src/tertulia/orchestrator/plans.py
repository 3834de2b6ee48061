"""Plans of turns, as a room is told of them: what is to be done, by whom, and how far it has come.

Bodies of events, as in ``events``, which hands them on; and what the floor keeps of them. What the
tasks are given, and what comes out of them, stands in the effect ledger and not here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from tertulia.orchestrator.room import Audience, ParticipantId, TurnId

PLANS = 8
"""How many plans a floor keeps; those that have ended first are forgotten first."""


class TaskState(StrEnum):
    """How far a task of a plan has come."""

    WAITING = "waiting"
    """Something else has to be done first."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    """Nobody may do it, or nobody approved it."""
    SKIPPED = "skipped"
    """What it needs was not done."""


class PlanState(StrEnum):
    """How far a plan has come."""

    RUNNING = "running"
    DONE = "done"
    """Every task was done."""
    FAILED = "failed"
    """Not every task was done; the account says which."""
    STOPPED = "stopped"
    """Its turn ended first."""


@dataclass(frozen=True, slots=True)
class Step:
    """A task as it is told to those who hear the turn: who does it, after what, what for."""

    id: str
    executor: str
    after: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A task has come so far; ``note`` says why it failed, or what is worth knowing."""

    task: str
    state: TaskState
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlanProposed:
    """A turn has a plan, or with a higher ``number`` another one in its place.

    ``because`` says why there is another. Tasks that had been done and have not changed are not
    done again. ``plan`` tells several plans of one turn apart.
    """

    turn: TurnId
    number: int
    goal: str
    steps: tuple[Step, ...]
    because: str = ""
    plan: str = "plan"


@dataclass(frozen=True, slots=True)
class TasksMoved:
    """Tasks of a plan began, were done, or failed: what happened at the same time is told once."""

    turn: TurnId
    moves: tuple[Move, ...]
    plan: str = "plan"


@dataclass(frozen=True, slots=True)
class PlanEnded:
    """A plan was carried out, as far as it could be."""

    turn: TurnId
    state: PlanState
    account: str = ""
    plan: str = "plan"


PlanEvent: TypeAlias = PlanProposed | TasksMoved | PlanEnded
"""What a log tells of plans."""


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """A plan and how far it has come.

    ``seq`` is the event with which it began, ``number`` counts its revisions; ``moves`` has the
    tasks that have begun. Times are Unix seconds.
    """

    turn: TurnId
    plan: str
    by: ParticipantId
    seq: int
    number: int
    goal: str
    steps: tuple[Step, ...]
    began: float
    moves: Mapping[str, Move] = field(default_factory=dict)
    state: PlanState = PlanState.RUNNING
    because: str = ""
    account: str = ""
    audience: Audience = None

    def state_of(self, task: str) -> TaskState:
        """How far a task has come."""
        move = self.moves.get(task)
        return TaskState.WAITING if move is None else move.state

    def count(self, state: TaskState) -> int:
        """How many of its tasks have come so far."""
        return sum(self.state_of(step.id) is state for step in self.steps)


def status_of(plans: Iterable[PlanStatus], turn: TurnId, plan: str) -> PlanStatus | None:
    """The plan of that name that a turn has."""
    return next((one for one in plans if one.turn == turn and one.plan == plan), None)
