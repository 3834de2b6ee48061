"""What a plan asks agents and persons: each question is a call that the ledger remembers."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from langchain_core.tools import BaseTool

from tertulia.agents.planning.conduct import recorded
from tertulia.agents.planning.plan import ExecutorKind, Task, kind_of
from tertulia.orchestrator.effects import Effect, EffectState
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.turns import Turn


class Unanswered(Exception):
    """Nobody has answered in time."""


OPEN = "ask:"
"""What the calls of questions are named by in the ledger."""


class Questions:
    """The questions of one turn. ``answers`` are the utterances (seq) that answered some."""

    def __init__(self, turn: Turn, within_s: float) -> None:
        """An answer is waited for ``within_s`` seconds."""
        self._turn, self._within_s = turn, within_s
        self._tools: dict[str, BaseTool] = {}
        self.answers = set(_answers(turn.deeds.earlier))
        self.asked: dict[str, int] = {}
        """How many questions each participant has not answered yet."""

    def to(self, who: str) -> BaseTool:
        """What asks this participant."""
        if who not in self._tools:

            async def put(ask: str) -> dict[str, Any]:
                """Ask somebody."""
                answer = await self._put(who, ask)
                if answer is None:
                    raise Unanswered(f"{who} has not answered within {self._within_s:g} seconds")
                return {"text": answer.text, "seq": answer.seq}

            self._tools[who] = recorded(f"{OPEN}{who}", put)
        return self._tools[who]

    async def _put(self, who: str, ask: str) -> Event | None:
        self.asked[who] = self.asked.get(who, 0) + 1
        try:
            put: Any = getattr(self._turn, "ask", None)
            answer: Event | None = await put(who, ask, within_s=self._within_s)
            if answer is not None:
                self.answers.add(answer.seq)
            return answer
        finally:
            self.asked[who] -= 1

    def result(self, task: Task, value: Any) -> Any:
        """The result of a task: of a question, the words of the answer."""
        if kind_of(task.executor) is ExecutorKind.TOOL or not isinstance(value, Mapping):
            return value
        return value["text"]


def _answers(earlier: Iterable[Effect]) -> Iterator[int]:
    """The utterances that answered questions of earlier attempts at the turn."""
    for effect in earlier:
        if effect.tool.startswith(OPEN) and effect.state is EffectState.SUCCEEDED:
            yield json.loads(effect.result)["seq"]
