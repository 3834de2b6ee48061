"""A conversation in numbers: each counted by hand once, and bounds that always hold."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.metrics.logs import EVE, Written
from tests.orchestrator.programs import Ask, PureRoom, policies, programs

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
from tertulia.orchestrator.metrics import Metrics, Span, evenness, measure, overlap_share, spread
from tertulia.orchestrator.policies import Fair
from tertulia.orchestrator.ports import Policy
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId, RoomId, RoomSettings, TurnId
from tertulia.orchestrator.visibility import seen_by

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


# ---- spreads, money, and what somebody may see


def test_a_spread_says_where_a_tenth_a_half_and_nine_tenths_lie() -> None:
    told = spread(range(101))
    assert told is not None
    assert (told.n, told.p10, told.p50, told.p90) == (101, 10, 50, 90)
    one = spread([3.0])
    assert one is not None
    assert (one.p10, one.p50, one.p90) == (3, 3, 3)
    assert spread([]) is None


def test_gaps_and_overlaps_are_told_apart() -> None:
    written = Written()
    one = written.grant(1, BO)
    two = written.grant(3, EVE)
    written.end(4, BO, one)
    written.end(6, EVE, two)
    written.turn(8, 9, BO)
    found = measure(written.events)
    assert found.offsets_s == (-1, 2)
    assert found.gaps is not None
    assert found.gaps.p50 == 2
    assert found.overlaps is not None
    assert found.overlaps.p50 == 1


def test_tokens_and_cost_add_up_for_each_and_for_all() -> None:
    written = Written()
    for who, tokens in ((BO, 10), (EVE, 5), (BO, 1)):
        written.end(9, who, written.grant(8, who), tokens=tokens)
    found = measure(written.events)
    _, _, bo, eve = found.parts
    assert (bo.tokens, bo.cost, eve.tokens) == (11, 0.11, 5)
    assert (found.tokens, found.cost) == (16, 0.16)


def test_nothing_happened_in_an_empty_log() -> None:
    found = measure([])
    assert (found.seconds, found.parts, found.spans, found.evenness) == (0, (), (), None)
    assert (found.offsets, found.silence.moments, found.cost) == (None, 0, 0)


def whispering() -> Written:
    """Ana and Bo whisper, with hand, turn, cut, words and tokens; Eve and Tom talk beside it."""
    between = (ANA, BO)
    written = Written()
    asked = written.say(1, ANA, "Bo, a secret?", to=(BO,), audience=between)
    turn = written.grant(1, BO, asked, audience=between)
    written.say(2, ANA, "Quick!", to=(BO,), audience=between)
    written.end(3, BO, turn, "It is ro", cut_by=ANA, audience=between, tokens=70)
    written.say(3, ANA, "Hush.", to=(BO,), audience=between)
    written.say(4, TOM, "Eve?", to=(EVE,))
    written.end(6, EVE, written.grant(4, EVE, 11), tokens=3)
    return written


def without(written: Written) -> list[Event]:
    """The same log, as though nobody had whispered; what is left keeps its seq."""
    return [event for event in written.events if event.audience is None]


def test_a_whisper_shows_in_nobody_else_s_metrics() -> None:
    written = whispering()
    for reader in (TOM, EVE):
        seen = measure(seen_by(written.events, reader))
        assert seen == measure(without(written))
        assert {part.participant: part.words for part in seen.parts}[ANA] == 0
        assert (seen.tokens, seen.interruptions, len(seen.spans)) == (3, (), 1)


def test_who_was_in_the_whisper_has_it_in_the_metrics() -> None:
    written = whispering()
    for reader in (ANA, BO):
        seen = measure(seen_by(written.events, reader))
        assert seen == measure(written.events)
        assert (seen.tokens, len(seen.interruptions)) == (73, 1)


@given(policies, programs(changing=True), st.sampled_from(["ana", "cy", "bo", "eve", "zoe"]))
def test_what_anybody_sees_is_measured_as_though_there_were_nothing_else(
    policy: Policy, program: Sequence[Ask], reader: str
) -> None:
    room = PureRoom(policy)
    room.seat("ana", "cy", "bo", "eve")
    for ask in program:
        room.do(ask)
    seen = list(seen_by(room.events, ParticipantId(reader)))
    found: Metrics = measure(seen)
    words = sum(len(event.text.split()) for event in seen)
    assert sum(part.words for part in found.parts) == words
    assert found == measure(seen)
