"""The options that turn telemetry on for one command, and the telemetry that they ask for."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tertulia.orchestrator.errors import Invalid

if TYPE_CHECKING:  # nothing of it is imported unless it is asked for
    from tertulia.telemetry import Telemetry

Metrics = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, metavar="PORT", help="Serve metrics there; 0: any free port."),
]
Trace = Annotated[
    str | None,
    typer.Option(help="Trace turns: console, otlp (OTEL_* say where to), or console,otlp."),
]
LogJson = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Append what happens as JSON lines; -: standard error."),
]

EXPORTER = "OTEL_TRACES_EXPORTER"
"""OpenTelemetry's environment variable, for when ``--trace`` is not given."""

KNOWN = ("console", "otlp")


@contextmanager
def watched(
    metrics: int | None, trace: str | None, log_json: str | None
) -> "Iterator[Telemetry | None]":
    """The telemetry that these ask for, until the block is left; ``None``: none.

    Raises ``Invalid``, also where what it needs is not installed.
    """
    wanted = trace
    if wanted is None:
        asked = os.environ.get(EXPORTER, "").split(",")
        wanted = ",".join(kind for kind in map(str.strip, asked) if kind in KNOWN)
    if metrics is None and log_json is None and not wanted:
        yield None
        return
    try:
        from tertulia.telemetry import Telemetry
    except ImportError as error:
        what = f"needs {error.name}; run: pip install 'tertulia[telemetry]'"
        raise Invalid(where="telemetry", what=what) from None
    with Telemetry(port=metrics, traces=wanted or "none", lines=log_json) as telemetry:
        if telemetry.served is not None:
            print(f"metrics: {telemetry.served.url}", file=sys.stderr)
        yield telemetry
