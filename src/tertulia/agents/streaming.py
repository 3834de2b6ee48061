"""What every chat model of ours shares: it streams; other ways to call it collect the stream.

It never opens a connection, and it never blocks a running event loop.
"""

from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel, agenerate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from tertulia.agents.alone import alone


class StreamedModel(BaseChatModel):
    """A chat model of which only the asynchronous stream has to be written."""

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
        """Answer in an event loop that ends with the answer."""
        return await self._agenerate(messages, stop, **kwargs)


def piece(text: str) -> ChatGenerationChunk:
    """Wrap a delta of text."""
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


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
