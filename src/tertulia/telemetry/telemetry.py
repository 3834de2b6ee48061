"""Everything that a program needs to say to have its rooms watched, in one value."""

import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import TracerProvider, get_tracer
from prometheus_client import CollectorRegistry, generate_latest

from tertulia.agents.pool.watching import Sighting, watch_every_pool
from tertulia.orchestrator.ports import Clock, Ledger, Log
from tertulia.telemetry import content as contents
from tertulia.telemetry.exporting import STDERR, Exporting, file_of, provider_of, served
from tertulia.telemetry.figures import Figures
from tertulia.telemetry.headers import follow_requests
from tertulia.telemetry.journal import Journal
from tertulia.telemetry.models import ModelFigures
from tertulia.telemetry.pools import PoolFigures, note
from tertulia.telemetry.watch import HouseWatch, Means
from tertulia.telemetry.watched import WatchedLedger, WatchedLog

TENANTS = 50
"""How many tenants have a label of their own; the others are ``other``."""

FLUSH_MS = 5_000


class Telemetry:
    """Watches houses: ``House(url, telemetry=Telemetry(port=9464))``.

    Figures are always counted: in ``registry`` (its own, unless you give yours), as text by
    ``page``, and served to this machine where a ``port`` is given. ``traces`` is ``console`` or
    ``otlp``, or a ``TracerProvider`` of yours; without it spans go to the one that the program has
    set up, if it has. ``lines`` is a file (``-``: standard error), or a
    logger, that JSON lines are written to.

    No text, no name of a person and no argument is in any of it. With ``content`` (or the variable
    ``OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`` of OpenTelemetry's) spans have what was
    said to models and tools and by them, but nothing of what is not for everybody. ``headers``:
    requests to model servers carry ``traceparent``. Raises ``Invalid``.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        traces: str | TracerProvider | None = None,
        lines: str | Path | TextIO | Any = None,
        registry: CollectorRegistry | None = None,
        meters: MeterProvider | None = None,
        content: bool | None = None,
        tenants: int = TENANTS,
        headers: bool = True,
    ) -> None:
        """Set it all up; ``close`` it, or leave that to the end of the process."""
        self.registry = CollectorRegistry() if registry is None else registry
        made = provider_of(traces) if isinstance(traces, str) else None
        self._own = made
        provider = made if isinstance(traces, str) else traces
        self._file = file_of(lines) if isinstance(lines, str | Path) else None
        logger = sys.stderr if lines == STDERR else self._file or lines
        self._journal = None if logger is None else Journal(logger)
        self._means = Means(
            get_tracer("tertulia", version("tertulia"), tracer_provider=provider),
            Figures(self.registry),
            ModelFigures(self.registry, meters),
            self._journal,
            contents.wanted() if content is None else content,
        )
        self._pools = PoolFigures(self.registry, tenants)
        self.served = None if port is None else served(self.registry, port)
        self._leave = [watch_every_pool(self._see), follow_requests(headers=headers)]

    def watch(self, log: Log, ledger: Ledger | None, clock: Clock) -> "Watching":
        """Watch a house: what its scheduler is to use in place of its log and its ledger."""
        return Watching(HouseWatch(self._means, clock, ledger=ledger is not None), log, ledger)

    def page(self) -> bytes:
        """The figures as Prometheus reads them, for those who have a server of their own."""
        return generate_latest(self.registry)

    def flush(self) -> None:
        """Export what has been traced; this waits, a few seconds at most."""
        if isinstance(self._own, Exporting):
            self._own.force_flush(FLUSH_MS)

    def close(self) -> None:
        """Watch nothing more, export what is left, and let go of port and file."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        if self.served is not None:
            self.served.close()
            self.served = None
        if isinstance(self._own, Exporting):
            self._own.shutdown()
        if self._file is not None:
            with suppress(OSError):  # a full disk: the journal has said so
                self._file.close()

    def __enter__(self) -> Self:
        """Watch."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def _see(self, seen: Sighting) -> None:
        self._pools.see(seen)
        note(seen)
        if self._journal is not None:
            self._journal.sighting(seen)


class Watching:
    """A house that is watched: what its scheduler is handed in place of its log and ledger."""

    def __init__(self, watch: HouseWatch, log: Log, ledger: Ledger | None) -> None:
        """Made by ``Telemetry.watch``."""
        self._watch = watch
        self.escort = watch.escort
        self.log = WatchedLog(log, watch)
        self.ledger = None if ledger is None else WatchedLedger(ledger, watch)
        tell = getattr(log, "tell_batches", None)
        if tell is not None:
            tell(watch.wrote_batch)

    def leave(self) -> None:
        """Watch it no longer."""
        self._watch.leave()
