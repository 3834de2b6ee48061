"""What every chat model of ours shares: it streams; other ways to call it collect the stream.

It never opens a connection, and it never blocks a running event loop.
"""

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import BaseChatModel, agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from tertulia.agents.alone import alone, refuse_in_a_loop


class StreamedModel(BaseChatModel):
    """A chat model of which only the asynchronous stream has to be written."""

    @property
    def slots_known(self) -> int | None:
        """How many calls it works on at once, if it knows; more than that wait inside it."""
        return None

    @abstractmethod
    def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Yield the answer as it comes, and at least one chunk, even for silence."""
        ...

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, **kwargs))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return alone(self._alone, messages, stop, **kwargs)

    async def _alone(
        self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any
    ) -> ChatResult:
        try:
            return await self._agenerate(messages, stop, **kwargs)
        finally:
            await self._leave()

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        refuse_in_a_loop()
        with asyncio.Runner() as runner:
            pieces = aiter(self._astream(messages, stop, **kwargs))
            try:
                while (one := runner.run(_next(pieces))) is not None:
                    yield one
            finally:
                runner.run(_closed(pieces))
                runner.run(self._leave())

    async def _leave(self) -> None:
        """Let go of what belongs to an event loop that ends with the answer."""

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        """Say what is traced: a model that has no name is called by its kind."""
        told = super()._get_ls_params(stop, **kwargs)
        return LangSmithParams(**{"ls_model_name": self._llm_type, **told})


_SILENT_MESSAGE = AIMessageChunk(content="")
_SILENCE = ChatGenerationChunk(message=_SILENT_MESSAGE)


def piece(text: str) -> ChatGenerationChunk:
    """Wrap a delta of text.

    It is a copy: that takes two thirds as long as to have it checked, for each token, that all
    the rest is empty.
    """
    update = {
        "content": text,
        "additional_kwargs": {},
        "response_metadata": {},
        "tool_calls": [],
        "invalid_tool_calls": [],
        "tool_call_chunks": [],
    }
    message = _SILENT_MESSAGE.model_copy(update=update)
    return _SILENCE.model_copy(update={"message": message, "text": text})


def last_piece(
    usage: UsageMetadata, *, model: str, reason: str = "stop", text: str = ""
) -> ChatGenerationChunk:
    """Wrap the end of an answer: what it cost, who gave it, and why it ended."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=text,
            usage_metadata=usage,
            response_metadata={"finish_reason": reason, "model_name": model},
            chunk_position="last",
        )
    )


async def _next(pieces: AsyncIterator[ChatGenerationChunk]) -> ChatGenerationChunk | None:
    return await anext(pieces, None)


async def _closed(pieces: AsyncIterator[ChatGenerationChunk]) -> None:
    if isinstance(pieces, AsyncGenerator):
        await pieces.aclose()
