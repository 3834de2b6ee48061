"""What LangChain tells of: models that are called, nodes that run, tools outside the ledger.

LangChain asks at each call which handlers there are; ``ONLOOKER`` is one wherever it is set, and it
is set in the tasks of rooms that are watched. So models and graphs are watched that were made
elsewhere, and where nobody watches nothing is asked.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.tracers.context import register_configure_hook
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
)
from opentelemetry.util.types import AttributeValue

from tertulia.agents.callers import caller
from tertulia.orchestrator.ports import Clock
from tertulia.orchestrator.present import PRESENT
from tertulia.telemetry import content, names
from tertulia.telemetry.answers import OURS, Answer, Asked, provider_of, told_by
from tertulia.telemetry.context import CALL, around, enter, leave
from tertulia.telemetry.turns import TurnSpans, ns

ONLOOKER: ContextVar[BaseCallbackHandler | None] = ContextVar("who watches models", default=None)
register_configure_hook(ONLOOKER, inheritable=True)

NODE = "graph:step:"
"""How LangGraph tags the run of a node."""

LEFT = (asyncio.CancelledError, GeneratorExit)


@dataclass(slots=True)
class _Run:
    """A run that has begun: its span, and of what it is."""

    span: Span
    since: float
    asked: Asked | None = None
    node: str = ""
    first_s: float | None = None


class Onlooker(BaseCallbackHandler):
    """Watches the models and graphs of one house."""

    run_inline = True  # in the task that calls, so that its context is ours
    sees_effects = False
    """Whether it knows of calls by the ledger, so that they need not be told of once more."""

    def __init__(
        self,
        tracer: Tracer,
        turns: TurnSpans,
        clock: Clock,
        *,
        content: bool,
        asked: Callable[[Asked, int], None],
        answered: Callable[[Answer], None],
        ran: Callable[[str, float], None],
    ) -> None:
        """Tell ``asked`` and ``answered`` of calls (and by how many more run), ``ran`` of nodes."""
        self._tracer, self._turns, self._clock, self._content = tracer, turns, clock, content
        self._asked, self._answered, self._ran = asked, answered, ran
        self._runs: dict[UUID, _Run] = {}

    # ---- models

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: Sequence[Sequence[BaseMessage]],
        *,
        run_id: UUID,
        **about: Any,
    ) -> None:
        """A model is asked."""
        asked = self._call_of(about)
        run = self._begin(run_id, f"{names.CHAT} {asked.model}", SpanKind.CLIENT, _told(asked))
        run.asked = asked
        CALL.set(run.span)
        if self._content and content.for_everybody():
            run.span.set_attribute(names.INPUT_MESSAGES, content.messages_of(messages))
        self._asked(asked, 1)

    def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: UUID, **about: Any) -> None:
        """A model that completes texts is asked: it counts as a chat."""
        self.on_chat_model_start(serialized, (), run_id=run_id, **about)

    def on_llm_new_token(
        self, token: Any, *, chunk: Any = None, run_id: UUID, **about: Any
    ) -> None:
        """A piece of the answer has come; the first one is noted."""
        run = self._runs.get(run_id)
        if run is None or run.first_s is not None:
            return
        if token or getattr(getattr(chunk, "message", None), "tool_call_chunks", None):
            now = self._clock.now()
            run.first_s = now - run.since
            run.span.add_event("first_token", timestamp=ns(now))

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **about: Any) -> None:
        """The answer is whole."""
        self._answer(run_id, response, None)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """It was left early, or something was wrong with it."""
        self._answer(run_id, about.get("response"), error)

    # ---- nodes of graphs

    def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: UUID, **about: Any) -> None:
        """A node begins, if it is one."""
        step = next((t for t in about.get("tags") or () if t.startswith(NODE)), None)
        node = str((about.get("metadata") or {}).get("langgraph_node", ""))
        if step is None or node in ("", "__start__"):
            return
        told: dict[str, AttributeValue] = {names.NODE: node, **_whose()}
        told[names.STEP] = int(step.removeprefix(NODE))
        run = self._begin(run_id, f"node {node}", SpanKind.INTERNAL, told)
        run.node = node
        enter(run.span)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **about: Any) -> None:
        """A node has done what it does."""
        self._end_node(run_id, None)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """A node has failed, or waits; then it begins again later."""
        self._end_node(run_id, error)

    # ---- tools of which the ledger knows nothing

    def on_tool_start(self, serialized: Any, input_str: str, *, run_id: UUID, **about: Any) -> None:
        """A tool is called; what goes by the ledger has its span already."""
        tool = str((serialized or {}).get("name") or about.get("name") or "tool")
        name = f"{names.EXECUTE_TOOL} {tool}"
        if getattr(get_current_span(), "name", "") != name:
            told = {names.OPERATION: names.EXECUTE_TOOL, names.TOOL: tool, **_whose()}
            enter(self._begin(run_id, name, SpanKind.INTERNAL, told).span)

    def on_tool_end(self, output: Any, *, run_id: UUID, **about: Any) -> None:
        """It has done what it does."""
        self._end(run_id, None)
        leave()

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **about: Any) -> None:
        """It has failed."""
        self._end(run_id, error)
        leave()

    # ---- all of them

    def _call_of(self, about: dict[str, Any]) -> Asked:
        metadata, params = about.get("metadata") or {}, about.get("invocation_params") or {}
        kind = str(params.get("_type") or "model")
        turn, who = PRESENT.get(), caller()
        wanted = {
            names.REQUEST_TEMPERATURE: metadata.get("ls_temperature"),
            names.REQUEST_MAX_TOKENS: metadata.get("ls_max_tokens"),
        }
        return Asked(
            model=str(metadata.get("ls_model_name") or kind).removeprefix(OURS),
            provider=provider_of(metadata, params),
            since=self._clock.now(),
            room=who.room if turn is None else turn.room,
            agent=who.participant if turn is None else turn.me.id,
            turn="" if turn is None else turn.id,
            settings={name: value for name, value in wanted.items() if value is not None},
        )

    def _begin(
        self, run_id: UUID, name: str, kind: SpanKind, told: dict[str, AttributeValue]
    ) -> _Run:
        now = self._clock.now()
        span = self._tracer.start_span(
            name, context=around(self._turns), kind=kind, attributes=told, start_time=ns(now)
        )
        run = self._runs[run_id] = _Run(span, now)
        return run

    def _answer(
        self, run_id: UUID, response: LLMResult | None, error: BaseException | None
    ) -> None:
        run = self._runs.get(run_id)
        if run is None or run.asked is None:
            return
        left = isinstance(error, LEFT)
        answer = Answer(
            run.asked,
            self._clock.now() - run.since,
            run.first_s,
            error=None if error is None or left else type(error).__name__,
            cancelled=left,
            **told_by(response),
        )
        run.span.set_attributes(_found(answer))
        if self._content and content.for_everybody():
            run.span.set_attribute(names.OUTPUT_MESSAGES, content.reply_of(response))
        self._end(run_id, error)
        self._asked(run.asked, -1)
        self._answered(answer)

    def _end_node(self, run_id: UUID, error: BaseException | None) -> None:
        run = self._runs.get(run_id)
        if run is not None and run.node:
            self._ran(run.node, self._clock.now() - run.since)
            self._end(run_id, error)

    def _end(self, run_id: UUID, error: BaseException | None) -> None:
        run = self._runs.pop(run_id, None)
        if run is None:
            return
        if isinstance(error, LEFT):
            run.span.set_attribute(names.CANCELLED, True)
        elif error is not None and _is_pause(error):
            run.span.set_attribute(names.WAITS, True)
        elif error is not None:
            run.span.set_attribute(names.ERROR_TYPE, type(error).__name__)
            run.span.set_status(Status(StatusCode.ERROR))
        run.span.end(ns(self._clock.now()))


def _whose() -> dict[str, AttributeValue]:
    turn = PRESENT.get()
    if turn is None:
        return {}
    return {names.CONVERSATION: turn.room, names.AGENT: turn.me.id, names.TURN: turn.id}


def _told(asked: Asked) -> dict[str, AttributeValue]:
    told: dict[str, AttributeValue] = {
        names.OPERATION: names.CHAT,
        names.PROVIDER: asked.provider,
        names.REQUEST_MODEL: asked.model,
        **asked.settings,
    }
    whose = {names.CONVERSATION: asked.room, names.AGENT: asked.agent, names.TURN: asked.turn}
    return told | {name: value for name, value in whose.items() if value}


def _found(answer: Answer) -> dict[str, AttributeValue]:
    found: dict[str, AttributeValue | None] = {
        names.RESPONSE_MODEL: answer.model,
        names.FINISH_REASONS: answer.reasons or None,
        names.INPUT_TOKENS: answer.read,
        names.OUTPUT_TOKENS: answer.written,
        names.CACHED_TOKENS: answer.cached,
        names.FIRST_CHUNK_S: None if answer.first_s is None else round(answer.first_s, 6),
    }
    return {name: value for name, value in found.items() if value is not None}


def _is_pause(error: BaseException) -> bool:
    """Whether LangGraph stops its run on purpose."""
    return any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__)
