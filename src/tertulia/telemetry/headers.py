"""Requests to model servers are part of the call that sends them, here and at the server.

While a request is sent, the span of the call is OpenTelemetry's current one: what traces HTTP by
itself finds it there. A server that traces too goes on with the trace by ``traceparent`` (W3C Trace
Context); the program's baggage is never sent.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from opentelemetry.context import attach, detach
from opentelemetry.trace import set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from tertulia.agents.connections import around_requests
from tertulia.telemetry import names
from tertulia.telemetry.context import CALL, around_here

_PROPAGATOR = TraceContextTextMapPropagator()


def follow_requests(*, headers: bool) -> Callable[[], None]:
    """Let them be so from now on, with ``traceparent`` or without; what is returned ends that."""

    @contextmanager
    def within(request: httpx.Request) -> Iterator[None]:
        span, here = CALL.get(), around_here()
        if span.is_recording():
            here = set_span_in_context(span, here)
            span.set_attribute(names.SERVER_ADDRESS, request.url.host)
            if request.url.port is not None:
                span.set_attribute(names.SERVER_PORT, request.url.port)
        if headers:
            _PROPAGATOR.inject(request.headers, here)
        token = attach(here)
        try:
            yield
        finally:
            detach(token)

    return around_requests(within)
