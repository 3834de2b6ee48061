"""What pools of model servers do, counted, and noted on the span of the call."""

from opentelemetry.util.types import AttributeValue
from prometheus_client import CollectorRegistry

from tertulia.agents.pool.watching import (
    Began,
    Call,
    Came,
    Closed,
    Ended,
    Hedged,
    Opened,
    Placed,
    Probed,
    Retried,
    Sighting,
)
from tertulia.telemetry import names
from tertulia.telemetry.context import CALL
from tertulia.telemetry.instruments import CALL_S, SLOW_S, Instruments
from tertulia.telemetry.labels import Bounded

NOBODY = "none"
"""The tenant of calls that are for none in particular."""

SERVER = ("pool", "server")


class PoolFigures:
    """What the pools of this process have waiting and running, and how long calls waited."""

    def __init__(self, registry: CollectorRegistry, tenants: int) -> None:
        """Register them; so many ``tenants`` at most have a label of their own."""
        self._tenant, self._server = Bounded(tenants), Bounded()
        self._queued: set[tuple[str, int]] = set()
        self._running: dict[tuple[str, int], list[str]] = {}
        make = Instruments(registry)
        self.queue = make.gauge(
            "tertulia_pool_queue_length", "Calls that wait for a server.", "pool"
        )
        self.running = make.gauge(
            "tertulia_pool_in_flight", "Calls that a server is at work on.", *SERVER
        )
        self.open = make.gauge(
            "tertulia_pool_breaker_open", "1 while a server is left alone.", *SERVER
        )
        self.wait_s = make.histogram(
            "tertulia_pool_wait_seconds",
            "How long a call waited for a server.",
            CALL_S,
            "pool",
            "tenant",
        )
        self.first_s = make.histogram(
            "tertulia_pool_first_token_seconds",
            "From sending a call to a server to its first token.",
            CALL_S,
            *SERVER,
        )
        self.call_s = make.histogram(
            "tertulia_pool_call_seconds",
            "From a call's coming to its end.",
            SLOW_S,
            "pool",
            "outcome",
        )
        self.retries = make.counter(
            "tertulia_pool_retries_total", "Calls sent again.", *SERVER, "error"
        )
        self.hedges = make.counter(
            "tertulia_pool_hedges_total", "Calls sent to a second server too.", *SERVER
        )
        self.probes = make.counter(
            "tertulia_pool_probes_total", "How servers were found.", *SERVER, "outcome"
        )
        self.tokens = make.counter(
            "tertulia_pool_tokens_total", "Tokens of calls.", "pool", "tenant", "type"
        )
        self.cost = make.counter("tertulia_pool_cost_total", "What calls cost.", "pool", "tenant")

    def see(self, seen: Sighting) -> None:
        """Count what is seen, in the task that makes the call."""
        match seen:
            case Came(call=call):
                self._waits(call)
            case Placed(call=call, server=server, waited_s=waited_s):
                self._goes(call)
                self._runs(call, server)
                self.wait_s.labels(call.pool, self._whose(call)).observe(waited_s)
            case Began(call=call, server=server, first_s=first_s):
                self.first_s.labels(call.pool, self._server(server)).observe(first_s)
                self._wins(call, server)
            case Retried(call=call, server=server, error=error):
                self._leaves(call)
                self._waits(call)
                kind = type(error).__name__
                self.retries.labels(call.pool, self._server(server), kind).inc()
            case Hedged(call=call, second=second):
                self._runs(call, second)
                self.hedges.labels(call.pool, self._server(second)).inc()
            case Opened(pool=pool, server=server):
                self.open.labels(pool, self._server(server)).set(1)
            case Closed(pool=pool, server=server):
                self.open.labels(pool, self._server(server)).set(0)
            case Probed(pool=pool, server=server, error=error):
                found = "well" if error is None else type(error).__name__
                self.probes.labels(pool, self._server(server), found).inc()
            case Ended():
                self._ended(seen)

    def _ended(self, seen: Ended) -> None:
        call, pool = seen.call, seen.call.pool
        self._goes(call)
        self._leaves(call)
        outcome = "answered" if seen.error is None else type(seen.error).__name__
        self.call_s.labels(pool, outcome).observe(seen.seconds)
        whose = self._whose(call)
        self.tokens.labels(pool, whose, "input").inc(seen.read)
        self.tokens.labels(pool, whose, "output").inc(seen.written)
        self.cost.labels(pool, whose).inc(seen.cost)

    def _waits(self, call: Call) -> None:
        if (call.pool, call.number) not in self._queued:
            self._queued.add((call.pool, call.number))
            self.queue.labels(call.pool).inc()

    def _goes(self, call: Call) -> None:
        if (call.pool, call.number) in self._queued:
            self._queued.remove((call.pool, call.number))
            self.queue.labels(call.pool).dec()

    def _runs(self, call: Call, server: str) -> None:
        self._running.setdefault((call.pool, call.number), []).append(server)
        self.running.labels(call.pool, self._server(server)).inc()

    def _wins(self, call: Call, server: str) -> None:
        """Where two were at work on it, the other one is called off."""
        key = (call.pool, call.number)
        for other in self._running.get(key, ()):
            if other != server:
                self.running.labels(call.pool, self._server(other)).dec()
        if key in self._running:
            self._running[key] = [server]

    def _leaves(self, call: Call) -> None:
        for server in self._running.pop((call.pool, call.number), ()):
            self.running.labels(call.pool, self._server(server)).dec()

    def _whose(self, call: Call) -> str:
        return self._tenant(call.caller.tenant) if call.caller.tenant else NOBODY


def note(seen: Sighting) -> None:
    """Note on the span of the call where it went, how long it waited, and what was tried again."""
    span = CALL.get()
    if not span.is_recording():
        return
    match seen:
        case Came(call=call):
            span.set_attribute(names.POOL, call.pool)
            if call.caller.tenant:
                span.set_attribute(names.TENANT, call.caller.tenant)
        case Placed(server=server, waited_s=waited_s):
            placed: dict[str, AttributeValue] = {names.POOL_SERVER: server}
            placed[names.POOL_WAIT_S] = round(waited_s, 6)
            span.set_attributes(placed)
            span.add_event("placed", placed)
        case Retried(server=server, error=error):
            wrong = {names.POOL_SERVER: server, names.ERROR_TYPE: type(error).__name__}
            span.add_event("retried", wrong)
        case Hedged(second=second):
            span.set_attribute(names.HEDGED, True)
            span.add_event("hedged", {names.POOL_SERVER: second})
