"""Where traces, figures and lines go: providers, a page of metrics, files, made by name."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace import TracerProvider as Exporting
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.trace import NoOpTracerProvider, TracerProvider
from prometheus_client import CollectorRegistry, start_http_server

from tertulia.orchestrator.errors import Invalid
from tertulia.telemetry.ids import TurnIds
from tertulia.telemetry.tree import TreeExporter

KINDS = ("console", "otlp", "none")
LOCAL, STDERR = "127.0.0.1", "-"

__all__ = ["STDERR", "Exporting", "Page", "file_of", "provider_of", "served"]


def provider_of(kinds: str) -> TracerProvider:
    """What makes spans and exports them: ``console``, ``otlp``, both (``console,otlp``), ``none``.

    ``otlp`` sends them over HTTP, where OpenTelemetry's environment variables say
    (``OTEL_EXPORTER_OTLP_ENDPOINT``: http://localhost:4318). Raises ``Invalid``.
    """
    wanted = [kind.strip() for kind in kinds.split(",") if kind.strip() not in ("", "none")]
    if not wanted:
        return NoOpTracerProvider()
    processors = [_processor(kind) for kind in wanted]
    own = Resource({SERVICE_NAME: "tertulia"})
    provider = Exporting(resource=own.merge(_told()), id_generator=TurnIds())
    for processor in processors:
        provider.add_span_processor(processor)
    return provider


def _told() -> Resource:
    """What the environment says of this service, beside what is the same for all."""
    found = Resource.create()
    if found.attributes.get(SERVICE_NAME, "").startswith("unknown_service"):  # type: ignore[union-attr]
        return Resource({k: v for k, v in found.attributes.items() if k != SERVICE_NAME})
    return found


def _processor(kind: str) -> SpanProcessor:
    if kind == "console":
        return SimpleSpanProcessor(TreeExporter(sys.stderr))
    if kind == "otlp":
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            what = "is not installed; run: pip install 'tertulia[otlp]'"
            raise Invalid(where="the exporter of traces over OTLP", what=what) from None
        return BatchSpanProcessor(OTLPSpanExporter())
    what = f"there is no exporter {kind!r}; there are {', '.join(KINDS)}"
    raise Invalid(where="traces", what=what)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of metrics that is served."""

    server: Any
    thread: Any

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{LOCAL}:{self.server.server_port}/metrics"

    def close(self) -> None:
        """Serve it no longer."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def served(registry: CollectorRegistry, port: int) -> Page:
    """Serve figures to this machine alone; 0 is any port that is free. Raises ``Invalid``."""
    try:
        return Page(*start_http_server(port, addr=LOCAL, registry=registry))
    except (OSError, OverflowError) as error:
        what = f"port {port} cannot be used: {getattr(error, 'strerror', None) or error}"
        raise Invalid(where="the page of metrics", what=what) from None


def file_of(where: str | Path) -> TextIO | None:
    """The file that lines are appended to, which has to be closed. Raises ``Invalid``."""
    if where == STDERR:
        return None
    try:
        return Path(where).open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise Invalid(where=str(where), what=what) from None
