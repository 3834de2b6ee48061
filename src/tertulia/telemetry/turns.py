"""A span for each turn of an agent, from its grant to its end. It decides nothing.

A turn is a trace of its own: rooms last for days, traces do not. It names its room as an attribute
and is linked to the utterance that it answers, and after a crash to its first attempt.
"""

from collections import OrderedDict
from collections.abc import Iterable

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from tertulia.orchestrator.events import (
    BargedIn,
    Event,
    Said,
    TurnInformed,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.room import RoomId, TurnId
from tertulia.telemetry import names
from tertulia.telemetry.course import Course, Fact, TurnOver
from tertulia.telemetry.ids import context_of, ids_of, wished

UTTERANCES = 4_096
"""Utterances whose span is remembered, for what answers them."""

LEFT = "handed_back"
"""The outcome of a turn that this process has no longer: it goes on elsewhere, or later."""


def ns(seconds: float) -> int:
    """Nanoseconds, as OpenTelemetry counts time."""
    return round(seconds * 1_000_000) * 1_000


class TurnSpans:
    """The spans of a house's turns, while they are under way."""

    def __init__(self, tracer: Tracer, course: Course) -> None:
        """None is under way."""
        self._tracer, self._course = tracer, course
        self._turns: dict[TurnId, Span] = {}
        self._running: set[TurnId] = set()
        self._over: dict[TurnId, tuple[Span, int]] = {}
        self._spoken: OrderedDict[tuple[RoomId, int], SpanContext] = OrderedDict()

    def of(self, turn: TurnId) -> Span | None:
        """The span of a turn that is under way."""
        return self._turns.get(turn)

    def begin(self, hold: Hold, now: float) -> Span:
        """An agent begins with a turn, or begins anew after a crash."""
        room = RoomId(hold.turn.rpartition("/")[0])
        opened, again = self._course.opened.get(room, 0.0), hold.attempt > 1
        ids = ids_of(hold.turn, opened, hold.attempt)
        with wished(ids):
            span = self._tracer.start_span(
                f"{names.INVOKE_AGENT} {hold.participant}",
                context=Context(),  # a trace of its own, whoever's post has woken the room
                attributes=_about(hold, room),
                start_time=ns(now if again else hold.since),
            )
        asked = None if hold.answers is None else self._spoken.get((room, hold.answers))
        if asked is not None:
            span.add_link(asked, {names.LINK: "answers"})
        if again and span.get_span_context().trace_id == ids[0]:
            span.add_link(context_of(ids_of(hold.turn, opened, 1)), {names.LINK: "attempt"})
        self._turns[hold.turn] = span
        return span

    def started(self, turn: TurnId) -> Span | None:
        """The agent is at work, in a task of its own; its span."""
        self._running.add(turn)
        return self._turns.get(turn)

    def stopped(self, turn: TurnId) -> None:
        """The agent is at work no longer: what it did within its turn has ended before that."""
        self._running.discard(turn)
        over = self._over.pop(turn, None)
        if over is not None:
            span, at = over
            span.end(at)

    def take(self, event: Event, fact: Fact | None, durable: float) -> None:
        """Take note of an event that was ``durable`` then, and of what it has ended."""
        match event.body:
            case Said(turn=None):
                self._posted(event, durable)
            case Said(turn=str() as turn):
                if (span := self._turns.get(TurnId(turn))) is not None:
                    self._remember(event, span)
            case BargedIn(turn=turn):
                self._note(event, turn, "barged_in")
            case TurnInformed(turn=turn):
                self._note(event, turn, "informed")
            case TurnParked(turn=turn):
                self._note(event, turn, "parked")
            case TurnReturned(turn=turn):
                self._note(event, turn, "returned")
        if isinstance(fact, TurnOver):
            self._end(event, fact)

    def let_go(self, turns: Iterable[TurnId], at: float) -> None:
        """This process has these turns no longer."""
        for turn in turns:
            span = self._turns.pop(turn, None)
            if span is not None:
                span.set_attribute(names.OUTCOME, LEFT)
                self._close(turn, span, at)

    def _posted(self, event: Event, durable: float) -> None:
        """What somebody said without the floor: from its being decided to its being durable."""
        about: dict[str, AttributeValue] = {names.CONVERSATION: event.room, names.SEQ: event.seq}
        span = self._tracer.start_span(
            "post", context=Context(), attributes=about, start_time=ns(event.at)
        )
        span.end(ns(max(durable, event.at)))
        self._remember(event, span)

    def _remember(self, event: Event, span: Span) -> None:
        self._spoken[event.room, event.seq] = span.get_span_context()
        if len(self._spoken) > UTTERANCES:
            self._spoken.popitem(last=False)

    def _note(self, event: Event, turn: TurnId, what: str) -> None:
        if (span := self._turns.get(turn)) is not None:
            span.add_event(what, {names.SEQ: event.seq}, ns(event.at))

    def _end(self, event: Event, over: TurnOver) -> None:
        span = self._turns.pop(over.body.turn, None)
        if span is None:
            return
        span.set_attributes(
            {
                names.OUTCOME: over.body.outcome.value,
                names.TURN_TOKENS: over.body.tokens,
                names.TURN_COST: over.body.cost,
            }
        )
        if over.parked_s:
            span.set_attribute(names.PARKED_S, round(over.parked_s, 6))
        if over.error is not None:
            span.set_attribute(names.ERROR_TYPE, over.error)
            span.set_status(Status(StatusCode.ERROR))
        self._close(over.body.turn, span, event.at)

    def _close(self, turn: TurnId, span: Span, at: float) -> None:
        """End a span, once the agent has let go of what it was at."""
        if turn in self._running:
            self._over[turn] = (span, ns(at))
        else:
            span.end(ns(at))


def _about(hold: Hold, room: RoomId) -> dict[str, AttributeValue]:
    about: dict[str, AttributeValue] = {
        names.OPERATION: names.INVOKE_AGENT,
        names.AGENT: hold.participant,
        names.CONVERSATION: room,
        names.TURN: hold.turn,
        names.ATTEMPT: hold.attempt,
        names.PRIVATE: hold.audience is not None,
    }
    if hold.answers is not None:
        about[names.ANSWERS] = hold.answers
    return about
