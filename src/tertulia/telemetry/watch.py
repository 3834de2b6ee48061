"""One house that is watched: what it does is counted, traced and written down. It changes nothing.

Whatever breaks here is logged and does no harm: what was committed has been committed.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

from opentelemetry.context import Context, attach
from opentelemetry.trace import (
    SpanContext,
    Tracer,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

from tertulia.orchestrator.effects import Effect, EffectId, EffectState
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.ports import Batch, Clock, Reply
from tertulia.orchestrator.room import RoomId, TurnId
from tertulia.orchestrator.running import Deliver
from tertulia.orchestrator.turns import Speaker, Turn
from tertulia.telemetry.answers import Answer
from tertulia.telemetry.approvals import ApprovalSpans
from tertulia.telemetry.calls import ONLOOKER, Onlooker
from tertulia.telemetry.course import Course
from tertulia.telemetry.effects import OVER, EffectSpans
from tertulia.telemetry.figures import Figures
from tertulia.telemetry.journal import Journal
from tertulia.telemetry.models import ModelFigures
from tertulia.telemetry.turns import TurnSpans

P = ParamSpec("P")

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """What a house is watched with; ``journal`` is ``None`` where nothing is written down."""

    tracer: Tracer
    figures: Figures
    models: ModelFigures
    journal: Journal | None
    content: bool


def _harmless(told: Callable[P, None]) -> Callable[P, None]:
    """Log what breaks in it, and go on."""

    @wraps(told)
    def tell(*args: P.args, **more: P.kwargs) -> None:
        try:
            told(*args, **more)
        except Exception:
            _LOG.exception("telemetry failed in %s", told.__name__)

    return tell


class HouseWatch:
    """Watches the rooms of one house."""

    def __init__(self, means: Means, clock: Clock, *, ledger: bool) -> None:
        """Nothing is under way; without a ``ledger``, tools are seen where LangChain tells."""
        self._means, self._clock = means, clock
        self.course = Course()
        self._rooms: set[RoomId] = set()
        self._effects: dict[EffectId, float] = {}
        self.turns = TurnSpans(means.tracer, self.course)
        self.calls = EffectSpans(means.tracer, self.turns, clock, content=means.content)
        self.approvals = ApprovalSpans(means.tracer, self.calls.parent)
        self.onlooker = Onlooker(
            means.tracer,
            self.turns,
            clock,
            content=means.content,
            asked=means.models.asked,
            answered=self._answered,
            ran=means.figures.node,
        )
        self.onlooker.sees_effects = ledger
        means.figures.watch(self.course, lambda: len(self._rooms))

    def leave(self) -> None:
        """Watch it no longer."""
        self._means.figures.leave(self.course)

    # ---- the log

    @_harmless
    def opened(self, floor: Floor, at: dict[int, float]) -> None:
        """A room is live here."""
        self._rooms.add(floor.room)
        self.course.take_over(floor, at)

    def begin(self) -> float:
        """A room's task is about to append; whatever it begins afterwards is watched too.

        It runs in the context of whoever has woken the room, whose span this is none of.
        """
        attach(Context())
        ONLOOKER.set(self.onlooker)
        return self._clock.now()

    @_harmless
    def committed(self, batch: Batch, began: float) -> None:
        """Events are durable."""
        now, figures = self._clock.now(), self._means.figures
        figures.commit_s.observe(now - began)
        figures.commit_events.observe(len(batch.events))
        for event in batch.events:
            self._happened(event, now)

    @_harmless
    def not_committed(self, batch: Batch, error: BaseException) -> None:
        """They could not be written."""
        self._means.figures.commit_failures.labels(type(error).__name__).inc()
        if self._means.journal is not None:
            self._means.journal.not_committed(batch.room, error, self._clock.now())

    @_harmless
    def left(self, room: RoomId) -> None:
        """A room is live here no longer."""
        now = self._clock.now()
        self._rooms.discard(room)
        for name in [name for name in self._effects if name.startswith(f"{room}/")]:
            del self._effects[name]
        self.approvals.let_go(room, now)
        self.calls.let_go(room, now)
        self.turns.let_go([turn.turn for turn in self.course.let_go(room)], now)

    def _happened(self, event: Event, now: float) -> None:
        fact, trace = self.course.take(event), self._trace(event)
        self._means.figures.event(event, fact)
        self.approvals.take(event, fact)
        self.turns.take(event, fact, now)
        if self._means.journal is not None:
            kind = self.course.kind(event.room, event.by)
            self._means.journal.event(event, kind, fact, trace)

    def _trace(self, event: Event) -> Mapping[str, str]:
        return self._trace_of(getattr(event.body, "turn", None))

    def _trace_of(self, turn: TurnId | None) -> Mapping[str, str]:
        span = None if turn is None or self._means.journal is None else self.turns.of(turn)
        return _ids(span.get_span_context()) if span is not None else {}

    @_harmless
    def wrote_batch(self, jobs: int, seconds: float) -> None:
        """The writer has done so many jobs in one transaction."""
        self._means.figures.batch(jobs, seconds)

    # ---- turns

    def escort(self, hold: Hold, speaker: Speaker, deliver: Deliver) -> tuple[Speaker, Deliver]:
        """Go along with a turn that begins here."""
        self._begun(hold)
        return self._speaking(speaker), _FirstWord(deliver, lambda: self._first_word(hold.turn))

    @_harmless
    def _begun(self, hold: Hold) -> None:
        self.turns.begin(hold, self._clock.now())

    def _speaking(self, speaker: Speaker) -> Speaker:
        async def speak(turn: Turn) -> Reply | str | None:
            span = self.turns.started(turn.id)
            attach(Context() if span is None else set_span_in_context(span, Context()))
            ONLOOKER.set(self.onlooker)
            try:
                return await speaker(turn)
            except Exception as error:
                self.course.failed(turn.id, error)
                raise
            finally:
                self.turns.stopped(turn.id)

        return speak

    @_harmless
    def _first_word(self, turn: TurnId) -> None:
        now = self._clock.now()
        fact = self.course.first_word(turn, now)
        if fact is not None:
            self._means.figures.fact(fact)
            if self._means.journal is not None:
                self._means.journal.first_word(fact, now)

    # ---- what turns do

    @_harmless
    def wrote(self, effect: Effect) -> None:
        """An effect is about to be queued for the ledger."""
        now, journal = self._clock.now(), self._means.journal
        self.calls.write(effect)
        if effect.state not in OVER:
            self._effects.setdefault(effect.id, now)
            return
        began = self._effects.pop(effect.id, None)
        said = effect.state is EffectState.UNCERTAIN or effect.decided_by is not None
        if began is None and not said:
            return  # an outcome that is written once more, since it could not be written before
        seconds = None if began is None else now - began
        self._means.figures.effect(effect, seconds)
        if journal is not None:
            journal.effect(effect, seconds, now)

    @_harmless
    def _answered(self, answer: Answer) -> None:
        self._means.models.answered(answer)
        if self._means.journal is not None:
            turn = TurnId(answer.asked.turn) if answer.asked.turn else None
            self._means.journal.answer(answer, self._trace_of(turn))


class _FirstWord:
    """Passes on what is said, and tells of the first word."""

    __slots__ = ("_deliver", "_heard", "_tell")

    def __init__(self, deliver: Deliver, tell: Callable[[], None]) -> None:
        self._deliver, self._tell, self._heard = deliver, tell, False

    def __call__(self, text: str) -> None:
        if not self._heard and text.strip():
            self._heard = True
            self._tell()
        self._deliver(text)


def _ids(context: SpanContext) -> Mapping[str, str]:
    if not context.is_valid:
        return {}
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
    }
