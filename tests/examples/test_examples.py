"""Every scenario and program that is shipped runs to its end, and leaves a sound database."""

import ast
import runpy
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import EXAMPLES, MEETING, lines, process, tertulia, url_of

from tertulia.simulation import load
from tertulia.storage import verify

SHIPPED = Path(__file__).parents[2] / "src/tertulia/simulation/scenarios"
MODELS = EXAMPLES / "models.yaml"  # which models there are: no scenario
SCENARIOS = sorted({*EXAMPLES.glob("*.yaml"), *SHIPPED.glob("*.yaml")} - {MODELS})
PROGRAMS = sorted(EXAMPLES.glob("*.py"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.db
@pytest.mark.parametrize("seed", ["1", "2"])
@pytest.mark.parametrize("path", SCENARIOS, ids=named)
def test_each_scenario_runs_to_its_end(path: Path, seed: str, tmp_path: Path) -> None:
    db = url_of(tmp_path / "a.db")
    happened = lines(tertulia("run", str(path), "--seed", seed, "--db", db, "--json"))
    assert happened[-1]["type"] == "RoomEnded"
    assert happened[-1]["reason"] == "the scenario is over"
    failed = [e for e in happened if e["type"] == "TurnEnded" and e["outcome"] == "failed"]
    assert failed == []
    report = verify(db)
    assert (report.rooms, report.violations) == (1, ())


@pytest.mark.db
@pytest.mark.parametrize("path", SCENARIOS, ids=named)
def test_every_cue_that_says_something_is_said(path: Path) -> None:
    happened = lines(tertulia("run", str(path), "--seed", "5", "--db", "memory:", "--json"))
    said = [event["text"] for event in happened if event["type"] == "Said"]
    for role in load(path).participants:
        assert all(cue.say in said for cue in role.cues if cue.say is not None)


@pytest.mark.slow
@pytest.mark.parametrize("path", PROGRAMS, ids=named)
def test_each_program_runs(path: Path, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=tmp_path,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout
    assert ran.stderr == ""


@pytest.mark.parametrize(
    "path", [*PROGRAMS, *(path for path in SCENARIOS if path.parent == EXAMPLES)], ids=named
)
def test_each_says_how_to_run_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    opening = ast.get_docstring(ast.parse(text)) if path.suffix == ".py" else text
    assert f"examples/{path.name}" in (opening or "")


def test_the_supervisor_hands_over_and_asks_back(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / "supervisor.py"), run_name="__main__")
    shown = capsys.readouterr().out
    assert "sue: Kay, would you take this one?" in shown
    assert "bill: Your invoice is 240 euros" in shown
    assert "sue: I am glad to help." in shown


# ---- the demo


def overlaps(happened: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What people said while an agent held the floor."""
    agents = {e["by"] for e in happened if e["type"] == "Joined" and e["kind"] == "agent"}
    holding: set[str] = set()
    found = []
    for event in happened:
        if event["type"] == "TurnGranted" and event["by"] in agents:
            holding.add(event["turn"])
        elif event["type"] == "TurnEnded":
            holding.discard(event["turn"])
        elif event["type"] == "Said" and event["turn"] is None and holding:
            found.append(event)
    return found


def utterances(happened: Sequence[dict[str, Any]]) -> int:
    return sum(event["type"] == "Said" for event in happened)


@pytest.mark.parametrize("seed", [str(seed) for seed in range(8)])
def test_in_the_demo_s_meeting_somebody_speaks_while_an_agent_does(seed: str) -> None:
    happened = lines(tertulia("run", MEETING, "--seed", seed, "--db", "memory:", "--json"))
    assert "And please think of the price, we have 900 euros." in [
        event["text"] for event in overlaps(happened)
    ]
    assert utterances(happened) >= 12


@pytest.mark.db
@pytest.mark.model
@pytest.mark.slow
def test_the_demo_with_its_real_model_does_too(tmp_path: Path) -> None:
    db = url_of(tmp_path / "demo.db")
    ran = process("demo", "--seed", "7", "--db", db, "--json", timeout=600)
    assert ran.returncode == 0, ran.stderr
    happened = lines(tertulia("demo", "--seed", "7", "--db", db, "--json"))
    assert happened[-1]["type"] == "RoomEnded"
    assert overlaps(happened)
    assert utterances(happened) >= 12
    assert verify(db).violations == ()
