"""How commands answer: errors that say what to do, JSON lines, tables."""

import asyncio
import functools
import json as jsonlib
import sys
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

import typer
from rich.console import Console
from rich.table import Table

from tertulia.orchestrator.errors import Broken, TertuliaError, Unreachable

P = ParamSpec("P")

REFUSED, UNREACHABLE, BROKEN, STOPPED = 2, 3, 4, 130


def failing_clearly(command: Callable[P, None]) -> Callable[P, None]:
    """Turn our errors into one sentence and an exit code: 2 refused, 3 try again, 4 broken."""

    @functools.wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> None:
        try:
            command(*args, **options)
        except TertuliaError as error:
            _tell(error, as_json=bool(options.get("json")))
            raise typer.Exit(_code(error)) from None
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("stopped; what was acknowledged is kept", file=sys.stderr)
            raise typer.Exit(STOPPED) from None
        except BrokenPipeError:
            sys.stderr.close()  # whoever read us has gone, as `head` does
            raise typer.Exit(0) from None

    return run


def line(value: Mapping[str, Any]) -> str:
    """A JSON line, the same for the same value."""
    return jsonlib.dumps(value, ensure_ascii=False, separators=(",", ":"))


def print_bench(result: Mapping[str, Any], *, json: bool) -> None:
    """Print one benchmark's object, or a table of its cases."""
    if json:
        print(line(result))
        return
    table = Table(title=f"bench {result['bench']}")
    for column in result["cases"][0]:
        table.add_column(column, justify="left" if column == "case" else "right")
    for case in result["cases"]:
        table.add_row(*(_cell(value) for value in case.values()))
    Console().print(table)


def print_figures(figures: Mapping[str, Any], *, json: bool) -> None:
    """Print an evaluation's object, or a table of its figures with their intervals."""
    if json:
        print(line(figures))
        return
    table = Table(title=f"eval {figures['eval']}, {figures['split']}")
    for column in ("figure", "value", "95 %", "questions"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for name in (key.removesuffix("_ci") for key in figures if key.endswith("_ci")):
        low, high = figures[f"{name}_ci"]
        table.add_row(
            name, _cell(figures[name]), f"{low:.3g}–{high:.3g}", str(figures[f"{name}_n"])
        )
    Console().print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _code(error: TertuliaError) -> int:
    if isinstance(error, Unreachable):
        return UNREACHABLE
    return BROKEN if isinstance(error, Broken) else REFUSED


def _tell(error: TertuliaError, *, as_json: bool) -> None:
    if as_json:
        print(line({"error": type(error).__name__, "message": str(error)}), file=sys.stderr)
    else:
        Console(stderr=True, highlight=False).print(f"[red]error:[/red] {_plain(str(error))}")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
