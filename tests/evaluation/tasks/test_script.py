"""A play that could not come to its end is not begun."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.evaluation.tasks.shop import Shop

from tertulia.evaluation.tasks.script import SEEN, STOP, Ask, Line, Play, spoken
from tertulia.orchestrator.errors import Invalid

PLAY = Shop().play("sale 0")


def changed(number: int, **fields: object) -> Play:
    lines = list(PLAY.lines)
    lines[number] = replace(lines[number], **fields)  # type: ignore[arg-type]  # one of them
    return replace(PLAY, lines=tuple(lines))


def test_the_floor_is_handed_to_whose_line_is_next() -> None:
    with pytest.raises(Invalid, match="line 2: hands on to guard"):
        changed(1, to="guard")
    with pytest.raises(Invalid, match="line 5: hands on to clerk, and None follows"):
        changed(4, to="clerk")


def test_the_last_word_is_said_once_and_last() -> None:
    with pytest.raises(Invalid, match="line 5: ###STOP### belongs into the last line alone"):
        changed(4, says="Bye.")
    with pytest.raises(Invalid, match="line 1: ###STOP### belongs into the last line alone"):
        changed(0, says=f"Bye. {STOP}")


def test_nobody_calls_a_tool_of_somebody_else() -> None:
    with pytest.raises(Invalid, match="line 1: ann has no tool add"):
        changed(0, asks=(Ask("one", "add", {"cents": 1}),))


def test_a_line_tells_what_was_seen_and_not_all_of_a_long_answer() -> None:
    line = Line("clerk", f"There are {SEEN}.", None)
    assert spoken(line, ["1", "2"]) == "There are 2."
    assert spoken(line, ["x" * 30], most=5) == "There are xxxxx …."
    assert spoken(line, []) == "There are nothing."
