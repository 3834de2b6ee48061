"""The tools that the agents of a scenario are given, by name; MCP servers among them are opened."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tertulia.compose import House
from tertulia.orchestrator.errors import Invalid, TertuliaError
from tertulia.orchestrator.powers import ACTS
from tertulia.plugins import named
from tertulia.simulation.scenario import MCP, Scenario

if TYPE_CHECKING:  # a second to import, for scenarios without tools too
    from langchain_core.tools import BaseTool


def beside(reference: str, base: Path | None) -> str:
    """The same reference, with its file looked for in the scenario's folder."""
    file, _, name = reference.rpartition(":")
    return f"{base / file}:{name}" if base is not None and file.endswith(".py") else reference


async def toolkits(
    scenario: Scenario, house: House, base: Path | None, *, live: bool
) -> "dict[str, list[BaseTool]]":
    """The tools of each agent that has some, by handle; servers are open until the house closes.

    Raises ``Invalid``, which names the agent: for what is no tool, for a server in virtual time.
    """
    opened: dict[str, list[BaseTool]] = {}
    found: dict[str, list[BaseTool]] = {}
    for role in scenario.participants:
        for name in role.tools:
            try:
                if name.startswith(MCP) and name not in opened:
                    opened[name] = await _served(name, house, base, live=live)
                more = opened[name] if name in opened else _tools(name, base)
            except TertuliaError as error:
                raise Invalid(where=f"agent {role.name!r}, tools", what=str(error)) from None
            found.setdefault(role.who, []).extend(more)
    return found


async def _served(name: str, house: House, base: Path | None, *, live: bool) -> "list[BaseTool]":
    if not live:
        raise Invalid(where=name, what="a server answers in real time; add --live")
    file = Path(name.removeprefix(MCP))
    return await house.mcp_tools(file if base is None else base / file)


def _tools(name: str, base: Path | None) -> "list[BaseTool]":
    from tertulia.agents import room_tools, toolbox

    if name in ACTS:
        return room_tools(name)
    thing: Any = named(beside(name, base))
    things: Sequence[Any] = thing if isinstance(thing, list | tuple) else [thing]
    return list(toolbox(things).values())


def names_of(tools: "Iterable[BaseTool]") -> tuple[str, ...]:
    """What the tools are called, each once, as a card has it."""
    return tuple(dict.fromkeys(tool.name for tool in tools))
