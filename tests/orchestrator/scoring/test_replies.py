"""A reader names only who is there, forgets what is long ago, and says the same twice."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.orchestrator.scoring import LearnedReader, Line, Reading
from tertulia.orchestrator.scoring.memory import NAMES, NAMING, OWN, SPAN, Memory

WEIGHTS = ("channel", "dialogue")
PEOPLE = ("ana", "Bo", "cy|away", "Ana Lopez", "", "日本", "X")
SAYINGS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        [
            "Bo: with mount -t ext4",
            "ana, thanks",
            "how do I mount a disk?",
            "ana Lopez: hm",
            "https://example.org/x?y",
            "@bo hi",
            ":",
        ]
    ),
)
LINES = st.builds(
    Line,
    st.sampled_from(PEOPLE),
    SAYINGS,
    st.one_of(st.none(), st.floats(0, 1e6)),
    st.booleans(),
)


def heard(lines: list[Line], weights: str = "channel") -> list[Reading]:
    reader = LearnedReader(weights)
    return [reader.hear(line) for line in lines]


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, max_size=40), st.sampled_from(WEIGHTS))
def test_only_those_who_spoke_are_meant_and_only_earlier_lines_answered(
    lines: list[Line], weights: str
) -> None:
    spoke = set[str]()
    for number, (line, reading) in enumerate(zip(lines, heard(lines, weights), strict=True)):
        assert reading.addressee is None or reading.addressee in spoke - {line.speaker}
        assert reading.answers
        assert 0 <= reading.likely <= 1.000001
        assert len(set(reading.answers)) == len(reading.answers)
        for answered in reading.answers:
            assert 0 <= answered <= number
            assert answered == number or not lines[answered].notice
        if line.notice:
            assert reading == Reading((number,), None, 0.0)
        else:
            spoke.add(line.speaker)


@settings(max_examples=25, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_the_same_lines_are_read_the_same(lines: list[Line]) -> None:
    assert heard(lines) == heard(lines)


@settings(max_examples=25, deadline=None)
@given(st.lists(LINES, max_size=30), st.lists(LINES, max_size=5))
def test_what_comes_later_changes_no_reading(lines: list[Line], later: list[Line]) -> None:
    assert heard(lines + later)[: len(lines)] == heard(lines)


def test_a_memory_stays_small() -> None:
    memory = Memory()
    for number in range(5 * NAMES // 2):
        line = Line(f"guest{number % (2 * NAMES)}", f"guest{number - 1}: word{number} again")
        found = memory.hear(line)
        assert found is not None
        memory.keep(found, memory.lines[-1] if number % 3 and memory.lines else None)
    assert len(memory.lines) == SPAN
    for shelf in (memory.own, memory.naming, memory.partner):
        assert len(shelf) <= 2 * SPAN
    assert len(memory.saying) <= 5 * SPAN
    assert all(len(own) <= OWN for own in memory.own.values())
    assert all(len(naming) <= NAMING for naming in memory.naming.values())


ROOM = [
    Line("ana", "hi all, how do I mount a usb disk in hoary?", 0),
    Line("cy", "does anyone know why firefox crashes when I print?", 10),
    Line("bo", "ana: sudo mount /dev/sda1 /mnt", 60),
    Line("ana", "bo: thanks, that did it", 90),
    Line("dee", "cy: which firefox is that?", 100),
    Line("cy", "1.0.6, from breezy", 120),
]


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_small_room_is_read_as_people_would(weights: str) -> None:
    readings = heard(ROOM, weights)
    assert [reading.answers[0] for reading in readings[2:]] == [0, 2, 1, 4]
    assert [reading.addressee for reading in readings[2:]] == ["ana", "bo", "cy", "dee"]


def test_two_questions_begin_two_threads() -> None:
    assert [reading.answers for reading in heard(ROOM)[:2]] == [(0,), (1,)]


def test_a_notice_is_nobody_s() -> None:
    lines = [ROOM[0], Line("", "=== bo has joined", 5, notice=True), ROOM[2]]
    assert heard(lines)[1] == Reading((1,), None, 0.0)
    after = heard(lines)[2]
    assert (after.answers, after.addressee) == ((0,), "ana")
    assert after.likely > 0.9


def test_who_begins_a_thread_hardly_means_anybody() -> None:
    assert heard(ROOM)[1].likely < 0.2 < 0.8 < heard(ROOM)[4].likely


def test_a_reading_is_the_same_whatever_the_interpreter_s_hashes() -> None:
    code = (
        "from tertulia.orchestrator.scoring import LearnedReader, Line\n"
        "reader, words = LearnedReader(), 'mount usb firefox xorg driver sound grub'.split()\n"
        "said = [' '.join(words[n % 5 : n % 5 + 4]) + ' please ?' for n in range(30)]\n"
        "for n, text in enumerate(said):\n"
        "    print(reader.hear(Line('guest' + str(n % 7), text, 20.0 * n)))\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
    assert "guest" in said.pop()
