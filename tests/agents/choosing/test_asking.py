"""Told to call a function: who calls none is told apart from who fails at it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from tertulia.agents.choosing import How, choose
from tertulia.agents.choosing.asking import bound_to_call
from tertulia.agents.scripted import Scripted

ASKED: list[BaseMessage] = [HumanMessage("Eve, could you taste it?", name="Ana")]
SCHEMA = {"type": "object", "properties": {}}


class Streams:
    """A model of a user's own: it says Eve, and how it takes functions is for others to say."""

    async def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        yield AIMessage("Eve")


class Declines(Streams):
    def bind_tools(self, tools: Sequence[Any], **how: Any) -> Any:
        raise NotImplementedError


class DeclinesAsItsParent(Declines):
    def bind_tools(self, tools: Sequence[Any], **how: Any) -> Any:
        return super().bind_tools(tools, **how)


class Unforced(Streams):
    """Takes functions, and cannot be told which to call."""

    def bind_tools(self, tools: Sequence[Any]) -> Any:
        [tool] = tools
        call = {"name": tool["function"]["name"], "args": {"answer": "Bo"}, "id": "c"}
        return Scripted([AIMessage("", tool_calls=[call])])


class Buggy(Streams):
    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None) -> Any:
        return len(tools) + "1"  # type: ignore[operator]


class Unfinished(Streams):
    def bind_tools(self, tools: Sequence[Any], *, tool_choice: str | None = None) -> Any:
        return self._converted(tools)

    def _converted(self, tools: Sequence[Any]) -> Any:
        raise NotImplementedError("enums")


class Stopped(Streams):
    bind_tools = None


@pytest.mark.parametrize(
    "model",
    [Streams(), Stopped(), Declines(), DeclinesAsItsParent(), FakeListChatModel(responses=["Eve"])],
    ids=lambda model: type(model).__name__,
)
async def test_a_model_that_calls_no_functions_is_asked_in_words(model: Any) -> None:
    assert bound_to_call(model, SCHEMA) is None
    choice = await choose(model, ASKED, ["Bo", "Eve"])
    assert (choice.option, choice.how) == ("Eve", How.ANSWER)


async def test_a_model_that_cannot_be_told_what_to_call_is_offered_it() -> None:
    choice = await choose(Unforced(), ASKED, ["Bo", "Eve"])
    assert (choice.option, choice.how) == ("Bo", How.CALL)


@pytest.mark.parametrize(
    ("model", "error", "why"),
    [(Buggy(), TypeError, "unsupported operand"), (Unfinished(), NotImplementedError, "enums")],
    ids=["a type error", "what is not done within"],
)
async def test_what_fails_within_a_model_is_shown(
    model: Any, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        await choose(model, ASKED, ["Bo", "Eve"])
