"""A forecaster names only who is there, and knows no end before something has begun after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tertulia.orchestrator.scoring import LearnedForecaster, Utterance

WEIGHTS = ("meeting", "discussion")
PEOPLE = ("ana", "bo", "cy", "dee")


@st.composite
def speech(draw: st.DrawFn) -> list[Utterance]:
    now, said = 0.0, []
    for _ in range(draw(st.integers(1, 30))):
        now += draw(st.floats(0, 20))
        length = draw(st.floats(0.25, 40))
        text = draw(st.sampled_from(["", "so what do you think ?", "yeah .", "uh i mean =="]))
        who = draw(st.sampled_from(PEOPLE))
        said.append(Utterance(who, now, now + length, text, in_passing=draw(st.booleans())))
    return said


def after(
    said: Sequence[Utterance], weights: str, people: tuple[str, ...] = PEOPLE
) -> LearnedForecaster:
    forecaster = LearnedForecaster(people, weights)
    for utterance in said:
        forecaster.hear(utterance)
    return forecaster


@settings(max_examples=60, deadline=None)
@given(speech(), st.sampled_from(WEIGHTS))
def test_the_next_is_one_of_the_others(said: list[Utterance], weights: str) -> None:
    forecaster = after(said, weights)
    holders = [utterance.speaker for utterance in said if not utterance.in_passing]
    assert forecaster.next() in set(PEOPLE) - set(holders[-1:])
    shares = forecaster.shares()
    assert sum(shares.values()) == pytest.approx(1)
    assert forecaster.next() == after(said, weights).next()


@settings(max_examples=60, deadline=None)
@given(speech(), st.floats(0.25, 100), st.sampled_from(WEIGHTS))
def test_an_end_is_not_known_before_something_begins(
    said: list[Utterance], length: float, weights: str
) -> None:
    last = said[-1]
    other = [*said[:-1], replace(last, end=last.start + length)]
    assert after(other, weights).shares() == pytest.approx(after(said, weights).shares())


@pytest.mark.parametrize("weights", WEIGHTS)
def test_where_two_talk_the_floor_goes_back_and_forth(weights: str) -> None:
    said = [Utterance("ab"[at % 2], 3.0 * at, 3.0 * at + 2.5) for at in range(12)]
    assert after(said, weights, ("a", "b", "c", "d")).next() == "a"


def test_somebody_alone_is_followed_by_nobody() -> None:
    forecaster = after([Utterance("ana", 0, 2)], "meeting", ("ana",))
    assert forecaster.next() is None
    assert forecaster.shares() == {}


def test_in_a_silent_room_anybody_may_begin() -> None:
    assert LearnedForecaster(PEOPLE).next() in PEOPLE


def test_a_guest_who_was_not_announced_is_heard_but_not_named() -> None:
    said = [Utterance(who, at, at + 1) for at, who in enumerate(["ana", "eve", "bo", "eve", "ana"])]
    assert after(said, "meeting").next() in {"bo", "cy", "dee"}
