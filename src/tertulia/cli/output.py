"""How commands answer: errors that say what to do, JSON lines, pages for people."""

import asyncio
import functools
import json as jsonlib
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ParamSpec

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tertulia.orchestrator.errors import Broken, Invalid, TertuliaError, Unreachable

P = ParamSpec("P")

REFUSED, UNREACHABLE, BROKEN, STOPPED = 2, 3, 4, 130

TRACE = "TERTULIA_TRACE"
"""The environment variable that shows where an unexpected error came from."""


def failing_clearly(command: Callable[P, None]) -> Callable[P, None]:
    """Turn our errors into one sentence and an exit code: 2 refused, 3 try again, 4 broken."""

    @functools.wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> None:
        as_json = bool(options.get("json"))
        try:
            command(*args, **options)
            if sys.stdout is not None:
                sys.stdout.flush()  # what cannot be written is found out here, not at the exit
        except typer.Exit:
            raise
        except TertuliaError as error:
            _tell(type(error).__name__, str(error), as_json=as_json)
            raise typer.Exit(_code(error)) from None
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("stopped; what was acknowledged is kept", file=sys.stderr)
            raise typer.Exit(STOPPED) from None
        except BrokenPipeError:
            _write_no_more()  # whoever read us has gone, as `head` does
            raise typer.Exit(0) from None
        except Exception as error:
            if TRACE in os.environ:
                raise
            if isinstance(error, OSError):
                _write_no_more()
            _tell("Broken", _unexpected(error), as_json=as_json)
            raise typer.Exit(BROKEN) from None

    return run


def leave_in_peace() -> None:
    """Let Ctrl-C wait from now on: leaving takes seconds, and hands back what is unfinished.

    For a coroutine that has been asked to stop once.
    """
    with suppress(RuntimeError, ValueError):  # only the main thread hears signals
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise ``Invalid`` when the file at ``path`` cannot be written."""
    try:
        yield
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}; name another file"
        raise Invalid(where=str(path), what=what) from None


class _Page(Console):
    """A console that says when its reader has gone, instead of ending the program."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def page(*, stderr: bool = False) -> Console:
    """A page for people to read; colours only on a terminal, and none with ``NO_COLOR``."""
    return _Page(stderr=stderr, highlight=False, emoji=False)


def columns(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need: nothing is cut, however narrow the terminal."""
    lines = [heads, *rows]
    widths = [max(len(row[place]) for row in lines) for place in range(len(heads))]
    out = page()
    for number, row in enumerate(lines):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        text = "  ".join(cells).rstrip()
        out.print(Text(text, "" if number else "bold"), soft_wrap=True)


def line(value: Mapping[str, Any]) -> str:
    """A JSON line, the same for the same value."""
    return jsonlib.dumps(value, ensure_ascii=False, separators=(",", ":"))


HEADS = {
    "case": "case",
    "cpu_ms_per_turn": "cpu ms",
    "wall_ms_per_turn": "wall ms",
    "growth": "growth",
    "bytes_per_turn": "bytes",
    "kb_per_room": "KB a room",
    "ratio": "ratio",
}
"""What a table of a benchmark shows, where it fits on a terminal; ``--json`` has all of it."""


def print_bench(result: Mapping[str, Any], *, json: bool) -> None:
    """Print one benchmark's object; for people its cases as a table, or its figures."""
    if json:
        print(line(result))
        return
    cases = result.get("cases")
    if cases is None:
        for name, value in _figures(result):
            print(f"{name.replace('_', ' ')}: {value}")
        return
    shown = [key for key in HEADS if any(case.get(key) is not None for case in cases)]
    table = Table(title=f"bench {result['bench']}: a turn, and its ratio to the floor's")
    for key in shown:
        table.add_column(HEADS[key], justify="left" if key == "case" else "right")
    for case in cases:
        table.add_row(*(_cell(case.get(key)) for key in shown))
    page().print(table)


def _figures(result: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Each figure that was measured, by its name; those of a part by the part's name, too."""
    for name, value in result.items():
        if isinstance(value, Mapping):
            yield from _figures(value, f"{within}{name}, ")
        elif value is not None:
            yield f"{within}{name}", value


def print_figures(figures: Mapping[str, Any], *, json: bool) -> None:
    """Print an evaluation's object, or a table of its figures with their intervals."""
    if json:
        print(line(figures))
        return
    table = Table(title=f"eval {figures['eval']}, {figures['split']}")
    for column in ("figure", "value", "95 %", "questions"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for name in (key.removesuffix("_ci") for key in figures if key.endswith("_ci")):
        ends = "–".join(map(_cell, figures[f"{name}_ci"] or ()))
        table.add_row(name, _cell(figures[name]), ends, str(figures[f"{name}_n"]))
    page().print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _code(error: TertuliaError) -> int:
    if isinstance(error, Unreachable):
        return UNREACHABLE
    return BROKEN if isinstance(error, Broken) else REFUSED


def _unexpected(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else "the output cannot be written: "
        return f"{place}{error.strerror}"
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"this should not have happened: {what}; to see where, set {TRACE}=1 and try again"


def _tell(name: str, message: str, *, as_json: bool) -> None:
    if as_json:
        print(line({"error": name, "message": message}), file=sys.stderr)
    else:
        told = Text("error:", "red").append(f" {message}", "default")
        page(stderr=True).print(told, soft_wrap=True)


def _write_no_more() -> None:
    """Let what is still buffered for a reader who has gone, or a full disk, fall away."""
    with suppress(OSError, ValueError, AttributeError):  # no such stream, or none of the system's
        stream = sys.stdout.fileno()
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
