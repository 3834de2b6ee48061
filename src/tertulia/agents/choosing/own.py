"""Models in this process, each held to its answers in a way of its own, alone or in a pool.

In a pool each server is held as it can be: those in this process in their own ways, those behind a
URL by what is bound for all of them. The call is placed, cancelled and counted as any other.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.choosing.answers import Schema, one_of
from tertulia.agents.choosing.constraints import response_format
from tertulia.agents.choosing.likelihood import Scoring
from tertulia.agents.choosing.local import MOST_TOKENS, filled, forced, most_tokens
from tertulia.agents.choosing.schemas import bounded
from tertulia.agents.embedded import Embedded
from tertulia.agents.local.model import Local
from tertulia.agents.pool.model import Pooled
from tertulia.agents.streaming import StreamedModel

MOST_LETTERS = 100
"""In a text that the embedded model fills in: left alone, it goes round in circles."""

Chunks: TypeAlias = AsyncGenerator[ChatGenerationChunk, None]
Way: TypeAlias = Callable[[list[BaseMessage]], Chunks]
"""From messages, with what others are told about the form of the answer, to the answer."""


class Own(StreamedModel):
    """A model that gives one answer in its own way, whatever its neighbours are bound by.

    ``max_tokens`` is what that may come to, for budgets that must not be exceeded.
    """

    model: Any
    way: Way
    max_tokens: int | None = None
    price_in: float | None = None
    price_out: float | None = None

    @property
    def slots_known(self) -> int | None:
        """As many as the model's."""
        known: int | None = getattr(self.model, "slots_known", None)
        return known

    @property
    def _llm_type(self) -> str:
        return str(getattr(self.model, "_llm_type", type(self.model).__name__))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Chunks:
        async with aclosing(self.way(messages)) as chunks:
            async for chunk in chunks:
                chunk.message.response_metadata["own"] = True
                yield chunk


def inside(model: Any, own: Callable[[Any], Own | None]) -> Any:
    """The model, or the pool, in which each that can be held in its own way is held so."""
    if not isinstance(model, Pooled):
        return own(model) or model
    endpoints = {
        name: replace(endpoint, model=inside(endpoint.model, own))
        for name, endpoint in model.endpoints.items()
    }
    if all(endpoint.model is model.endpoints[name].model for name, endpoint in endpoints.items()):
        return model
    _ = model.calls  # made of the servers as they are; a copy of pydantic's shares them
    return model.model_copy(update={"endpoints": endpoints})


def scored(
    messages: list[BaseMessage], question: str, options: Sequence[str], model: Any
) -> Own | None:
    """A model that says how likely each option is; ``None`` for one that cannot."""
    asking = f"{question} {one_of(options)}".lstrip()
    asked = [*messages, HumanMessage(asking)]
    if isinstance(model, Embedded):
        most = most_tokens(question, options)
        return _own(model, lambda _: forced(model, messages, question, options), most)
    if isinstance(model, Local):
        return _own(model, lambda _: model._astream(asked, answers=options), 1)
    if isinstance(model, Scoring):
        return _own(model, lambda _: _told(model, messages, asking, options))
    return None


def held(schema: Schema, place: int, model: Any) -> Own | None:
    """A model that fills in a schema; ``None`` for one that cannot be held to it.

    At ``place`` among the messages is what others are told about the form, which confuses the
    embedded model.
    """
    if isinstance(model, Embedded):
        short = bounded(schema, MOST_LETTERS)

        def without(messages: list[BaseMessage]) -> Chunks:
            return filled(model, [*messages[:place], *messages[place + 1 :]], short)

        return _own(model, without, MOST_TOKENS)
    if isinstance(model, Local):
        form = response_format(schema)
        return _own(model, lambda messages: model._astream(messages, **form), model.max_tokens)
    return None


def _own(model: Any, way: Way, most: int | None = None) -> Own:
    read, written = (getattr(model, name, None) for name in ("price_in", "price_out"))
    return Own(model=model, way=way, max_tokens=most, price_in=read, price_out=written)


async def _told(
    model: Scoring, messages: list[BaseMessage], asking: str, options: Sequence[str]
) -> Chunks:
    """What a model says by itself: it tells no tokens, so the likeliest is counted as said."""
    scores = dict(await model.likelihood(messages, asking, options))
    likeliest = max(scores, key=scores.__getitem__)
    yield ChatGenerationChunk(
        message=AIMessageChunk(content=likeliest, response_metadata={"scores": scores})
    )
