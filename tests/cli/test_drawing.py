"""``draw``: a graph as text or picture, and whatever somebody's file may do instead."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.cli.commands import EXAMPLES, lines, tertulia, told

from tertulia import House, agent, human
from tertulia.graphs import Manners, progress_of, speaker_of
from tertulia.plugins import named

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


# ---- a turn in flight, and forecasts

SLOWLY = """
import asyncio

from tertulia import House, agent, human
from tertulia.graphs import END, START, Manners, TurnGraph, speaker_of


async def think(state):
    return {"draft": "Hm."}


async def speak(state):
    await asyncio.sleep(0 if state["draft"] == "Now." else 3600)
    return {"draft": "Well."}


graph = TurnGraph("slowly").add_sequence([("think", think), ("speak", speak)])
graph.add_edge(START, "think").add_edge("speak", END)
quick = TurnGraph("quick").add_node("think", think).add_edge(START, "think").add_edge("think", END)
"""


@pytest.fixture
def slowly(tmp_path: Path) -> tuple[str, str, str]:
    """Two graphs, and a database in which one is under way and the other has run."""
    (tmp_path / "slowly.py").write_text(SLOWLY, encoding="utf-8")
    graph, quick = (f"{tmp_path / 'slowly.py'}:{name}" for name in ("graph", "quick"))
    url = f"sqlite:///{tmp_path / 'talk.db'}"

    async def main() -> None:
        house = House(url)
        manners = Manners(history=house.history())
        kept = await house.checkpoints()
        bo = agent("Bo", speaker_of(named(graph), kept))
        cy = agent("Cy", speaker_of(named(quick), manners=manners))
        room = await house.room("desk", human("Ana"), bo, cy, policy="addressed")
        await room.post("ana", "@cy?")
        await room.lapse()
        await room.post("ana", "@bo?")
        come = None
        while come is None or not come.ran:
            await asyncio.sleep(0.01)
            come = await progress_of(named(graph), kept, "desk/2")
        await house.scheduler.aclose(0.1)
        await house.__aexit__(None, None, None)

    asyncio.run(main())
    return graph, quick, url


@pytest.mark.db
def test_a_turn_in_flight_is_drawn_with_how_far_it_has_come(
    slowly: tuple[str, str, str], tmp_path: Path
) -> None:
    graph, _, db = slowly
    drawn = tertulia("draw", graph, "--db", db, "--turn", "desk/2")
    assert drawn.exit_code == 0, drawn.output
    assert "    class n1 ran\n" in drawn.stdout
    assert "turn desk/2: ran think; next speak" in drawn.stdout
    (found,) = lines(tertulia("draw", graph, "--db", db, "--turn", "desk/2", "--json"))
    assert (found["turn"]["ran"], found["turn"]["next"]) == ({"think": 1}, ["speak"])
    picture = tmp_path / "slowly.png"
    tertulia("draw", graph, "--db", db, "--turn", "desk/2", "--out", str(picture))
    assert picture.stat().st_size > 3_000
    ended = told(tertulia("draw", graph, "--db", db, "--turn", "desk/1"), 2)
    assert "it has ended (committed)" in ended
    assert "under way are desk/2" in told(
        tertulia("draw", graph, "--db", db, "--turn", "desk/3"), 2
    )


@pytest.mark.db
def test_a_graph_is_forecast_from_its_past(slowly: tuple[str, str, str]) -> None:
    graph, quick, db = slowly
    shown = tertulia("forecast", quick, "--db", db, "--price", "2").stdout
    assert shown.startswith("quick: p50 ")
    assert "cost p50 0" in shown
    (found,) = lines(tertulia("forecast", quick, "--db", db, "--json"))
    assert (found["runs"], found["nodes"]["think"]["timed"], found["cost"]) == (1, 1, None)
    assert (
        "no run of the graph 'slowly' is on record"
        in tertulia("forecast", graph, "--db", db).stdout
    )
    assert "class n1 longest" in tertulia("draw", quick, "--forecast", "--db", db).stdout
    both = tertulia("draw", graph, "--forecast", "--turn", "desk/2", "--db", db)
    assert "leave out one of the two" in told(both, 2)
