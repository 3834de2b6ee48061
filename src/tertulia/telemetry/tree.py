"""Traces as pictures for people: each as a tree, printed when it is whole. Posts are left out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from tertulia.telemetry import names

KEPT = 10_000
"""Spans that wait for the rest of their trace, at most; then the oldest traces are printed."""

WIDTH = 44

POST = "post"


class TreeExporter(SpanExporter):
    """Prints each trace when its first span has ended; what ends later is a tree of its own."""

    def __init__(self, out: TextIO) -> None:
        """Print there."""
        self._out = out
        self._waiting: dict[int, list[ReadableSpan]] = {}
        self._count = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Print what is whole, and keep the rest."""
        for span in spans:
            if span.name == POST:
                continue
            trace = span.get_span_context().trace_id  # type: ignore[union-attr]  # an SDK span has one
            self._waiting.setdefault(trace, []).append(span)
            self._count += 1
            if span.parent is None:
                self._print(trace)
        while self._count > KEPT:
            self._print(next(iter(self._waiting)))
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Print what is left."""
        for trace in list(self._waiting):
            self._print(trace)

    def _print(self, trace: int) -> None:
        spans = self._waiting.pop(trace)
        self._count -= len(spans)
        self._out.write("\n".join(["", *tree(spans), ""]))
        self._out.flush()


def tree(spans: Sequence[ReadableSpan]) -> Iterator[str]:
    """The lines of a trace."""
    known = {span.context.span_id for span in spans}
    under: Mapping[int | None, list[ReadableSpan]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: span.start_time or 0):
        parent = span.parent.span_id if span.parent is not None else None
        under[parent if parent in known else None].append(span)
    for root in under[None]:
        yield from _lines(root, under, "", "")


def _lines(
    span: ReadableSpan, under: Mapping[int | None, list[ReadableSpan]], first: str, rest: str
) -> Iterator[str]:
    seconds = ((span.end_time or 0) - (span.start_time or 0)) / 1e9
    yield f"{first + span.name:<{WIDTH}} {seconds:8.3f} s  {told(span)}".rstrip()
    inner = under[span.context.span_id]
    for place, one in enumerate(inner, 1):
        last = place == len(inner)
        yield from _lines(
            one, under, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  ")
        )


def told(span: ReadableSpan) -> str:
    """What is worth a line of a span's attributes."""
    about: Mapping[str, Any] = span.attributes or {}
    found: list[str] = []
    if span.parent is None:
        found += [str(about[n]) for n in (names.TURN, names.CONVERSATION) if n in about][:1]
    if names.ATTEMPT in about and about[names.ATTEMPT] > 1:
        found.append(f"attempt {about[names.ATTEMPT]}")
    found += [str(about[n]) for n in (names.OUTCOME, names.POLICY, names.STATE) if n in about]
    found += [str(about[names.RULING])] if names.RULING in about else []
    if names.FIRST_CHUNK_S in about:
        found.append(f"first after {1000 * about[names.FIRST_CHUNK_S]:.0f} ms")
    if names.INPUT_TOKENS in about:
        found.append(f"{about[names.INPUT_TOKENS]} → {about[names.OUTPUT_TOKENS]} tokens")
    if names.POOL_SERVER in about:
        found.append(
            f"on {about[names.POOL_SERVER]} after {1000 * about[names.POOL_WAIT_S]:.0f} ms"
        )
    retried = sum(event.name == "retried" for event in span.events)
    found += ["retried once" if retried == 1 else f"retried {retried} times"] if retried else []
    found += ["cancelled"] if about.get(names.CANCELLED) else []
    found += ["waits"] if about.get(names.WAITS) else []
    found += [f"error {about[names.ERROR_TYPE]}"] if names.ERROR_TYPE in about else []
    return " · ".join(found)
