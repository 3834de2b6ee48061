"""Requests to model servers say of which trace they are: a server that traces too goes on with it.

Only ``traceparent`` is sent (W3C Trace Context), never the program's baggage.
"""

from collections.abc import Callable

import httpx
from opentelemetry.trace import set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tertulia.agents.connections import before_requests
from tertulia.telemetry import names
from tertulia.telemetry.context import CALL, around_here

_PROPAGATOR = TraceContextTextMapPropagator()


def announce() -> Callable[[], None]:
    """Let them say so from now on; what is returned ends that."""
    return before_requests(_say)


async def _say(request: httpx.Request) -> None:
    span, here = CALL.get(), around_here()
    if span.is_recording():
        here = set_span_in_context(span, here)
        span.set_attribute(names.SERVER_ADDRESS, request.url.host)
        if request.url.port is not None:
            span.set_attribute(names.SERVER_PORT, request.url.port)
    _PROPAGATOR.inject(request.headers, here)
