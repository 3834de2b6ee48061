"""``draw``: a graph as text or picture, and whatever somebody's file may do instead."""

import json
from pathlib import Path

import pytest
from tests.cli.commands import EXAMPLES, lines, tertulia, told

SUPERVISOR = str(EXAMPLES / "supervisor.py")


@pytest.mark.parametrize("template", ["answer", "plan_then_answer", "plan_act_answer", "tool_user"])
def test_templates_are_drawn_by_name(template: str) -> None:
    given = tertulia("draw", template)
    assert given.exit_code == 0
    assert given.stdout.startswith("flowchart TD\n")


def test_a_graph_of_a_file_is_drawn_with_what_is_wrong_with_it() -> None:
    [found] = lines(tertulia("draw", f"{SUPERVISOR}:TRIAGE", "--json"))
    assert found["graph"] == f"{SUPERVISOR}:TRIAGE"
    assert "somebody fits" in found["mermaid"]
    assert found["file"] is None
    assert found["problems"] == []


def test_a_graph_that_could_not_run_exits_with_1(tmp_path: Path) -> None:
    file = tmp_path / "flawed.py"
    file.write_text(
        "from tertulia.graphs import START, TurnGraph\n"
        "async def say(state):\n    return {}\n"
        "FLAWED = TurnGraph('flawed').add_node('say', say).add_edge(START, 'nobody')\n"
    )
    given = tertulia("draw", f"{file}:FLAWED", "--json")
    assert given.exit_code == 1
    assert json.loads(given.stdout)["problems"]


@pytest.mark.parametrize("ending", ["svg", "png", "mmd"])
def test_a_picture_is_written(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"answer.{ending}"
    given = tertulia("draw", "answer", "--out", str(path))
    assert given.exit_code == 0
    assert given.stdout == f"drawn: {path}\n"
    assert path.stat().st_size > 0


@pytest.mark.parametrize("ending", ["svg", "mmd"])
def test_a_picture_that_cannot_be_written_says_why(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "no" / f"answer.{ending}"
    message = told(tertulia("draw", "answer", "--out", str(path)), 2)
    assert message.startswith(f"{path}: cannot be written: No such file or directory")


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("nope", "write FILE.py:NAME or MODULE:NAME, or the name of a template"),
        ("nope.py:graph", "there is no file 'nope.py' in "),
        ("no.such.module:graph", "there is no module 'no.such.module'"),
        (f"{SUPERVISOR}:TRIAG", "did you mean 'TRIAGE'?"),
        (f"{SUPERVISOR}:bill", "an async function has no graph to draw"),
        ("json:dumps", "dumps(model, card): TypeError: dumps() takes 1 positional argument"),
        ("json:JSONDecoder", "is no graph"),
    ],
)
def test_what_cannot_be_drawn_says_why(reference: str, reason: str) -> None:
    assert reason in told(tertulia("draw", reference), 2)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def (", "line 1: SyntaxError: invalid syntax"),
        ("\nraise ValueError('boo')", "line 2: ValueError: boo"),
        ("import sys\nsys.exit(3)", "line 2: SystemExit: 3"),
        ("from no_such_neighbour import x", "line 1: ModuleNotFoundError"),
        ("def graph(model, card):\n    return 1 / 0", "line 2: ZeroDivisionError"),
    ],
)
def test_somebody_s_broken_file_is_told_with_the_line(
    tmp_path: Path, code: str, reason: str
) -> None:
    (tmp_path / "mine.py").write_text(code)
    assert reason in told(tertulia("draw", f"{tmp_path}/mine.py:graph"), 2)
