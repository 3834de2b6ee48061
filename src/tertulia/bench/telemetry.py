"""What a turn costs that is watched, beside one that nobody watches."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from tertulia.bench.agents import one_node, plain
from tertulia.bench.meter import Case, calm_collector, result
from tertulia.bench.talk import Talk
from tertulia.compose import MEMORY
from tertulia.graphs import speaker_of
from tertulia.orchestrator import Speaker
from tertulia.telemetry import Telemetry, TurnIds


class _Nowhere(SpanExporter):
    """Lets spans go; what it costs to send them is not measured."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def bench_telemetry(agents: int, turns: int) -> dict[str, Any]:
    """Measure plain and graph agents in memory, watched more and more; ratios are to the first."""
    talk, cases = Talk(1, agents, turns), list[Case]()
    with calm_collector():
        for kind, speaker in (("plain functions", plain()), ("graphs", speaker_of(one_node()))):
            cases += _watched(talk, kind, speaker)
    return result("telemetry", cases, agents=agents, turns=turns)


def _watched(talk: Talk, kind: str, speaker: Speaker) -> Iterator[Case]:
    def measured(name: str, telemetry: Telemetry | None, floor: Case | None) -> Case:
        return asyncio.run(talk.measure(f"{kind}, {name}", MEMORY, speaker, floor, telemetry))

    alone = measured("nobody watches", None, None)
    yield alone
    with Telemetry(traces="none") as figures:
        yield measured("metrics", figures, alone)
    with _traces() as provider, Telemetry(traces=provider) as traces:
        yield measured("metrics and traces", traces, alone)
    with _traces() as provider, Telemetry(traces=provider, lines=Path(os.devnull)) as whole:
        yield measured("metrics, traces and lines", whole, alone)


@contextmanager
def _traces() -> Iterator[TracerProvider]:
    provider = TracerProvider(id_generator=TurnIds(), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(_Nowhere()))
    yield provider
    provider.shutdown()
