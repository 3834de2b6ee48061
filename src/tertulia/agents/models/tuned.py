"""A model that several share, with one agent's own settings.

It has no queue and no connection of its own: what waits and runs is the shared model's.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import Field

from tertulia.agents.streaming import StreamedModel


class Tuned(StreamedModel):
    """Asks ``model`` with ``settings``; those of a single call count more.

    Prices are this agent's, where they differ.
    """

    model: StreamedModel
    settings: Mapping[str, Any] = Field(default_factory=dict)
    price_in: float | None = None
    price_out: float | None = None

    @property
    def _llm_type(self) -> str:
        return self.model._llm_type

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        wanted = {**self.settings, **kwargs}
        stream = self.model._astream(messages, stop, run_manager, **wanted)
        try:
            async for chunk in stream:
                yield chunk
        finally:
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()

    async def _leave(self) -> None:
        await self.model._leave()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools, as the shared model does it."""
        bound = self.model.bind_tools(tools, tool_choice=tool_choice, **kwargs)
        return self.bind(**getattr(bound, "kwargs", {}))
