"""A tool called the short way does what it does when LangChain calls it."""

from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, Field, ValidationError

from tertulia.agents import tool
from tertulia.agents.invoking import _direct, invoke


class Place(BaseModel):
    """A place."""

    name: str
    seats: int = 1


@tool
async def told(where: Place, times: int = 2, note: str | None = None) -> list[Any]:
    """Tell what was given."""
    return [type(where).__name__, where.name, where.seats, times, note]


@pytest.mark.parametrize(
    "arguments",
    [
        {"where": {"name": "x"}},
        {"where": {"name": "x", "seats": "3"}, "times": "7"},
        {"where": Place(name="x"), "note": "n", "unknown": 1},
    ],
)
async def test_arguments_are_checked_and_filled_in_alike(arguments: dict[str, Any]) -> None:
    assert isinstance(told, StructuredTool)
    assert _direct(told) is not None
    assert await invoke(told, arguments) == await told.ainvoke(arguments)


@pytest.mark.parametrize("arguments", [{}, {"where": {}}, {"where": {"name": "x"}, "times": "x"}])
async def test_what_does_not_fit_is_refused_alike(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as theirs:
        await told.ainvoke(arguments)
    with pytest.raises(ValidationError) as ours:
        await invoke(told, arguments)
    assert str(ours.value) == str(theirs.value)


def configured() -> BaseTool:
    async def look(x: int, config: RunnableConfig) -> str:
        """Look."""
        return str(config["configurable"]["y"]) if config.get("configurable") else f"{x}"

    return StructuredTool.from_function(coroutine=look)


def artful() -> BaseTool:
    async def paint(x: int) -> tuple[str, int]:
        """Paint."""
        return f"painted {x}", x

    return StructuredTool.from_function(coroutine=paint, response_format="content_and_artifact")


def renamed() -> BaseTool:
    class Arguments(BaseModel):
        x: int = Field(alias="ex")

    async def look(x: int) -> int:
        """Look."""
        return x

    return StructuredTool.from_function(coroutine=look, args_schema=Arguments)


@pytest.mark.parametrize("make", [configured, artful, renamed])
async def test_a_tool_that_wants_more_is_called_by_langchain(make: Any) -> None:
    made = make()
    assert _direct(made) is None
    arguments = {"x": 3, "ex": 3}
    assert await invoke(made, arguments) == await made.ainvoke(arguments)


async def test_a_call_that_somebody_listens_to_is_told() -> None:
    heard: list[str] = []

    class Ear(AsyncCallbackHandler):
        async def on_tool_start(self, serialized: Any, *args: Any, **more: Any) -> None:
            heard.append(serialized["name"])

    async def call(x: int) -> Any:
        return await invoke(told, {"where": {"name": "x"}})

    await RunnableLambda(call).ainvoke(1, {"callbacks": [Ear()]})
    assert heard == ["told"]
