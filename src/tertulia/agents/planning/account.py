"""What came of a plan: a value, and the words in which a model or a person is told. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tertulia.agents.planning.plan import Plan, TaskId
from tertulia.orchestrator.plans import Move, PlanState, TaskState

RESULT = 2_000
"""The most characters of one result in an account."""


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """What came of a plan: the last one, how each of its tasks ended, and their results.

    ``number`` is how many plans there have been, ``moves`` has each task of the last one.
    ``problem`` says why there is no other plan, where one was wanted.
    """

    plan: Plan
    number: int
    moves: Mapping[TaskId, Move]
    results: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""

    @property
    def state(self) -> PlanState:
        """Whether everything was done."""
        done = all(self.moves[task.id].state is TaskState.DONE for task in self.plan.tasks)
        return PlanState.DONE if done else PlanState.FAILED

    @property
    def failures(self) -> tuple[Move, ...]:
        """The tasks that were tried and not done."""
        wrong = (TaskState.FAILED, TaskState.REFUSED)
        return tuple(move for move in self.moves.values() if move.state in wrong)

    @property
    def summary(self) -> str:
        """One line for the log: what was not done, and why."""
        if not self.plan.tasks:
            return "there was nothing to do"
        told = [f"{move.task}: {move.note or move.state}" for move in self.failures]
        skipped = [m.task for m in self.moves.values() if m.state is TaskState.SKIPPED]
        if skipped:
            told.append(f"not tried: {', '.join(skipped)}")
        if self.problem and told:
            told.append(self.problem)
        return "; ".join(told) or "all is done"

    @property
    def account(self) -> str:
        """What was done with which result, and what was not and why, a line for each task."""
        lines = (f"- {t.id} ({t.executor}): {self._of(t.id)}" for t in self.plan.tasks)
        return "\n".join([f"Goal: {self.plan.goal}", *lines])

    def _of(self, name: TaskId) -> str:
        move = self.moves[name]
        if move.state is TaskState.DONE:
            return f"done: {told(self.results.get(name))}"
        if move.state is TaskState.SKIPPED:
            return f"not tried: {move.note}"
        return f"{move.state}: {move.note}" if move.note else str(move.state)


def told(result: Any) -> str:
    """A result in words, shortened if need be."""
    text = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)
    return text if len(text) <= RESULT else f"{text[:RESULT]} …"
