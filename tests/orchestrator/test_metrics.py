"""A conversation in numbers: each counted by hand once, and bounds that always hold."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.orchestrator.arbiter import step
from tertulia.orchestrator.events import (
    Draft,
    Event,
    FloorRequested,
    Joined,
    Outcome,
    RoomOpened,
    Said,
    TurnEnded,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.metrics import Span, evenness, measure, overlap_share
from tertulia.orchestrator.policies import Fair
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId, RoomId, RoomSettings, TurnId

ANA, TOM, BO = (ParticipantId(who) for who in ("ana", "tom", "bo"))
POLICY = Fair(patience=0)


def log(*moments: tuple[float, Sequence[Draft]]) -> list[Event]:
    """The log of a room with two people and an agent, from what they do at which second."""
    floor = Floor(RoomId("kitchen"))
    opening = [
        Draft(ROOM, RoomOpened(RoomSettings())),
        Draft(ANA, Joined("Ana", Kind.HUMAN)),
        Draft(TOM, Joined("Tom", Kind.HUMAN)),
        Draft(BO, Joined("Bo", Kind.AGENT)),
    ]
    events: list[Event] = []
    for at, drafts in ((0.0, opening), *moments):
        done = step(floor, drafts, 100.0 + at, POLICY)
        floor, events = done.floor, [*events, *done.events]
    return events


def said(by: ParticipantId, text: str, turn: int | None = None, **more: object) -> Draft:
    held = None if turn is None else TurnId(f"kitchen/{turn}")
    return Draft(by, Said(text, turn=held, **more))  # type: ignore[arg-type]


def ended(by: ParticipantId, turn: int, outcome: Outcome = Outcome.COMMITTED) -> Draft:
    return Draft(by, TurnEnded(TurnId(f"kitchen/{turn}"), outcome))


TALK = log(
    (0, [said(ANA, "Bo, is it late?", addressees=(BO,))]),  # 6: grants turn 1 to Bo, seq 7
    (2, [said(TOM, "And cold?")]),
    (3, [Draft(TOM, FloorRequested())]),
    (4, [said(BO, "It is nine o'clock.", 1, reply_to=5), ended(BO, 1)]),  # grants Tom turn 2
    (5, [said(TOM, "Thank you", 2), ended(TOM, 2)]),  # grants Bo turn 3
    (7, [said(BO, "I would", 3, interrupted_by=ANA), ended(BO, 3, Outcome.INTERRUPTED)]),
)


def test_words_turns_and_seconds_are_counted_for_each() -> None:
    ana, tom, bo = measure(TALK).parts
    assert (ana.words, tom.words, bo.words) == (4, 4, 6)
    assert (ana.turns, tom.turns, bo.turns) == (0, 1, 2)
    assert (ana.floor_s, tom.floor_s, bo.floor_s) == (0, 1, 6)


def test_a_raised_hand_waits_until_its_grant() -> None:
    tom = measure(TALK).parts[1]
    assert tom.waits_s == [1.0]
    assert tom.longest_wait_grants == 0


def test_who_cuts_and_who_is_cut_are_told() -> None:
    ana, _, bo = measure(TALK).parts
    assert (ana.cut_others, ana.was_cut, bo.was_cut) == (1, 0, 1)


def test_a_post_that_lands_in_a_turn_is_counted_and_one_that_begins_it_is_not() -> None:
    assert measure(TALK).posts_during_turns == 1


def test_answers_are_told_by_whom_to_whom() -> None:
    assert measure(TALK).answers == {(BO, ANA): 1}


def test_floor_transfers_without_a_gap_have_no_offset() -> None:
    assert measure(TALK).offsets_s == (0.0, 0.0)


@pytest.mark.parametrize(
    ("amounts", "told"),
    [([5, 5, 5], 1.0), ([9, 0, 0], 0.0), ([7], 1.0), ([], None), ([0, 0], None)],
)
def test_evenness_is_1_when_all_have_the_same_and_0_when_one_has_all(
    amounts: list[float], told: float | None
) -> None:
    assert evenness(amounts) == told


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=20))
def test_evenness_is_a_share(amounts: list[int]) -> None:
    told = evenness(amounts)
    assert told is None or 0 <= told <= 1


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), max_size=12))
def test_overlap_is_a_share_and_none_where_one_speaks_alone(
    ends: list[tuple[float, float]],
) -> None:
    spans = [
        Span(BO, TurnId(f"kitchen/{n}"), min(pair), max(pair), Outcome.COMMITTED, spoke=True)
        for n, pair in enumerate(ends)
    ]
    told = overlap_share(spans)
    assert told is None or 0 <= told <= 1
    if len(spans) == 1 and told is not None:
        assert told == 0


def test_two_who_speak_at_once_overlap_for_the_time_that_both_do() -> None:
    one = Span(ANA, TurnId("kitchen/1"), 0, 6, Outcome.COMMITTED, spoke=True)
    two = Span(BO, TurnId("kitchen/2"), 4, 8, Outcome.COMMITTED, spoke=True)
    assert overlap_share([one, two]) == 2 / 8
