"""Which span something is done in: the one that goes on in this task, else that of its turn.

LangChain tells of an end in a task of its own, where nothing can be undone in the task that called.
So what is over is passed over here, and the span of a model's call is not made OpenTelemetry's
current one while answers come: it is kept beside it, and is the current one while the request is
sent, which begins and ends in one context (``headers``).
"""

from contextvars import ContextVar

from opentelemetry.context import Context, attach, create_key, get_current, get_value, set_value
from opentelemetry.trace import INVALID_SPAN, Span, get_current_span, set_span_in_context

from tertulia.orchestrator.present import PRESENT
from tertulia.telemetry.turns import TurnSpans

OUTSIDE = create_key("tertulia-outside")

CALL: ContextVar[Span] = ContextVar("the call of a model that is made", default=INVALID_SPAN)


def enter(span: Span) -> None:
    """Let what is done in this task from now on be done in ``span``, while that goes on."""
    attach(set_value(OUTSIDE, around_here(), set_span_in_context(span)))


def leave() -> None:
    """Let what is done in this task from now on be done where it was before, if that is over."""
    attach(around_here())


def around_here() -> Context:
    """The context of this task, without spans that it had entered and that are over."""
    here = get_current()
    while not get_current_span(here).is_recording():
        outside = get_value(OUTSIDE, here)
        if not isinstance(outside, Context):
            break
        here = outside
    return here


def around(turns: TurnSpans) -> Context:
    """The context in which a span begins here."""
    here, turn = around_here(), PRESENT.get()
    own = None if turn is None else turns.of(turn.id)
    if own is None or get_current_span(here).is_recording():
        return here
    return set_span_in_context(own)
