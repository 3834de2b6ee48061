"""Stops end an answer wherever tokens are cut, and nothing of them is ever told."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.local.text import Stops

words = st.text("ab\n:", max_size=30)
stops = st.lists(st.text("ab\n:", min_size=1, max_size=4), max_size=3)


def cut(text: str, places: list[int]) -> list[str]:
    marks = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[a:b] for a, b in pairwise(marks)]


@given(words, stops, st.lists(st.integers(0, 99)))
def test_however_text_is_cut_it_ends_before_its_first_stop(
    text: str, ends: list[str], places: list[int]
) -> None:
    watch = Stops(ends)
    told = [watch.take(part) for part in cut(text, places)]
    told.append(watch.rest())
    firsts = [at for at in map(text.find, ends) if at >= 0]
    if len({len(end) for end in ends}) < 2:  # of equal length: none ends before another begins
        assert "".join(told) == (text[: min(firsts)] if firsts else text)
    assert watch.found == bool(firsts)
    assert not any(end in "".join(told) for end in ends)


def test_what_may_become_a_stop_is_held_back_and_no_more() -> None:
    watch = Stops(["\nAna:"])
    assert [watch.take("yes\nA"), watch.take("nd"), watch.take("\nAna"), watch.rest()] == [
        "yes",
        "\nAnd",
        "",
        "\nAna",
    ]


def test_after_a_stop_nothing_is_told() -> None:
    watch = Stops(["."])
    assert [watch.take("a.b"), watch.take("c"), watch.rest()] == ["a", "", ""]
