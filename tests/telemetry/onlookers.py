"""Telemetry whose spans, figures and lines a test can look at, and rooms that it watches."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from tertulia.compose import House
from tertulia.orchestrator.ports import Clock, Log
from tertulia.simulation import VirtualClock
from tertulia.telemetry import Telemetry, TurnIds


@dataclass
class Onlookers:
    """What was seen: ``spans`` that have ended, samples of figures, lines that were written."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    written: StringIO = field(default_factory=StringIO)
    content: bool = False
    headers: bool = True

    def __post_init__(self) -> None:
        self.provider = TracerProvider(id_generator=TurnIds(), shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = Telemetry(
            traces=self.provider,
            lines=self.written,
            registry=self.registry,
            content=self.content,
            headers=self.headers,
            tenants=2,
        )

    def house(self, log: str | Log = "memory:", clock: Clock | None = None) -> House:
        """A house that is watched, in virtual time unless another clock is given."""
        return House(log, clock=clock or VirtualClock(), telemetry=self.telemetry)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        return self.exporter.get_finished_spans()

    def span(self, name: str) -> ReadableSpan:
        """The only span of that name."""
        [found] = [span for span in self.spans if span.name == name]
        return found

    def tree(self) -> dict[str, str | None]:
        """Each span's name, with its parent's; posts left out."""
        names = {span.context.span_id: span.name for span in self.spans}
        return {
            span.name: None if span.parent is None else names.get(span.parent.span_id, "gone")
            for span in self.spans
            if span.name != "post"
        }

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    def figure(self, name: str, **labels: str) -> float:
        """A sample of a figure; 0 where nothing was counted."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def close(self) -> None:
        self.telemetry.close()
        self.provider.shutdown()
