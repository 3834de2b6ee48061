"""Spoken rooms: people's timing, drawn from a profile, and what the engine makes of it."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.simulation.staging import happenings, said, staged

from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.orchestrator import Event, Said
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.metrics import measure
from tertulia.orchestrator.room import ParticipantId
from tertulia.simulation import Profile, Rehearsed, Scenario, parse
from tertulia.simulation.profile import PROFILES, draw

TABLE = """
title: Table
policy: raised_hands
room: {capacity: null}
spoken: meeting
limit_s: 300
participants:
- name: Mia
- name: Leo
- name: Zoe
"""


def table(seed: int = 1, scenario: Scenario | None = None) -> list[Event]:
    cast = {
        name.lower(): ModelSpeaker(Card(name), Scripted.improvising(seed))
        for name in ("Mia", "Leo", "Zoe")
    }
    return staged(scenario or parse(TABLE), cast, seed=seed)


def test_at_a_table_some_begin_before_the_other_has_ended() -> None:
    offsets = [offset for seed in range(6) for offset in measure(table(seed)).offsets_s]
    assert len(offsets) > 100
    assert 0.2 < sum(offset < 0 for offset in offsets) / len(offsets) < 0.7


def test_where_one_may_speak_nobody_overlaps() -> None:
    scenario = parse(TABLE.replace("{capacity: null}", "{capacity: 1}"))
    metrics = measure(table(scenario=scenario))
    assert metrics.overlap_share == 0
    assert len(metrics.spans) > 20


def test_the_same_seed_gives_the_same_talk() -> None:
    assert table(1) == table(1) != table(2)


def test_a_turn_takes_as_long_as_its_words_do() -> None:
    word_s = Profile.named("meeting").word_s
    happened = table()
    spans = [span for span in measure(happened).spans if span.end < happened[-1].at]
    texts = {e.body.turn: e.body.text for e in happened if isinstance(e.body, Said)}
    long = [span for span in spans if len(texts[span.turn].split()) > 2]
    assert long
    for span in long:
        words = len(texts[span.turn].split())
        assert span.end - span.start == pytest.approx(words * word_s, abs=0.01)


def test_who_is_asked_is_the_next_to_take_the_floor() -> None:
    scenario = parse(TABLE)
    minds = {
        "mia": Rehearsed(Card("Mia"), ("Leo, how long will it take you?",) * 20, paced=False),
        "leo": Rehearsed(Card("Leo"), ("It takes a week or two, I think.",) * 20, paced=False),
        "zoe": Rehearsed(Card("Zoe"), ("I have nothing to add to that.",) * 20, paced=False),
    }
    happened = staged(scenario, minds)
    turns = {e.body.turn for e in happened if isinstance(e.body, Said) and len(e.body.text) > 9}
    order = [span.participant for span in measure(happened).spans if span.turn in turns]
    after_mia = [nxt for who, nxt in pairwise(order) if who == "mia"]
    assert after_mia.count(ParticipantId("leo")) > 0.8 * len(after_mia) > 3


def test_it_is_over_when_nobody_has_anything_to_say() -> None:
    minds = {who: Rehearsed(Card(who), ("One.", "Two."), paced=False) for who in ("mia", "leo")}
    scenario = parse(TABLE.replace("- name: Zoe\n", ""))
    happened = staged(scenario, minds)
    assert {text for _, _, text in said(happened)} >= {"One.", "Two."}
    assert happenings(happened, "RoomEnded")[0][0] < 300


def test_a_profile_that_is_not_there_is_told() -> None:
    with pytest.raises(Unknown, match="there is no profile 'party'; there are meeting, discussion"):
        Profile.named("party")


@given(st.sampled_from(PROFILES), st.integers(0, 10_000), st.floats(0.05, 60))
def test_nobody_begins_before_the_turn_that_it_follows_and_what_is_in_passing_fits(
    name: str, seed: int, turn_s: float
) -> None:
    profile, drawn = Profile.named(name), Random(seed)
    offset = profile.offset(drawn, turn_s)
    assert offset > -turn_s
    assert profile.turn(drawn, longer_than=max(0.0, -offset)) > max(0.0, -offset)
    for at, lasts in profile.passing(drawn, turn_s):
        assert at >= 0
        assert at + lasts <= turn_s + 1e-9


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9).map(sorted), st.integers(0, 999))
def test_what_is_drawn_lies_between_the_least_and_the_greatest(
    quantiles: list[float], seed: int
) -> None:
    assert quantiles[0] - 1e-6 <= draw(quantiles, Random(seed)) <= quantiles[-1] + 1e-6
