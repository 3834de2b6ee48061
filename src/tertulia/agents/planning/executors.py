"""Who can carry out the tasks of a turn: its tools, and those in the room who hear it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from tertulia.agents.planning.plan import Executor, ExecutorId, ExecutorKind
from tertulia.agents.tools import Tool, toolbox
from tertulia.orchestrator.room import Kind
from tertulia.orchestrator.turns import Turn

ASKED: Mapping[str, Any] = {
    "type": "object",
    "properties": {"ask": {"type": "string", "description": "What they are asked."}},
    "required": ["ask"],
}
"""The schema of what a participant can be asked."""


class Toolbox:
    """Tools by name, and as executors: what a model reads of them is made once, not in each turn.

    Raises ``Invalid`` when two share a name, or one is no tool.
    """

    __slots__ = ("executors", "tools")

    def __init__(self, tools: Sequence[Tool] = ()) -> None:
        """Collect the tools."""
        self.tools = toolbox(tools)
        self.executors = tuple(map(executor_of, self.tools.values()))


def executors_of(turn: Turn, tools: Toolbox) -> tuple[Executor, ...]:
    """The tools, then the agents, then the persons who hear this turn, without its own agent."""
    there = [
        seat
        for seat in turn.members.values()
        if seat.id != turn.me.id and (turn.audience is None or seat.id in turn.audience)
    ]
    kinds = {Kind.AGENT: ExecutorKind.AGENT, Kind.HUMAN: ExecutorKind.PERSON}
    asked = [
        Executor(ExecutorId(f"{named}:{seat.id}"), _about(seat.name, seat.profile.about), ASKED)
        for kind, named in kinds.items()
        for seat in there
        if seat.kind is kind
    ]
    return (*tools.executors, *asked)


def executor_of(tool: BaseTool) -> Executor:
    """A tool as one that can carry out tasks; its arguments are those that a model may give."""
    told = convert_to_openai_tool(tool)["function"]
    about = str(told.get("description", ""))
    return Executor(ExecutorId(f"tool:{tool.name}"), about, told.get("parameters", {}))


def _about(name: str, about: str) -> str:
    return f"{name}: {about}" if about else name
