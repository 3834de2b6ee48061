"""How a running plan tells its room: little by little, as fast as the log takes it, never waiting.

What happens while an earlier piece of news is being written is told together.
"""

import asyncio
from typing import Any

from tertulia.agents.planning.plan import Plan
from tertulia.orchestrator.plans import (
    Move,
    PlanEnded,
    PlanProposed,
    PlanState,
    Step,
    TasksMoved,
    TaskState,
)
from tertulia.orchestrator.turns import Turn

SOON_S = 0.01
"""How long news waits for more, in seconds: tasks that can begin meanwhile come first."""


class Telling:
    """Tells of one plan of a turn."""

    __slots__ = ("_moves", "_name", "_turn", "_under_way")

    def __init__(self, turn: Turn, name: str) -> None:
        """Nothing has been told yet."""
        self._turn, self._name = turn, name
        self._moves: dict[str, Move] = {}
        self._under_way: asyncio.Future[Any] | None = None

    def proposed(self, plan: Plan, number: int, because: str) -> None:
        """There is a plan."""
        self._flush()
        steps = tuple(Step(t.id, t.executor, tuple(t.needs), t.why) for t in plan.tasks)
        self._tell(PlanProposed(self._turn.id, number, plan.goal, steps, because, self._name))

    def moved(self, move: Move) -> None:
        """A task has come further; to be told with what else happens now."""
        if move.state is not TaskState.WAITING:
            self._moves[move.task] = move
        if self._under_way is None:
            self._under_way = asyncio.ensure_future(self._turn.clock.sleep(SOON_S))
            self._under_way.add_done_callback(self._next)

    async def ended(self, state: PlanState, summary: str) -> None:
        """It is over; return when the room knows."""
        self._flush()
        last = self._tell(PlanEnded(self._turn.id, state, summary, self._name))
        if last is not None:
            await asyncio.shield(last)

    def _next(self, done: "asyncio.Future[Any]") -> None:
        if not done.cancelled():
            done.exception()  # a room that has closed is told nothing more, which is no failure
        self._under_way = self._flush()
        if self._under_way is not None:
            self._under_way.add_done_callback(self._next)

    def _flush(self) -> "asyncio.Future[Any] | None":
        if not self._moves:
            return None
        moves, self._moves = tuple(self._moves.values()), {}
        return self._tell(TasksMoved(self._turn.id, moves, self._name))

    def _tell(self, told: PlanProposed | TasksMoved | PlanEnded) -> "asyncio.Future[Any] | None":
        tell = self._turn.tell_plan
        return None if tell is None else asyncio.ensure_future(tell(told))
