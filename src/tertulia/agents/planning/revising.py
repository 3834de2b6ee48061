"""When a turn wants another plan, and how it gets one, while the present one is carried out."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tertulia.agents.effects import carry_out
from tertulia.agents.planning.calls import Calls
from tertulia.agents.planning.checking import checked
from tertulia.agents.planning.conduct import Conduct, recorded
from tertulia.agents.planning.door import read_plan, written
from tertulia.agents.planning.plan import Executor, Plan, TaskId
from tertulia.agents.planning.proposing import Proposer, Situation
from tertulia.agents.planning.questions import Questions
from tertulia.orchestrator.effects import EffectState
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.plans import Move
from tertulia.orchestrator.room import Kind
from tertulia.orchestrator.turns import Turn


class News:
    """What persons say while a plan is carried out, answers to its questions apart."""

    def __init__(self, turn: Turn, questions: Questions) -> None:
        """Nothing has been said yet."""
        self._turn, self._questions = turn, questions
        self._doubtful: list[Event] = []

    async def heard(self) -> list[Event]:
        """What persons have said since the last time. A turn that was cut into ends here.

        What comes from somebody who is being asked may be the answer: that waits until it is known.
        """
        return self._sifted([*self._doubtful, *await self._turn.catch_up()])

    def missed(self, as_of: int) -> list[Event]:
        """What persons had said after the plan was made, when an earlier attempt ended."""
        return self._sifted([event for event in self._turn.view if event.seq > as_of])

    def _sifted(self, events: list[Event]) -> list[Event]:
        counting = [event for event in events if self._counts(event)]
        self._doubtful = [event for event in counting if self._questions.asks(event.by)]
        return [event for event in counting if event not in self._doubtful]

    def _counts(self, event: Event) -> bool:
        seat, said = self._turn.members.get(event.by), event.body
        taken = isinstance(said, Said) and said.uptake is Uptake.TAKEN
        person = seat is not None and seat.kind is Kind.HUMAN
        return taken and person and event.seq not in self._questions.answers


class Revising:
    """The plans of a turn, one after the other. ``number`` is that of the present one."""

    def __init__(
        self,
        turn: Turn,
        source: Plan | Proposer,
        executors: tuple[Executor, ...],
        conduct: Conduct,
        calls: Calls,
    ) -> None:
        """``source`` is the plan, or who makes it."""
        self._turn, self._source, self._executors = turn, source, executors
        self._conduct, self._calls = conduct, calls
        self._asked: asyncio.Task[Plan] | None = None
        self._reasons: list[str] = []
        self._known: set[str] = set()
        self._after_failures = self._after_news = 0
        self.as_of = turn.as_of
        """What the present plan was made from: the log up to this seq."""
        self.number, self.because, self.holds_back = 1, "", False
        """``holds_back``: a person has spoken, so nothing new is begun before there is a plan."""
        self.problem = ""
        """Why there is no other plan, though one was asked for."""

    @property
    def tasks(self) -> list["asyncio.Task[Plan]"]:
        """What is waited for, beside the tasks of the plan."""
        return [] if self._asked is None else [self._asked]

    @property
    def under_way(self) -> bool:
        """Whether another plan may come."""
        return self._asked is not None or (bool(self._reasons) and callable(self._source))

    async def first(self) -> Plan:
        """The plan to begin with: after a crash, the last one that was made before it."""
        if isinstance(self._source, Plan):
            return self._source
        made = (n for n, e in self._calls.proposals.items() if e.state is EffectState.SUCCEEDED)
        self.number = max(made, default=1)
        return await self._propose(self._situation(None, {}, {}))

    def on_news(self, said: Sequence[Event]) -> None:
        """Persons have said something: that may change what is wanted."""
        if isinstance(self._source, Plan) or not said:
            return
        if self._after_news >= self._conduct.revisions or self._spent:
            return
        names = dict.fromkeys(self._turn.members[event.by].name for event in said)
        self._reasons.append(f"{' and '.join(names)} said something meanwhile")
        self._after_news += 1
        self.holds_back = True

    @property
    def _spent(self) -> bool:
        """Whether there have been as many plans as there may be, whatever for."""
        return self.number > self._conduct.replans + self._conduct.revisions

    async def next(
        self,
        plan: Plan,
        moves: Mapping[TaskId, Move],
        results: Mapping[str, Any],
        failed: Sequence[Move],
    ) -> Plan | None:
        """Another plan if there is one now; it is asked for when there is reason to."""
        if isinstance(self._source, Plan):
            return None
        self._on_failures(failed)
        if self._asked is None and self._reasons:
            self.because, self._reasons = "; ".join(self._reasons), []
            self.number += 1
            wanted = self._situation(plan, moves, results)
            self._asked = asyncio.ensure_future(self._propose(wanted))
            return None
        if self._asked is None or not self._asked.done():
            return None
        asked, self._asked = self._asked, None
        self.holds_back = bool(self._reasons)
        error = asked.exception()
        if isinstance(error, Exception):
            self.problem = f"no other plan: {error}"
            return None
        self.problem = ""
        self._known.clear()
        return asked.result()

    def _on_failures(self, failed: Sequence[Move]) -> None:
        fresh = [move for move in failed if move.task not in self._known]
        if not fresh or self._asked is not None or self._spent:
            return
        if self._after_failures >= self._conduct.replans:
            return
        self._known.update(move.task for move in fresh)
        self._after_failures += 1
        self._reasons += [f"{move.task} {move.state}: {move.note}" for move in fresh]

    def _situation(
        self, plan: Plan | None, moves: Mapping[TaskId, Move], results: Mapping[str, Any]
    ) -> Situation:
        limits = self._conduct.limits
        known = dict(moves), dict(results)
        return Situation(self._turn, self._executors, limits, plan, *known, self.because)

    async def _propose(self, situation: Situation) -> Plan:
        """Ask for a plan, as a call that the ledger remembers: after a crash it is the same."""
        propose = self._source
        failure: list[Exception] = []

        async def make(number: int, because: str, as_of: int) -> str:
            """Make a plan."""
            try:
                made = await propose(situation)  # type: ignore[operator]  # only called for one
                return written(checked(made, self._executors, self._conduct.limits))
            except Exception as error:
                failure.append(error)
                raise

        told = {"number": self.number, "because": self.because, "as_of": self._turn.as_of}
        earlier = self._calls.proposals.get(self.number)
        if earlier is not None:
            told = json.loads(earlier.arguments)
            self.because = str(told["because"])
        self.as_of = int(str(told["as_of"]))
        call = self._calls.proposal(self.number)
        carried = await carry_out(self._turn, recorded("make_plan", make), told, call=call)
        if failure:
            raise failure[0]
        if not carried.ok:
            raise Misbehaved(who=f"planner of {self._turn.me.id!r}", what=carried.text)
        return read_plan(carried.value)
