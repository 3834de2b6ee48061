"""A model that says what it was told to say: for tests, for simulations, for examples.

It is deterministic, and it never touches a network, a thread or a clock: it waits by
`asyncio.sleep` alone, which costs nothing under an event loop with virtual time.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import PrivateAttr

from tertulia.agents.improvisation import improvise
from tertulia.agents.streaming import StreamedModel, last_piece, piece


@dataclass(frozen=True, slots=True)
class Hang:
    """A line that says ``after`` and then nothing more, until the turn is cancelled."""

    after: str = ""


Scriptline = str | AIMessage | BaseException | Hang
"""Words to say ("" for silence), a message with tool calls, an error to raise, or a `Hang`."""


class Scripted(StreamedModel):
    """Says its lines in order, one for each call, and is silent after the last.

    With ``tokens_per_second`` and ``first_token_seconds`` at 0 it does not sleep at all; its words
    still come one by one.
    """

    lines: tuple[Any, ...] = ()
    seed: int | None = None
    words: tuple[str, ...] = ()
    tokens_per_second: float = 0.0
    first_token_seconds: float = 0.0

    _spoken: int = PrivateAttr(default=0)

    def __init__(self, lines: Iterable[Scriptline] = (), **fields: Any) -> None:
        """Take the script as the first argument, the pace as keywords."""
        super().__init__(**{"lines": tuple(lines), **fields})

    @classmethod
    def improvising(
        cls,
        seed: int,
        *words: str,
        tokens_per_second: float = 0.0,
        first_token_seconds: float = 0.0,
    ) -> Self:
        """Speak without a script: each answer follows from seed, speaker and messages alone.

        ``words`` are what the agent likes to talk about. The same messages get the same answer in
        any process and after any crash.
        """
        return cls(
            seed=seed,
            words=words,
            tokens_per_second=tokens_per_second,
            first_token_seconds=first_token_seconds,
        )

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        line = self._next_line(messages)
        await self._wait(self.first_token_seconds)
        if isinstance(line, BaseException):
            raise line
        text = _text_of(line)
        for word in _words_of(text):
            yield piece(word)
            await self._wait(1 / self.tokens_per_second if self.tokens_per_second else 0)
        if isinstance(line, Hang):
            await asyncio.Event().wait()
        if isinstance(line, AIMessage) and line.tool_calls:
            yield _calls_of(line)
        yield last_piece(_usage(messages, text), model=self._llm_type)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return itself: which tools are called is written in the script."""
        return self

    @property
    def _llm_type(self) -> str:
        return "tertulia-scripted"

    def _next_line(self, messages: Sequence[BaseMessage]) -> Scriptline:
        if self.seed is not None:
            return improvise(self.seed, self.words, messages)
        self._spoken += 1
        script: Sequence[Scriptline] = self.lines
        return script[self._spoken - 1] if self._spoken <= len(script) else ""

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await asyncio.sleep(seconds)


def _text_of(line: str | AIMessage | Hang) -> str:
    match line:
        case Hang(after=text) | str(text):
            return text
        case AIMessage():
            return str(line.text)


def _words_of(text: str) -> Iterator[str]:
    """Cut a text into words that, joined, give it back."""
    start = 0
    for place, letter in enumerate(text):
        if letter.isspace() and place > start and not text[place - 1].isspace():
            yield text[start:place]
            start = place
    if text[start:]:
        yield text[start:]


def _calls_of(line: AIMessage) -> ChatGenerationChunk:
    calls = [
        tool_call_chunk(
            name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=place
        )
        for place, call in enumerate(line.tool_calls)
    ]
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=calls))


def _usage(messages: Sequence[BaseMessage], text: str) -> UsageMetadata:
    """Count words where a real model counts tokens."""
    read = sum(len(str(message.text).split()) for message in messages)
    written = len(text.split())
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
