"""A span for each approval that persons are asked for, until it is settled. It decides nothing."""

from collections.abc import Callable

from opentelemetry.trace import Span, Tracer, set_span_in_context

from tertulia.orchestrator.events import ApprovalAsked, Event
from tertulia.orchestrator.room import RoomId
from tertulia.telemetry import names
from tertulia.telemetry.course import ApprovalOver, Fact
from tertulia.telemetry.turns import ns


class ApprovalSpans:
    """The approvals of a house that are waited for."""

    def __init__(self, tracer: Tracer, parent: Callable[[ApprovalAsked], Span | None]) -> None:
        """``parent`` finds the call, or at least the turn, that an approval is for."""
        self._tracer, self._parent = tracer, parent
        self._waiting: dict[tuple[RoomId, str], Span] = {}

    def take(self, event: Event, fact: Fact | None) -> None:
        """Take note of an event, and of what it has ended."""
        if isinstance(event.body, ApprovalAsked):
            self._ask(event, event.body)
        elif isinstance(fact, ApprovalOver):
            span = self._waiting.pop((event.room, fact.asked.approval), None)
            if span is not None:
                span.set_attribute(names.RULING, fact.ruling.value)
                span.end(ns(event.at))

    def let_go(self, room: RoomId, at: float) -> None:
        """This process has the room no longer."""
        for key in [key for key in self._waiting if key[0] == room]:
            self._waiting.pop(key).end(ns(at))

    def _ask(self, event: Event, asked: ApprovalAsked) -> None:
        parent = self._parent(asked)
        if parent is None:  # its turn does not run here
            return
        self._waiting[event.room, asked.approval] = self._tracer.start_span(
            f"approval {asked.tool}",
            context=set_span_in_context(parent),
            attributes={
                names.CONVERSATION: event.room,
                names.TURN: asked.turn,
                names.APPROVAL: asked.approval,
                names.MATTER: asked.kind.value,
                names.TOOL: asked.tool,
            },
            start_time=ns(event.at),
        )
