"""The benchmark of choices counts what is right, held to the names and not."""

import pytest

from tertulia.agents.scripted import Scripted
from tertulia.bench.choices import TALKS, bench_choices


def test_what_is_right_is_counted_by_the_way_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = [talk.right for talk in TALKS]
    held = [right[0], *right[:-2], "Well,", right[-2], "Nobody", "No idea"]
    model = Scripted([*held, *(f"I think {name}" for name in right[:5]), *right[5:]])
    monkeypatch.setattr("tertulia.bench.choices.chat_model", lambda name: model)
    told = bench_choices("some")
    assert told["how"] == {"answer": 18, "repaired": 1, "otherwise": 1}
    assert (told["held_right"], told["held_named"]) == (19, 19)
    assert (told["asked_right"], told["asked_named"]) == (15, 15)
    assert "grammar_right" not in told


def test_who_should_reply_is_one_of_those_who_may() -> None:
    assert len(TALKS) == 20
    assert all(talk.right in talk.names.split() for talk in TALKS)
