"""However a command ends, a person reads a sentence and a program an exit code."""

import asyncio
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.cli.output import TRACE, columns, failing_clearly, line, print_bench
from tertulia.orchestrator.errors import Fenced, Invalid, Misbehaved, StoreBusy, Unknown


def ended(error: BaseException, *, json: bool = False) -> Any:
    """How a command ends in which ``error`` is raised."""
    program = typer.Typer()

    @program.command()
    @failing_clearly
    def fail(*, json: bool = False) -> None:
        raise error

    return CliRunner().invoke(program, ["--json"] if json else [])


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (Unknown(kind="room", name="x", hint=""), 2, "error: there is no room 'x'\n"),
        (Invalid(where="here", what="wrong"), 2, "error: here: wrong\n"),
        (StoreBusy(where="a.db"), 3, "error: the database a.db is locked by another process;"),
        (Fenced(room="den", epoch=1), 3, "error: room 'den' was taken over by another process"),
        (Misbehaved(who="agent 'bo'", what="[x]"), 4, "error: agent 'bo' broke its contract: [x]"),
        (OSError(13, "Permission denied", "x.db"), 4, "error: x.db: Permission denied\n"),
        (OSError(28, "No space left"), 4, "error: the output cannot be written: No space left\n"),
        (ValueError("boo"), 4, "error: this should not have happened: ValueError: boo; to see wh"),
        (AssertionError(), 4, "error: this should not have happened: AssertionError; to see where"),
        (KeyboardInterrupt(), 130, "stopped; what was acknowledged is kept\n"),
        (asyncio.CancelledError(), 130, "stopped; what was acknowledged is kept\n"),
        (BrokenPipeError(), 0, ""),
        (typer.Exit(1), 1, ""),
    ],
)
def test_each_error_has_its_code_and_its_sentence(
    error: BaseException, code: int, told: str
) -> None:
    given = ended(error)
    assert given.exit_code == code
    assert given.stderr.startswith(told)
    assert "Traceback" not in given.output


def test_a_long_sentence_is_not_broken_into_lines() -> None:
    given = ended(Invalid(where="here", what="word " * 100 + "end"))
    assert given.stderr.count("\n") == 1


def test_for_a_program_an_error_is_json() -> None:
    given = ended(Invalid(where="here", what="wrong"), json=True)
    assert given.stderr == '{"error":"Invalid","message":"here: wrong"}\n'


def test_whoever_wants_to_see_where_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRACE, "1")
    given = ended(ValueError("boo"))
    assert isinstance(given.exception, ValueError)


def test_columns_are_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    columns(("name", "n"), [("x" * 200, "1"), (":smile: [b]", "2")])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["name", "n"]
    assert rows == ["x" * 200 + "  1", ":smile: [b]" + " " * 189 + "  2"]


def test_a_line_is_the_same_for_the_same_value() -> None:
    assert line({"b": "é", "a": [1, None]}) == '{"b":"é","a":[1,null]}'


def test_what_applies_to_no_case_has_no_column(capsys: pytest.CaptureFixture[str]) -> None:
    case = {"case": "x", "cpu_ms_per_turn": 1234.5, "wall_ms_per_turn": 0.12345, "growth": None}
    print_bench({"bench": "b", "cases": [case]}, json=False)
    shown = capsys.readouterr().out
    assert "growth" not in shown
    assert "1,234" in shown
    assert "0.123" in shown


def test_figures_in_parts_are_told_by_both_names_and_none_that_was_not_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_bench({"cpu_ms": 2, "none": None, "rooms": {"small_one": {"s": 1.5}}}, json=False)
    assert capsys.readouterr().out == "cpu ms: 2\nrooms, small one, s: 1.5\n"


@pytest.mark.parametrize("words", [(), ("run",), ("chat",), ("log",), ("bench",), ("draw",)])
def test_help_says_what_there_is(words: tuple[str, ...]) -> None:
    given = CliRunner().invoke(app, [*words, "--help"])
    assert given.exit_code == 0
    assert "--help" in given.stdout


@pytest.mark.parametrize("words", [("nope",), ("run",), ("log",), ("bench", "nope"), ("demo", "x")])
def test_a_command_that_is_not_there_is_refused(words: tuple[str, ...]) -> None:
    given = CliRunner().invoke(app, list(words))
    assert given.exit_code == 2
    assert "Traceback" not in given.output
