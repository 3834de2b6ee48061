"""Carries out a plan within a turn: every task the moment that nothing stands in its way.

Its state is the ledger. A turn that is taken up after a crash carries the plan out again from the
beginning, and is given at once what had come of each task. The same holds for another plan in the
place of the first: a task that has not changed is the call that was made.
"""

import asyncio
from dataclasses import dataclass
from itertools import islice
from typing import Any

from langchain_core.tools import BaseTool

from tertulia.agents.effects import Carried, Deed, set_about
from tertulia.agents.planning.account import PlanOutcome
from tertulia.agents.planning.calls import Call, Calls, digest_of
from tertulia.agents.planning.checking import checked
from tertulia.agents.planning.conduct import CONDUCT, Conduct
from tertulia.agents.planning.executors import Toolbox, executors_of
from tertulia.agents.planning.plan import (
    ExecutorId,
    ExecutorKind,
    Plan,
    Task,
    TaskId,
    kind_of,
    name_of,
)
from tertulia.agents.planning.proposing import Proposer
from tertulia.agents.planning.questions import Questions
from tertulia.agents.planning.references import Unresolved, resolved
from tertulia.agents.planning.revising import News, Revising
from tertulia.agents.planning.telling import Telling
from tertulia.agents.terms import terms_of
from tertulia.orchestrator.effects import EffectPolicy, EffectState
from tertulia.orchestrator.plans import Move, TaskState
from tertulia.orchestrator.turns import Turn


@dataclass(slots=True, eq=False)
class _Run:
    """A call on its way. ``task`` is ``None`` when no task of the present plan wants it."""

    task: Task | None
    call: Call
    executor: ExecutorId
    deed: Deed
    safe: bool


class PlanRun:
    """One plan of one turn, while it is carried out."""

    def __init__(
        self,
        turn: Turn,
        source: Plan | Proposer,
        tools: Toolbox,
        conduct: Conduct = CONDUCT,
    ) -> None:
        """``source`` is the plan, or who makes it: only the latter is asked for another one."""
        self._turn, self._tools, self._conduct = turn, tools, conduct
        self._executors = executors_of(turn, tools)
        self._calls = Calls(conduct.name, turn.deeds.earlier)
        self._telling = Telling(turn, conduct.name)
        self._questions = Questions(turn, conduct.ask_s)
        self._revising = Revising(turn, source, self._executors, conduct, self._calls)
        self._news = News(turn, self._questions)
        self._plan = Plan("")
        self._needs: dict[TaskId, frozenset[TaskId]] = {}
        self._waiting: dict[TaskId, Task] = {}
        self._moves: dict[TaskId, Move] = {}
        self._results: dict[str, Any] = {}
        self._running: dict[asyncio.Task[Carried], _Run] = {}
        self._came: dict[Call, Carried] = {}

    async def run(self) -> PlanOutcome:
        """Carry it out, as far as that can be. Raises ``BadPlan``, and what the proposer raises."""
        self._adopt(await self._revising.first())
        self._revising.on_news(self._news.missed(self._revising.as_of))
        try:
            while True:
                await self._look_round()
                await self._begin_what_can()
                if not self._busy and not (await self._look_round() or self._busy):
                    break
                await self._wait()
        finally:
            await self._stop()
        return await self._end()

    # ---- plans

    def _adopt(self, plan: Plan) -> None:
        """From now on this is the plan; what it has in common with the one before is kept."""
        checked(plan, self._executors, self._conduct.limits)
        self._plan = plan
        self._calls.begin_anew()
        self._results.clear()
        self._needs = {task.id: frozenset(task.needs) for task in plan.tasks}
        self._waiting = {task.id: task for task in plan.tasks}
        self._moves = {task.id: Move(task.id, TaskState.WAITING) for task in plan.tasks}
        self._telling.proposed(plan, self._revising.number, self._revising.because)
        wanted = {task.executor for task in plan.tasks}
        for doing, run in tuple(self._running.items()):
            run.task = None
            if run.safe and run.executor not in wanted:
                run.deed.let_go()
                self._calls.settle(run.call, EffectState.REFUSED)
                del self._running[doing]

    @property
    def _busy(self) -> bool:
        """Whether something is under way that has to come to its end."""
        wanted = any(run.task is not None or not run.safe for run in self._running.values())
        return wanted or self._revising.under_way

    async def _look_round(self) -> bool:
        """Take note of what persons have said and of what failed; whether there is another plan."""
        self._revising.on_news(await self._news.heard())
        failed = [move for move in self._moves.values() if move.state in _WRONG]
        plan = await self._revising.next(self._plan, self._moves, self._results, failed)
        if plan is not None:
            self._adopt(plan)
        return plan is not None

    # ---- tasks

    async def _begin_what_can(self) -> None:
        while ready := self._ready():
            await self._turn.act()
            for task in ready:
                del self._waiting[task.id]
                self._begin(task)

    def _ready(self) -> list[Task]:
        """What nothing stands in the way of, as much as may run beside what runs already."""
        free = self._conduct.at_once - len(self._running)
        if free <= 0 or self._revising.holds_back:
            return []
        done, needs = self._results.keys(), self._needs
        ready = (task for task in self._waiting.values() if needs[task.id] <= done)
        return list(islice(ready, free))

    def _begin(self, task: Task) -> None:
        """Begin a task; one that has come to its end already is settled at once."""
        try:
            arguments = resolved(dict(task.arguments), self._results)
        except Unresolved as error:
            self._move(task.id, TaskState.FAILED, str(error))
            return
        digest = digest_of(task.executor, arguments)
        call = self._calls.claim(task.id, digest, self._revising.number, self._moves)
        if call in self._came:
            self._settle(task, call, self._came[call])
            return
        self._move(task.id, TaskState.RUNNING)
        for run in self._running.values():
            if run.call == call:
                run.task = task
                return
        name, tool = self._calls.name(call), self._tool(task)
        safe = terms_of(tool).effect is EffectPolicy.SAFE_RETRY
        deed = set_about(self._turn, tool, arguments, call=name)
        self._running[deed.task] = _Run(task, call, task.executor, deed, safe)

    def _tool(self, task: Task) -> BaseTool:
        name = name_of(task.executor)
        if kind_of(task.executor) is ExecutorKind.TOOL:
            return self._tools.tools[name]
        return self._questions.to(name)

    async def _wait(self) -> None:
        """Until something has come of something, or it is time to look round."""
        waited = {*self._running, *self._revising.tasks}
        if not waited:
            return
        look_s = self._conduct.look_s
        await asyncio.wait(waited, timeout=look_s, return_when=asyncio.FIRST_COMPLETED)
        for doing in [one for one in self._running if one.done()]:  # in the order of beginning
            run = self._running.pop(doing)
            if doing.cancelled():
                self._calls.settle(run.call, EffectState.REFUSED)
                continue
            carried = self._came[run.call] = doing.result()
            self._calls.settle(run.call, carried.effect.state)
            if run.task is not None:
                self._settle(run.task, run.call, carried)

    def _settle(self, task: Task, call: Call, carried: Carried) -> None:
        if carried.ok:
            self._results[task.id] = self._questions.result(task, carried.value)
            self._move(task.id, TaskState.DONE)
            return
        refused = carried.effect.state is EffectState.REFUSED
        state = TaskState.REFUSED if refused else TaskState.FAILED
        self._move(task.id, state, carried.text.removeprefix("error: "))

    def _move(self, task: TaskId, state: TaskState, note: str = "") -> None:
        move = self._moves[task] = Move(task, state, note)
        self._telling.moved(move)

    # ---- the end

    async def _stop(self) -> None:
        """Let go of what is still under way: the ledger says what becomes of it."""
        self._telling.stop()
        await self._questions.stop()
        for run in self._running.values():
            run.deed.let_go()
        asked = self._revising.tasks
        for one in asked:
            one.cancel()
        if asked:
            await asyncio.wait(asked)

    async def _end(self) -> PlanOutcome:
        for task in self._plan.tasks:
            if task.id in self._waiting:
                missing = [name for name in task.needs if name not in self._results]
                note = f"needs {', '.join(missing)}"
                self._move(task.id, TaskState.SKIPPED, note)
        came, results = dict(self._moves), dict(self._results)
        number, problem = self._revising.number, self._revising.problem
        outcome = PlanOutcome(self._plan, number, came, results, problem)
        await self._telling.ended(outcome.state, outcome.summary)
        return outcome


_WRONG = frozenset({TaskState.FAILED, TaskState.REFUSED})
