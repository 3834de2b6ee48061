"""Running the tools that a model asks for, and giving each call its result.

Calls run at the same time, and whatever goes wrong with one of them is its result: the model is
told, and the turn goes on. What a tool does to the world is not watched over here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

from langchain_core.tools import BaseTool, StructuredTool

from tertulia.agents.state import Call
from tertulia.orchestrator.errors import Invalid

Tool: TypeAlias = BaseTool | Callable[..., Awaitable[Any]]
"""A tool of LangChain's, or an async function with a docstring and annotated arguments."""

RESULT_LIMIT = 20_000
"""Characters of a result that the model gets to read."""


def toolbox(tools: Sequence[Tool]) -> dict[str, BaseTool]:
    """Collect tools by name. Raises ``Invalid`` when two share a name, or one is not a tool."""
    box: dict[str, BaseTool] = {}
    for tool in map(_as_tool, tools):
        if tool.name in box:
            raise Invalid(where=f"tool {tool.name!r}", what="two tools bear this name")
        box[tool.name] = tool
    return box


async def run_calls(
    calls: Sequence[Call], box: Mapping[str, BaseTool], passes: tuple[type[Exception], ...] = ()
) -> list[str]:
    """Run the calls at the same time; their results in the same order.

    ``passes`` are exceptions that are not a tool's failure and go through.
    """
    return list(await asyncio.gather(*(_run(call, box, passes) for call in calls)))


async def _run(call: Call, box: Mapping[str, BaseTool], passes: tuple[type[Exception], ...]) -> str:
    tool = box.get(call["name"])
    if tool is None:
        return f"error: {_unknown(call['name'], box)}"
    if call["problem"]:
        return f"error: {call['problem']}"
    try:
        result = str(await tool.ainvoke(call["args"]))
    except passes:
        raise
    except Exception as error:  # a failed tool is news for the model, not the end of the turn
        return f"error: {type(error).__name__}: {error}"[:RESULT_LIMIT]
    if len(result) > RESULT_LIMIT:
        return f"{result[:RESULT_LIMIT]} [cut at {RESULT_LIMIT:,} of {len(result):,} characters]"
    return result


def _unknown(name: str, box: Mapping[str, BaseTool]) -> str:
    close = get_close_matches(name, box, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(box) or 'none'}"
    return f"there is no tool {name!r}; {hint}"


def _as_tool(tool: Tool) -> BaseTool:
    if isinstance(tool, BaseTool):
        return tool
    name = getattr(tool, "__name__", repr(tool))
    if not asyncio.iscoroutinefunction(tool):
        raise Invalid(where=f"tool {name!r}", what="is no async function; write `async def`")
    try:
        return StructuredTool.from_function(coroutine=tool)
    except ValueError as error:
        raise Invalid(where=f"tool {name!r}", what=str(error)) from error
