"""A chat model that plays one part of a script: it reads in the room how far the play has come.

It keeps nothing. What it has said itself in the conversation tells its line, what its tools have
answered in this turn tells the place in it; so the same conversation gets the same call with the
same id in any process, after any crash.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from tertulia.agents.streaming import StreamedModel, piece
from tertulia.evaluation.tasks.script import Ask, Line, spoken


class Actor(StreamedModel):
    """Plays ``part``, thinking at most ``pause_s`` seconds before each answer; then is silent."""

    part: tuple[Line, ...]
    pause_s: float = 0.0
    seed: str = ""

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        place, seen = spoken_lines(messages), answers(messages)
        if self.pause_s:
            chance = Random(f"{self.seed}/{place}/{len(seen)}")  # noqa: S311 - a delay is no secret
            await asyncio.sleep(chance.random() * self.pause_s)
        if place >= len(self.part):
            yield piece("")
            return
        line = self.part[place]
        if len(seen) < len(line.asks):
            yield _calling(line.asks[len(seen)])
        else:
            yield piece(spoken(line, seen))

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
        return "tertulia-actor"


def spoken_lines(messages: Sequence[BaseMessage]) -> int:
    """How many lines the one who reads these messages has spoken."""
    return sum(isinstance(one, AIMessage) and not one.tool_calls for one in messages)


def answers(messages: Sequence[BaseMessage]) -> list[str]:
    """What tools have answered in this turn."""
    return [str(one.text) for one in messages if isinstance(one, ToolMessage)]


def _calling(ask: Ask) -> ChatGenerationChunk:
    call = tool_call_chunk(name=ask.tool, args=json.dumps(dict(ask.arguments)), id=ask.id, index=0)
    return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))
