"""``chat``: what is typed is posted at once; from a pipe, and at a terminal while agents speak."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.cli.commands import (
    COMMAND,
    PATIENCE_S,
    lines,
    terminal,
    tertulia,
    told,
    url_of,
)
from tests.orchestrator.rooms import House, in_no_time

from tertulia.cli.chatting import Place
from tertulia.orchestrator import Event
from tertulia.orchestrator.feed import RECENT
from tertulia.orchestrator.room import ParticipantId, RoomId
from tertulia.storage import MemoryLog, verify

pytestmark = pytest.mark.db


@pytest.fixture
def db(tmp_path: Path) -> str:
    return url_of(tmp_path / "a.db")


@pytest.fixture
def words(db: str, brief: str) -> tuple[str, ...]:
    return ("chat", "den", "--scenario", brief, "--model", "scripted", "--db", db)


# ---- from a pipe


def test_what_is_piped_in_is_said_and_answered(words: tuple[str, ...], db: str) -> None:
    happened = lines(tertulia(*words, "--json", typed="Bo, are you there?\n"))
    said = [(event["by"], event["text"]) for event in happened if event["type"] == "Said"]
    assert said[:2] == [("guest", "Bo, are you there?"), ("bo", "Yes.")]
    assert verify(db).violations == ()


def test_commands_do_what_help_says(words: tuple[str, ...]) -> None:
    typed = "/hand\n/hand down\n/whisper Ana María just you\n/who\n/help\n/leave\nnever said\n"
    shown = tertulia(*words, "--name", "Zoe", typed=typed).stdout
    assert "Zoe raises a hand" in shown
    assert "Zoe: (whispers to Ana María" in shown
    assert ") just you\n" in shown
    assert "  Zoe (you) · human" in shown
    assert "/stop [NAME]" in shown
    assert "Zoe leaves" in shown
    assert "never said" not in shown


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/dance", "! there is no /dance; /help shows what there is"),
        ("/whisper", "! write /whisper NAME TEXT"),
        ("/whisper Bo", "! write /whisper NAME TEXT"),
        ("/whisper Bob hello", "! there is no participant 'Bob'"),
        ("/stop Nobody", "! there is no participant 'Nobody'"),
        ("/grant", "! write /grant NAME"),
        ("/policy nope", "! there is no policy 'nope'"),
        ("/resume", "it goes on already"),
        ("x" * 20_001, "! 20,001 characters: this room takes 20,000 characters at most"),
    ],
)
def test_a_mistake_is_answered_and_the_chat_goes_on(
    words: tuple[str, ...], typed: str, answer: str
) -> None:
    given = tertulia(*words, typed=f"{typed}\n/who\n")
    assert given.exit_code == 0
    assert answer in given.stdout
    assert "Guest (you) · human" in given.stdout


def test_a_room_is_found_again_as_it_was_left(words: tuple[str, ...]) -> None:
    tertulia(*words, typed="the first time\n")
    again = tertulia(*words, typed="the second time\n").stdout
    assert "Guest: the first time" in again
    assert "Guest: the second time" in again
    assert again.count("Guest (a person) comes in") == 1


@in_no_time
async def test_what_is_long_in_coming_from_the_store_is_shown_to_its_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Slow(MemoryLog):
        async def read(self, room: RoomId, after: int, limit: int) -> Sequence[Event]:
            await asyncio.sleep(5)
            return await super().read(room, after, limit)

    monkeypatch.setattr("sys.stdin", None)
    house = House(log=Slow())
    room = await house.room("ana")
    for n in range(2 * RECENT):
        await room.post("ana", f"number {n}")
    assert not await Place(room, ParticipantId("ana"), json=False).sit()
    await house.scheduler.aclose()
    shown = capsys.readouterr().out
    assert all(f"Ana: number {n}\n" in shown for n in range(2 * RECENT))


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (["--name", "Bo"], "there is already a participant 'bo'; choose another name"),
        (["--name", ""], "a name is one line of 1 to 80"),
        (["--scenario", "missing.yaml"], "missing.yaml cannot be run:"),
        (["--model", "nope"], "agent 'Bo': there is no model 'nope'"),
    ],
)
def test_who_cannot_sit_down_is_told_why(
    words: tuple[str, ...], extra: list[str], reason: str
) -> None:
    assert reason in told(tertulia(*words, *extra, typed="hello\n"), 2)


def test_a_room_s_name_is_checked(words: tuple[str, ...]) -> None:
    message = told(tertulia("chat", "no spaces", *words[2:], typed=""), 2)
    assert message.startswith("room 'no spaces': a name is 1 to 128 letters")


@pytest.mark.slow
def test_nobody_sits_in_one_room_twice(words: tuple[str, ...]) -> None:
    with subprocess.Popen(
        [*COMMAND, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        while "comes in" not in first.stdout.readline():
            pass
        message = told(tertulia(*words, typed="me too\n"), 3)
        assert message.startswith("room 'den' is held by process ")
        other = ("chat", "elsewhere", *words[2:])
        assert tertulia(*other, typed="hello\n").exit_code == 0, "another room is free"
        first.communicate("done\n", timeout=PATIENCE_S)
        assert first.returncode == 0


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_the_pipe(words: tuple[str, ...], db: str) -> None:
    with subprocess.Popen(
        [*COMMAND, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as chat:
        assert chat.stdout is not None
        assert chat.stderr is not None
        while "Guest" not in chat.stdout.readline():
            pass
        chat.send_signal(signal.SIGINT)
        assert chat.wait(PATIENCE_S) == 130
        assert chat.stderr.read() == "stopped; what was acknowledged is kept\n"
    assert verify(db).violations == ()


@pytest.mark.slow
def test_no_keyboard_at_all_is_an_empty_one(words: tuple[str, ...]) -> None:
    given = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert given.returncode == 0, given.stderr
    assert "Guest (a person) comes in" in given.stdout


# ---- at a terminal


@pytest.fixture
def talkative(tmp_path: Path) -> str:
    path = tmp_path / "talkative.yaml"
    path.write_text(
        "title: Den\nroom: {patience_s: 0.3}\nparticipants:\n"
        f"- {{name: Bo, lines: [{' '.join(['on and'] * 200)} on., Yes.]}}\n"
    )
    return str(path)


@pytest.mark.slow
def test_one_types_while_they_speak(talkative: str, db: str) -> None:
    words: Any = ("chat", "den", "--scenario", talkative, "--model", "scripted", "--db", db)
    with terminal(*words, columns=60) as at:
        at.reads("/help shows what you can do.")
        at.type("Bo, tell me a story")
        at.reads("Guest: Bo, tell me a story")
        at.reads("floor → Bo")
        at.reads("on and")  # in the line below the prompt
        at.type("wait 日本語 ünïcode [red]x[/red] <b>{}")
        at.reads("(while Bo has the floor) wait 日本語 ünïcode [red]x[/red] <b>{}")
        at.type("/stop")
        at.reads("[cut off by Guest]")
        at.reads("free")  # below the next prompt: who types before that types nowhere
        at.press("\x04")
        assert at.ends() == 0
    assert "Traceback" not in at.screen
    assert verify(db).violations == ()


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_turn_keeps_the_room(talkative: str, db: str) -> None:
    words: Any = ("chat", "den", "--scenario", talkative, "--model", "scripted", "--db", db)
    with terminal(*words) as at:
        at.reads("/help shows what you can do.")
        at.type("Bo, tell me a story")
        at.reads("on and")
        for _ in range(3):  # in a hurry
            at.press("\x03")
            time.sleep(0.3)
        assert at.ends() == 130
    assert "stopped; what was acknowledged is kept" in at.screen
    assert "Traceback" not in at.screen
    assert verify(db).violations == ()
    again = tertulia(*words, typed="/stop\n")
    assert "Bo's turn is taken up again, attempt 2" in again.stdout
