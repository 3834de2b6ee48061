"""Routers in scenarios: written out, or named beside the file; every mistake with its line."""

from pathlib import Path

import pytest
from tests.cli.commands import lines, tertulia
from tests.simulation.staging import happenings, silent, staged, talks

from tertulia.orchestrator.events import Advised
from tertulia.simulation import BadScenario, Scenario, parse, room_name
from tertulia.simulation.scenario import Role

SCENE = """
title: x
policy: {{name: routed, inner: addressed}}
participants:
  - name: Ana
    kind: human
    router: {router}
    cues: [{{say: The rent is due.}}, {{say: "And the weather?"}}]
  - {{name: Bo}}
  - {{name: Cy Young}}
"""
CAST = {"bo": talks(1), "cy-young": silent}


def advised(router: str) -> list[str | None]:
    happened = staged(SCENE.format(router=router), CAST)
    return [event.body.choice for event in happened if isinstance(event.body, Advised)]


@pytest.mark.parametrize(
    ("router", "choices"),
    [
        ("{to: Bo}", ["bo", "bo"]),
        ("{to: nobody}", [None, None]),
        ("{words: {rent: Cy Young}}", ["cy-young", "everyone"]),
        ("{words: {rent: bo, weather: nobody}, else: Cy Young}", ["bo", None]),
        ("{words: {storm: bo}, else: cy-young}", ["cy-young", "cy-young"]),
    ],
)
def test_a_router_that_is_written_out_is_asked(router: str, choices: list[str | None]) -> None:
    assert advised(router) == choices


def test_whom_it_names_speaks() -> None:
    happened = staged(SCENE.format(router="{words: {rent: Bo}, else: nobody}"), CAST)
    assert [who for _, who in happenings(happened, "TurnGranted")] == ["bo"]


@pytest.mark.parametrize(
    ("router", "told"),
    [
        ("bo", "participants.0: router: write FILE.py:NAME or MODULE:NAME, {to: NAME}, or"),
        ("'file.py:'", "participants.0: router: write FILE.py:NAME"),
        ("[bo]", "participants.0: router: write {to: NAME}, {words: {WORD: NAME}, else: NAME}"),
        ("{}", "participants.0: router: it has either to, or words and perhaps else; this one h"),
        ("{to: bo, else: bo}", "participants.0: router: it has either to, or words and perhaps"),
        ("{words: [a]}", "participants.0: router: words are names by word"),
        ("{words: {yes: bo}}", "participants.0: router: words and names are text, in quotes if"),
        ("{to: Zed}", "participants.0.router: nobody is called 'Zed'; there are Ana, Bo, Cy You"),
        ("{words: {x: Zed}}", "participants.0.router: nobody is called 'Zed'"),
    ],
)
def test_a_router_is_checked(router: str, told: str) -> None:
    with pytest.raises(BadScenario) as caught:
        parse(SCENE.format(router=router))
    found = [one.partition(": ") for one in caught.value.problems]
    assert any(line in ("line 5", "line 7") and what.startswith(told) for line, _, what in found), (
        found
    )


def test_only_people_have_routers() -> None:
    with pytest.raises(BadScenario, match="only a human has a router, and Bo is an agent"):
        parse("title: x\nparticipants: [{name: Bo, router: {to: Bo}}]\n")


def test_a_router_that_is_not_given_changes_no_room_s_name() -> None:
    assert room_name(Scenario(title="x", participants=(Role(name="Bo"),)), 0) == "x-0-9712f571"


@pytest.mark.db
def test_a_router_may_be_a_program_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("async def choose(told):\n    return 'bo'\n", "utf-8")
    scene = tmp_path / "scene.yaml"
    scene.write_text(SCENE.format(router="'mine.py:choose'"), encoding="utf-8")
    happened = lines(tertulia("run", str(scene), "--db", "memory:", "--json"))
    assert [e["choice"] for e in happened if e["type"] == "Advised"] == ["bo", "bo"]


def test_a_program_that_is_not_there_is_told_with_whose_router_it_is(tmp_path: Path) -> None:
    scene = tmp_path / "scene.yaml"
    scene.write_text(SCENE.format(router="'mine.py:choose'"), encoding="utf-8")
    ran = tertulia("run", str(scene), "--db", "memory:")
    assert ran.exit_code != 0
    assert "router of 'Ana'" in ran.output
