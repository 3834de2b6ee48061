"""``run``: a scenario is one event a line, the same for the same seed, and goes on where it was."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import (
    COMMAND,
    LESSON,
    MEETING,
    PATIENCE_S,
    lines,
    process,
    tertulia,
    told,
    url_of,
)

from tertulia.storage import verify

pytestmark = pytest.mark.db

SCRIPTED = ("run", MEETING, "--model", "scripted", "--seed", "7", "--json")


@pytest.fixture
def db(tmp_path: Path) -> str:
    return url_of(tmp_path / "a.db")


def texts(happened: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(event["by"], event["text"]) for event in happened if event["type"] == "Said"]


def test_each_line_is_one_event(db: str) -> None:
    happened = lines(tertulia(*SCRIPTED, "--db", db))
    assert all({"room", "seq", "type", "by", "at"} <= event.keys() for event in happened)
    assert [event["seq"] for event in happened] == list(range(1, len(happened) + 1))
    assert happened[0]["type"] == "RoomOpened"
    assert happened[-1]["type"] == "RoomEnded"


def test_an_utterance_says_to_whom_and_in_which_turn(db: str) -> None:
    said = [event for event in lines(tertulia(*SCRIPTED, "--db", db)) if event["type"] == "Said"]
    assert all({"text", "audience", "addressees", "turn"} <= event.keys() for event in said)
    assert {event["turn"] is None for event in said if event["by"] == "ana"} == {True}
    assert {event["turn"] is None for event in said if event["by"] == "mia"} == {False}
    asked = next(event for event in said if event["text"].startswith("Leo, which wood"))
    assert asked["addressees"] == ["leo"]
    assert asked["audience"] is None


def test_the_same_seed_gives_the_same_bytes(db: str, tmp_path: Path) -> None:
    first = tertulia(*SCRIPTED, "--db", db)
    again = tertulia(*SCRIPTED, "--db", db)
    fresh = tertulia(*SCRIPTED, "--db", url_of(tmp_path / "b.db"))
    forgotten = tertulia(*SCRIPTED, "--db", "memory:")
    assert first.exit_code == 0
    assert first.stdout == again.stdout == fresh.stdout == forgotten.stdout


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_no_process_differs_in_a_byte(hash_seed: str) -> None:
    env = {**os.environ, "PYTHONHASHSEED": hash_seed}
    elsewhere = process(*SCRIPTED, "--db", "memory:", env=env)
    assert elsewhere.returncode == 0, elsewhere.stderr
    assert elsewhere.stdout == tertulia(*SCRIPTED, "--db", "memory:").stdout


def test_another_seed_is_another_conversation(db: str) -> None:
    one = lines(tertulia("run", MEETING, "--seed", "7", "--db", db, "--json"))
    other = lines(tertulia("run", MEETING, "--seed", "8", "--db", db, "--json"))
    assert one[0]["room"] != other[0]["room"]
    assert texts(one) != texts(other)


def test_a_page_for_people_ends_with_how_to_read_it_again(db: str) -> None:
    shown = tertulia("run", LESSON, "--seed", "3", "--db", db)
    assert shown.exit_code == 0
    assert "Kim: Tutor, what is photosynthesis?" in shown.stdout
    assert "[cut off by Kim]" in shown.stdout
    room = lines(tertulia("rooms", "--db", db, "--json"))[0]["room"]
    assert shown.stdout.endswith(f"read it again: tertulia log {room} --db {db}\n")


def test_what_is_forgotten_is_not_offered_to_be_read() -> None:
    assert tertulia("run", LESSON, "--db", "memory:").stdout.endswith("nothing of it is kept\n")


def test_no_colours_leave_a_pipe() -> None:
    assert "\x1b" not in tertulia("run", LESSON, "--db", "memory:").stdout


QUICK = """
title: Quick
participants:
  - {name: Bo, lines: [One., Two., Three.]}
  - name: Ana
    kind: human
    cues:
      - {say: "Bo, shall we?", at: 0}
      - {say: "Bo, and then?", when: quiet, wait: 0.2}
      - {say: "Bo, and last?", when: quiet, wait: 0.2}
"""


@pytest.fixture
def quick(tmp_path: Path) -> str:
    path = tmp_path / "quick.yaml"
    path.write_text(QUICK, encoding="utf-8")
    return str(path)


ALL_OF_IT = [
    ("ana", "Bo, shall we?"),
    ("bo", "One."),
    ("ana", "Bo, and then?"),
    ("bo", "Two."),
    ("ana", "Bo, and last?"),
    ("bo", "Three."),
]


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_and_says_nothing_twice(quick: str, db: str) -> None:
    words = ("run", quick, "--live", "--seed", "1", "--db", db, "--json")
    with subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        for event in map(json.loads, first.stdout):
            if event["type"] == "TurnGranted" and event["turn"].endswith("/2"):
                break
        first.kill()
    rest = lines(tertulia(*words))
    assert texts(rest) == ALL_OF_IT
    assert rest[-1]["type"] == "RoomEnded"
    assert verify(db).violations == ()
    assert lines(tertulia(*words)) == rest, "a run that is over is shown again"


@pytest.mark.slow
def test_ctrl_c_stops_a_live_run_cleanly_and_the_room_is_kept(quick: str, db: str) -> None:
    words = ("run", quick, "--live", "--seed", "1", "--db", db)
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert "the same seed goes on" in first.stdout.readline()
        for line in first.stdout:
            if "floor → Bo" in line:
                break
        first.send_signal(signal.SIGINT)
        _, complaint = first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 130
    assert complaint == "stopped; what was acknowledged is kept\n"
    assert verify(db).violations == ()
    assert texts(lines(tertulia(*words, "--json"))) == ALL_OF_IT


def test_a_model_that_is_not_there_is_told_with_the_agent(db: str) -> None:
    message = told(tertulia("run", MEETING, "--model", "nope", "--db", db), 2)
    assert message.startswith("agent 'Mia': there is no model 'nope'; there are scripted, ")


def test_files_that_a_scenario_names_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "minds.py").write_text("async def bo(turn):\n    return 'Found me.'\n")
    scenario = tmp_path / "beside.yaml"
    scenario.write_text(
        "title: Beside\nparticipants:\n- {name: Bo, graph: 'minds.py:bo'}\n"
        "- {name: Ana, kind: human, cues: [{say: 'Bo, where are you?'}]}\n"
    )
    happened = lines(tertulia("run", str(scenario), "--db", "memory:", "--json"))
    assert texts(happened)[-1] == ("bo", "Found me.")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("run", "missing.yaml"), "missing.yaml cannot be run:\n  it cannot be read: No such file"),
        (("run", MEETING, "--db", "talk.db"), "not a database URL; write sqlite:///talk.db"),
        (("run", MEETING, "--db", "mysql://host/x"), "write sqlite:///talk.db, or memory:"),
    ],
)
def test_what_cannot_be_run_says_why(words: tuple[str, ...], reason: str) -> None:
    assert reason in told(tertulia(*words), 2)


@pytest.mark.parametrize("seed", ["-1", "x", "1.5", str(2**63)])
def test_a_seed_is_a_whole_number(seed: str) -> None:
    given = tertulia("run", MEETING, "--seed", seed, "--db", "memory:")
    assert given.exit_code == 2
    assert "--seed" in given.stderr


def test_an_error_is_json_where_the_rest_would_be() -> None:
    given = tertulia("run", "missing.yaml", "--json")
    assert given.exit_code == 2
    assert given.stdout == ""
    assert given.stderr.startswith('{"error":"BadScenario","message":"missing.yaml cannot be run')
