"""A task of our own, small enough to be seen through: a clerk and a customer at a till."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tertulia.evaluation.tasks.record import Step
from tertulia.evaluation.tasks.script import SEEN, STOP, Ask, Line, Play, Player, ToolSpec
from tertulia.orchestrator.room import Kind

ADD = {"type": "object", "properties": {"cents": {"type": "integer"}}, "required": ["cents"]}


@dataclass
class Till:
    """It counts what is put in; ``log`` is every call that it has seen."""

    cents: int = 0
    log: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, by: str, tool: str, arguments: Mapping[str, Any]) -> str:
        self.log.append((by, tool))
        if tool == "add":
            self.cents += arguments["cents"]
        return f"{self.cents} cents"


@dataclass(frozen=True)
class Shop:
    """So many tasks; in each the clerk puts 1, 2, 3 and 4 cents into a till, and a person asks."""

    count: int = 1
    needs: tuple[str, ...] = ()

    def tasks(self) -> Sequence[str]:
        return [f"sale {number}" for number in range(self.count)]

    def play(self, task: str) -> Play:
        add, look = ToolSpec("add", "Put in.", ADD), ToolSpec("look", "Count.", {}, writes=False)
        players = (
            Player("ann", "Ann", Kind.HUMAN),
            Player("clerk", "Clerk", tools=(add, look)),
            Player("guard", "Guard", Kind.OBSERVER),
        )
        two = [tuple(Ask(f"add-{n}", "add", {"cents": n}) for n in (m, m + 1)) for m in (1, 3)]
        lines = (
            Line("ann", "Put something in, clerk.", "clerk"),
            Line("clerk", f"There are {SEEN}.", "ann", two[0]),
            Line("ann", "More!", "clerk"),
            Line("clerk", f"There are {SEEN}.", "ann", (*two[1], Ask("look-5", "look", {}))),
            Line("ann", f"Thank you. {STOP}", None),
        )
        return Play(task, players, lines)

    def world(self, task: str) -> Till:
        return Till()

    def grade(self, task: str, steps: Sequence[Step]) -> float:
        told = [step.text for step in steps if step.tool is not None]
        return float(told == [f"{n} cents" for n in (1, 3, 6, 10, 10)])
