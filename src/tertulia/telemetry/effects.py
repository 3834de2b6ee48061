"""A span for each tool call that is written in the ledger, from its intent to its outcome.

It begins where the intent is queued, in the task that will call the tool, so that whatever the tool
does lies within it.
"""

from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import AttributeValue

from tertulia.orchestrator.effects import SETTLED, Effect, EffectId, EffectState
from tertulia.orchestrator.events import ApprovalAsked
from tertulia.orchestrator.ports import Clock
from tertulia.orchestrator.room import RoomId
from tertulia.telemetry import names
from tertulia.telemetry.context import around, enter
from tertulia.telemetry.turns import TurnSpans, ns

OVER = SETTLED | {EffectState.UNCERTAIN}
"""States that end the span of a call; one in doubt may be begun again."""

WRONG = frozenset({EffectState.FAILED, EffectState.UNCERTAIN})


class EffectSpans:
    """The tool calls of a house that are under way."""

    def __init__(self, tracer: Tracer, turns: TurnSpans, clock: Clock, *, content: bool) -> None:
        """With ``content``, arguments and results of calls that everybody may see are told too."""
        self._tracer, self._turns, self._clock, self._content = tracer, turns, clock, content
        self._calls: dict[EffectId, Span] = {}

    def parent(self, asked: ApprovalAsked) -> Span | None:
        """The call that an approval is about, or its turn."""
        name = EffectId(asked.approval.partition("/uncertain-")[0])
        return self._calls.get(name) or self._turns.of(asked.turn)

    def write(self, effect: Effect) -> None:
        """Take note of what is queued for the ledger, in the task that makes the call."""
        span = self._calls.get(effect.id)
        if effect.state in OVER:
            if span is not None:
                del self._calls[effect.id]
                self._end(span, effect)
        elif span is None:
            self._begin(effect)
        elif effect.state is EffectState.RUNNING:
            span.add_event("running", timestamp=ns(self._clock.now()))

    def let_go(self, room: RoomId, at: float) -> None:
        """This process has the room no longer."""
        for name in [name for name in self._calls if name.startswith(f"{room}/")]:
            self._calls.pop(name).end(ns(at))

    def _begin(self, effect: Effect) -> None:
        span = self._tracer.start_span(
            f"{names.EXECUTE_TOOL} {effect.tool}",
            context=around(self._turns),
            kind=SpanKind.INTERNAL,
            attributes=_about(effect),
            start_time=ns(self._clock.now()),
        )
        if self._content and effect.audience is None:
            span.set_attribute(names.TOOL_ARGUMENTS, effect.arguments)
        self._calls[effect.id] = span
        enter(span)

    def _end(self, span: Span, effect: Effect) -> None:
        span.set_attribute(names.STATE, effect.state.value)
        span.set_attribute(names.EFFECT_ATTEMPT, effect.attempt)
        if self._content and effect.audience is None:
            span.set_attribute(names.TOOL_RESULT, effect.result)
        if effect.state in WRONG:
            span.set_attribute(names.ERROR_TYPE, effect.state.value)
            span.set_status(Status(StatusCode.ERROR))
        span.end(ns(self._clock.now()))


def _about(effect: Effect) -> dict[str, AttributeValue]:
    return {
        names.OPERATION: names.EXECUTE_TOOL,
        names.TOOL: effect.tool,
        names.TOOL_TYPE: "function",
        names.TOOL_CALL: effect.id.removeprefix(f"{effect.turn}/"),
        names.AGENT: effect.participant,
        names.CONVERSATION: effect.room,
        names.TURN: effect.turn,
        names.EFFECT: effect.id,
        names.POLICY: effect.policy.value,
    }
