"""How a running plan tells its room: soon, then at most ten times a second, never waiting.

What happens meanwhile is told together; of a task that came further twice, how far it has come.
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

SOON_S = 0.004
"""How long the first news waits for more, in seconds: tasks that can begin now come first.

Less than what nobody waits for stays in a store's queue, so that this takes it along.
"""

EVERY_S = 0.1
"""How long later news is gathered, in seconds: nobody reads faster, and each piece is a commit."""


class Telling:
    """Tells of one plan of a turn."""

    __slots__ = ("_moves", "_name", "_turn", "_under_way")

    def __init__(self, turn: Turn, name: str) -> None:
        """Nothing has been told yet."""
        self._turn, self._name = turn, name
        self._moves: dict[str, Move] = {}
        self._under_way: asyncio.Task[None] | None = None

    def proposed(self, plan: Plan, number: int, because: str) -> None:
        """There is a plan."""
        self._flush()
        steps = tuple(Step(t.id, t.executor, tuple(t.needs), t.why) for t in plan.tasks)
        self._tell(PlanProposed(self._turn.id, number, plan.goal, steps, because, self._name))

    def moved(self, move: Move) -> None:
        """A task has come further; to be told with what else happens now."""
        if move.state is not TaskState.WAITING:
            self._moves[move.task] = move
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.ensure_future(self._tell_on())

    async def ended(self, state: PlanState, summary: str) -> None:
        """It is over; return when the room knows."""
        self.stop()
        self._flush()
        last = self._tell(PlanEnded(self._turn.id, state, summary, self._name))
        if last is not None:
            await asyncio.shield(last)

    def stop(self) -> None:
        """Tell nothing more of itself."""
        if self._under_way is not None:
            self._under_way.cancel()

    async def _tell_on(self) -> None:
        await self._turn.clock.sleep(SOON_S)
        while (told := self._flush()) is not None:
            await asyncio.wait([told])
            if not told.cancelled():
                told.exception()  # a room that has closed is told nothing more: no failure
            await self._turn.clock.sleep(EVERY_S)

    def _flush(self) -> "asyncio.Future[Any] | None":
        if not self._moves:
            return None
        moves, self._moves = tuple(self._moves.values()), {}
        return self._tell(TasksMoved(self._turn.id, moves, self._name))

    def _tell(self, told: PlanProposed | TasksMoved | PlanEnded) -> "asyncio.Future[Any] | None":
        tell = self._turn.tell_plan
        return None if tell is None else asyncio.ensure_future(tell(told))
