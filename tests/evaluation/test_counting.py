"""How right answers are counted, on rooms small enough to count by hand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tertulia.evaluation import corpora, rules
from tertulia.evaluation.corpora import Chat, Meeting
from tertulia.evaluation.measures import f_of, interval, share, total
from tertulia.evaluation.turns import addressees, links, next_speakers, read
from tertulia.orchestrator.scoring import Line, Utterance

LINES = (
    Line("ana", "how do I mount a disk?"),
    Line("", "cy has come in", notice=True),
    Line("bo", "ana: with mount"),
    Line("ana", "bo: thanks"),
    Line("cy", "hello"),
)
ANSWERS = {
    1: frozenset({1}),
    2: frozenset({0}),
    3: frozenset({2}),
    4: frozenset({4}),
}


def test_links_and_addressees_are_counted_over_annotated_lines() -> None:
    chat = Chat("small", LINES, ANSWERS)
    readings = read(chat, rules.Previous())
    assert links(chat, readings) == (3, 4, 4)
    assert addressees(chat, readings) == (2, 2)
    assert f_of((3, 4, 4)) == 75.0


def test_a_next_speaker_is_asked_at_every_change_of_floor_from_the_third_turn() -> None:
    speech = [("a", 0), ("b", 1), ("b", 2), ("a", 3), ("c", 4), ("a", 5)]
    meeting = Meeting("small", tuple(Utterance(who, at, at + 1) for who, at in speech))
    assert next_speakers(meeting, rules.PreviousButOne) == (2, 3)


def test_what_is_said_in_passing_is_heard_but_not_asked() -> None:
    speech = (
        Utterance("a", 0, 2),
        Utterance("b", 2, 4),
        Utterance("c", 4, 4.2, in_passing=True),
        Utterance("a", 5, 7),
    )
    assert next_speakers(Meeting("small", speech), rules.PreviousButOne) == (1, 1)


def test_one_room_alone_has_an_interval_without_width() -> None:
    assert interval(share, [(3, 4)]) == (0.75, 0.75)
    assert total([(1, 2), (3, 4)]) == (4, 6)
    assert share((0, 0)) == f_of((0, 0, 0)) == 0.0


def test_a_channel_s_clock_goes_on_after_midnight(tmp_path: Path) -> None:
    row = {
        "file": "one",
        "messages": [
            [0, "23:59", "ana", "hi", "m"],
            [1, "", "", "=== x", "s"],
            [2, "00:01", "bo", "hi", "m"],
        ],
        "links": [[0, 2]],
    }
    (tmp_path / "irc_disentangle").mkdir()
    with gzip.open(tmp_path / "irc_disentangle" / "dev.jsonl.gz", "wt") as file:
        file.write(json.dumps(row))
    (chat,) = corpora.irc(tmp_path, "dev")
    assert [line.second for line in chat.lines] == [86340.0, 86340.0, 86460.0]
    assert chat.answers == {2: {0}}
