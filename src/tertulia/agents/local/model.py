"""A chat model of Hugging Face's in this process, shared by all agents that name it.

Answers of many rooms are written in one batch, each streamed; whoever leaves early frees its row
before the next token. Agents of one base model may have an adapter each (LoRA), which share its
weights and its batches.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from hashlib import blake2b
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import model_validator

from tertulia.agents.callers import caller
from tertulia.agents.local.bounds import bound
from tertulia.agents.local.chat import Calls
from tertulia.agents.local.questions import Piece, Question
from tertulia.agents.local.sampling import Sampling
from tertulia.agents.local.settings import Quantised, Settings
from tertulia.agents.local.sharing import worker_for
from tertulia.agents.local.worker import Worker
from tertulia.agents.streaming import StreamedModel, last_piece, piece
from tertulia.agents.transcript import speaker_of, transcript_of
from tertulia.agents.wire import NameTag


class Local(StreamedModel):
    """Answers as the agent named in the system message; make it with ``local``.

    The settings of the model are those of ``Settings``, those of drawing those of ``Sampling``. The
    same ``seed`` after the same messages says the same, in whatever company (see the docs for the
    one condition). ``first_token_seconds`` is how long an answer may wait to be begun.
    """

    path: str
    adapter: str = ""
    device: str = "auto"
    dtype: str = "auto"
    quantise: Quantised | None = None
    rows: int = 8
    context_tokens: int = 4_096
    kept_tokens: int = 8_192
    threads: int | None = None
    download: bool = False
    chat_template: str | None = None
    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 50
    repetition_penalty: float = 1.0
    max_tokens: int = 256
    seed: int = 0
    first_token_seconds: float = 60.0
    price_in: float | None = None
    price_out: float | None = None

    @model_validator(mode="after")
    def _can_be_used(self) -> "Local":
        _ = self.sampling
        self.settings.check(self.adapter)
        return self

    @property
    def settings(self) -> Settings:
        """What has to be equal for two of these to share a model."""
        return Settings(
            self.path,
            device=self.device,
            dtype=self.dtype,
            quantise=self.quantise,
            rows=self.rows,
            context_tokens=self.context_tokens,
            kept_tokens=self.kept_tokens,
            threads=self.threads,
            download=self.download,
            chat_template=self.chat_template,
        )

    @property
    def sampling(self) -> Sampling:
        """How freely it draws."""
        return Sampling(self.temperature, self.top_p, self.top_k, self.repetition_penalty)

    @property
    def worker(self) -> Worker:
        """The thread that this model shares with all others of the same settings."""
        return worker_for(self.settings)

    @property
    def _llm_type(self) -> str:
        return "tertulia-local"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncGenerator[ChatGenerationChunk, None]:
        question = self._question(messages, stop or [], **kwargs)
        tag, calls = NameTag(speaker_of(messages)), Calls()
        async with aclosing(self.worker.answer(question)) as pieces:
            async for heard in pieces:
                text = calls.take(heard.text) if question.tools else heard.text
                if heard.reason:
                    text = tag.take(text + calls.rest()) + tag.rest()
                    yield self._last(text, heard, calls, question.answers)
                elif text := tag.take(text):
                    yield piece(text)

    async def likelihood(
        self, messages: list[BaseMessage], question: str, answers: Sequence[str]
    ) -> dict[str, float]:
        """How likely each answer is after the messages and the question: nats a token.

        The answers are forced on the model, not drawn; ``tertulia.agents.choosing`` chooses by it.
        Raises ``ModelFailed``.
        """
        asked = [*messages, HumanMessage(question)] if question else messages
        async with aclosing(self._astream(asked, answers=answers)) as chunks:
            heard = [chunk.message.response_metadata async for chunk in chunks]
        scores: dict[str, float] = heard[-1]["scores"]
        return scores

    def _question(
        self,
        messages: list[BaseMessage],
        stop: list[str],
        *,
        tools: Sequence[dict[str, Any]] = (),
        tool_choice: str | dict[str, Any] | None = None,
        response_format: dict[str, Any] | None = None,
        max_tokens: int | None = None,
        answers: Sequence[str] = (),
        **_: Any,
    ) -> Question:
        who, held = caller(), bound(tools, tool_choice, response_format)
        others = [f"\n{name}:" for name in transcript_of(messages).others]
        return Question(
            messages,
            room=who.room,
            rank=int(who.rank),
            adapter=self.adapter,
            tools=tools,
            stops=[*stop, *([] if held else others)],
            most=max_tokens or self.max_tokens,
            sampling=self.sampling,
            seed=_seed(
                self.seed,
                [(message.type, message.name, str(message.content)) for message in messages],
            ),
            patience_seconds=self.first_token_seconds,
            answers=tuple(answers),
            bound=held,
        )

    def _last(
        self, text: str, heard: Piece, calls: Calls, answers: Sequence[str]
    ) -> ChatGenerationChunk:
        usage = UsageMetadata(
            input_tokens=heard.read,
            output_tokens=heard.written,
            total_tokens=heard.read + heard.written,
            input_token_details={"cache_read": heard.known},
        )
        reason = "tool_calls" if calls.calls else heard.reason
        chunk = last_piece(usage, model=self.settings.name, reason=reason, text=text)
        if heard.scores:
            scores = dict(zip(answers, heard.scores, strict=True))
            chunk.message.response_metadata["scores"] = scores
        if calls.calls and isinstance(chunk.message, AIMessageChunk):
            chunk.message.tool_call_chunks = [
                tool_call_chunk(name=call["name"], args=call["args"], id=f"call-{n}", index=n)
                for n, call in enumerate(calls.calls)
            ]
        return chunk

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools to a model whose chat template knows them; ``none`` offers none.

        With ``tool_choice`` any, required or the name of a tool, any model is held to a call of it.
        """
        offered = [] if tool_choice == "none" else [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=offered, tool_choice=tool_choice, **kwargs)


def local(path: str, adapter: str = "", **settings: Any) -> Local:
    """Get a chat model that runs in this process, from a folder or the id of a downloaded one.

    ``adapter`` is the folder of a LoRA adapter; agents with different ones share the base model.
    ``settings``: ``device`` (``auto``), ``dtype``, ``quantise`` (``8bit``, ``4bit``), ``rows`` (8
    answers at once), ``context_tokens``, ``temperature``, ``top_p``, ``top_k``, ``max_tokens``,
    ``seed``, ``download``; see ``Local``. Raises ``ModelMissing`` for what is not there.
    """
    return Local(path=path, adapter=adapter, **settings)


def named(name: str, **settings: Any) -> Local:
    """Get the model that a name tells: ``PATH``, or ``PATH#ADAPTER``. Raises ``ModelMissing``."""
    path, _, adapter = name.partition("#")
    return local(path, **{"adapter": adapter, **settings})


def _seed(*parts: object) -> int:
    """Mix into 64 bits, the same in every process."""
    return int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")
