"""Hear a model out: its words as they come, its tool calls at the end.

Nothing is retried, and no failure is hidden: what the model raises comes out of here.
"""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import ToolCallChunk

from tertulia.agents.prices import Bill
from tertulia.agents.state import Call


class ChatModel(Protocol):
    """Something that streams an answer: every chat model of LangChain's does."""

    def astream(self, input: list[BaseMessage], /) -> AsyncIterator[Any]:  # noqa: A002
        """Yield messages, or chunks of one."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """A model's whole answer. Both may be empty: silence."""

    text: str
    calls: list[Call]


async def hear(
    model: ChatModel,
    messages: list[BaseMessage],
    say: Callable[[str], None] | None = None,
    bill: Bill | None = None,
    enough: Callable[[Any], bool] | None = None,
) -> Heard:
    """Stream one answer, and pass each piece of its text to ``say`` at once.

    ``bill`` is told the tokens as they become known, so that an answer that is cut off is paid too.
    ``enough`` is shown each chunk; the answer is left where it says so.
    """
    pieces: list[str] = []
    meter = None if bill is None else _Meter(messages, bill)
    calls: list[Call] = []
    parts: AIMessageChunk | None = None
    stream = model.astream(messages)
    async for chunk in stream:
        if text := str(chunk.text):
            pieces.append(text)
            if say is not None:
                say(text)
        if meter is not None:
            meter.count(chunk)
        if not isinstance(chunk, AIMessageChunk):
            calls += _whole_calls(chunk)
        elif chunk.tool_call_chunks:
            parts = chunk if parts is None else parts + chunk
        if enough is not None and enough(chunk):
            await _left(stream)
            break
    if parts is not None:
        calls += [_call(part, place) for place, part in enumerate(parts.tool_call_chunks)]
    return Heard("".join(pieces), calls)


async def _left(stream: AsyncIterator[Any]) -> None:
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()


class _Meter:
    """The tokens of one answer: as the model tells them, and until then at least so many.

    A piece of the answer is one token or more, a word that is read likewise.
    """

    def __init__(self, messages: list[BaseMessage], bill: Bill) -> None:
        self._messages, self._bill = messages, bill
        self._told = [0, 0]
        self._words: int | None = None
        self._pieces = 0

    def count(self, chunk: AIMessage) -> None:
        usage = chunk.usage_metadata
        if usage is not None:  # a stream may tell it in parts, which add up
            self._told[0] += usage["input_tokens"]
            self._told[1] += usage["output_tokens"]
            self._bill(*self._told)
            return
        self._pieces += bool(chunk.text)
        if self._words is None:
            self._words = sum(len(str(message.text).split()) for message in self._messages)
        read = self._told[0] or self._words
        self._bill(read, max(self._told[1], self._pieces))


def _whole_calls(message: AIMessage) -> list[Call]:
    good = [
        Call(id=call["id"] or f"call-{place}", name=call["name"], args=call["args"], problem=None)
        for place, call in enumerate(message.tool_calls)
    ]
    bad = [
        _call(ToolCallChunk(name=c["name"], args=c["args"], id=c["id"], index=None), place)
        for place, c in enumerate(message.invalid_tool_calls, len(good))
    ]
    return good + bad


def _call(part: ToolCallChunk, place: int) -> Call:
    """Read the arguments strictly: half of them, from an answer that was cut short, are none."""
    problem, args = None, {}
    try:
        args = json.loads(part["args"] or "{}")
    except (ValueError, RecursionError) as error:  # or nested too deeply
        problem = f"the arguments are not valid JSON: {error}"
    if not isinstance(args, dict):
        problem, args = "the arguments are not a JSON object", {}
    return Call(
        id=part["id"] or f"call-{place}", name=part["name"] or "", args=args, problem=problem
    )


def declines(error: NotImplementedError) -> bool:
    """Whether ``bind_tools`` itself says that there are no functions, as LangChain wants it said.

    (Itself or its parent's: anything else that it calls is not finished, and not declined.)
    """
    *_, (frame, _) = walk_tb(error.__traceback__)
    return frame.f_code.co_name == "bind_tools"
