"""Policies that share the floor out, by weight or schedule or to all, and those that hold back."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import (
    ANA,
    BO,
    CY,
    EVE,
    FLO,
    Ask,
    PureRoom,
    members,
    other_policies,
    plain_policies,
    programs,
)

from tertulia.orchestrator import RoomSettings
from tertulia.orchestrator.events import TurnGranted
from tertulia.orchestrator.policies import (
    Addressed,
    Cooldown,
    Fair,
    FirstThatDecides,
    FreeTalk,
    Limited,
    Quiet,
    RaisedHands,
    RoundRobin,
    Scheduled,
    Weighted,
)
from tertulia.orchestrator.ports import Policy, Reply
from tertulia.orchestrator.room import Kind, ParticipantId

some_policy = plain_policies | other_policies
talk: st.SearchStrategy[Ask] = st.sampled_from(
    [("finish", 0, Reply("Well.")), ("post", ANA, "Go on.", (), None)]
)
hands = st.tuples(st.just("hand"), members, st.integers(0, 3))


def speakers(room: PureRoom, turns: int) -> list[ParticipantId]:
    """Who speaks in the next turns, when everybody always says something."""
    order = []
    for _ in range(turns):
        if room.holder is None:
            break
        order.append(ParticipantId(room.holder))
        room.finish("And another thing.")
    return order


# ---- free talk


def test_without_a_limit_everybody_with_something_new_talks_at_once() -> None:
    room = PureRoom(FreeTalk(), RoomSettings(capacity=None))
    room.seat(ANA, BO, EVE, FLO)
    room.say(ANA, "Good morning!")
    assert {hold.participant for hold in room.floor.holds} == {BO, EVE, FLO}


@pytest.mark.parametrize("side_floors", [True, False])
def test_with_room_for_two_two_talk_at_once(side_floors: bool) -> None:
    room = PureRoom(FreeTalk(), RoomSettings(capacity=2, side_floors=side_floors))
    room.seat(ANA, BO, EVE, FLO)
    room.say(ANA, "Good morning!")
    assert [hold.participant for hold in room.floor.holds] == [BO, EVE]


@given(st.lists(st.one_of(talk, talk, hands), min_size=20, max_size=80))
def test_in_free_talk_a_raised_hand_is_granted_within_n_grants(program: Sequence[Ask]) -> None:
    room = PureRoom(FreeTalk())
    room.seat(ANA, CY, BO, EVE, FLO)
    for ask in program:
        room.do(ask)
        for request in room.floor.pending:
            assert room.floor.grants - request.grants < len(room.floor.members)


# ---- weights and schedules


@given(st.dictionaries(st.sampled_from([BO, EVE, FLO]), st.integers(1, 4), min_size=3))
def test_turns_come_in_proportion_to_the_weights(weights: dict[str, int]) -> None:
    room = PureRoom(Weighted(weights), RoomSettings(coalesce_s=0))
    room.seat(ANA, CY, BO, EVE, FLO)
    room.say(ANA, "Please discuss.")
    had: list[str] = []
    for turn in range(10 * sum(weights.values())):  # people keep talking, so that all have news
        had.append(str(room.holder))
        room.say((ANA, CY)[turn % 2], "Tell us more.")
        room.finish("Yes.")
    counted = Counter(had)
    for who, weight in weights.items():
        assert abs(counted[who] - 10 * weight) <= 1 + weight


@given(st.dictionaries(st.sampled_from([BO, EVE, FLO]), st.integers(1, 9), min_size=3))
def test_the_lightest_waits_no_longer_than_the_bound(weights: dict[str, int]) -> None:
    room = PureRoom(Weighted(weights))
    room.seat(ANA, CY, BO, EVE, FLO)
    room.say(ANA, "Please discuss.")
    bound = len(weights) + sum(weights.values()) / min(weights.values())
    last = dict.fromkeys(weights, 0)
    for turn in range(1, 60):
        last[str(room.holder)] = turn
        assert all(turn - then <= bound for then in last.values())
        room.say((ANA, CY)[turn % 2], "Go on.")
        room.finish("Yes.")


def test_a_schedule_is_kept_and_then_there_is_silence() -> None:
    room = PureRoom(Scheduled((BO, EVE, BO, FLO)))
    room.seat(ANA, BO, EVE, FLO)
    assert speakers(room, 9) == [BO, EVE, BO, FLO]


def test_a_speaker_who_is_missing_does_not_block_the_schedule() -> None:
    room = PureRoom(Scheduled((BO, EVE, FLO)))
    room.seat(ANA, BO, FLO)
    assert speakers(room, 9) == [BO, FLO]
    room.seat(EVE)
    assert room.holder == EVE


def test_the_first_policy_that_decides_decides() -> None:
    room = PureRoom(FirstThatDecides((RaisedHands(), Addressed(), RoundRobin())))
    room.seat(ANA, BO, EVE, FLO)
    room.say(ANA, "Flo, how are you?")
    assert room.holder == FLO
    room.raise_hand(EVE)
    room.finish("Fine.")
    assert room.holder == EVE
    room.finish("Me too.")
    assert room.holder == BO


# ---- holding back


@given(some_policy, st.integers(1, 3), programs())
def test_nobody_has_more_turns_than_the_limit(
    inner: Policy, most: int, program: Sequence[Ask]
) -> None:
    room = PureRoom(Limited(inner, turns=most))
    room.seat(ANA, CY, BO, EVE)
    for ask in program:
        room.do(ask)
        assert all(seat.turns <= most for seat in room.floor.members.values())


def test_one_who_has_used_up_its_turns_is_not_granted_though_it_is_asked() -> None:
    room = PureRoom(Limited(Addressed(), turns=1))
    room.seat(ANA, BO, EVE)
    room.say(ANA, "@bo one?")
    room.finish("One.")
    room.say(ANA, "@bo and two? @eve?")
    assert room.holder == EVE
    room.finish("Two.")
    assert room.holder is None


def test_who_has_used_up_his_seconds_gets_no_other_turn() -> None:
    room = PureRoom(Limited(RaisedHands(), seconds=3.0))
    room.seat(ANA, BO, EVE)
    room.raise_hand(BO)
    room.now += 3
    room.finish("A long speech.")
    room.raise_hand(BO)
    assert room.holder is None
    room.raise_hand(EVE)
    assert room.holder == EVE


@given(some_policy, st.integers(1, 4), programs())
def test_agents_among_themselves_stop_after_so_many_exchanges(
    inner: Policy, exchanges: int, program: Sequence[Ask]
) -> None:
    room = PureRoom(Cooldown(inner, exchanges))
    room.seat(ANA, CY, BO, EVE, FLO)
    for ask in program:
        before = room.floor
        for event in room.do(ask):
            granted = isinstance(event.body, TurnGranted) and event.by in (BO, EVE, FLO)
            if granted and room.floor.agent_run > exchanges:
                asked = before.asked_by_people() | room.floor.asked_by_people()
                assert event.by in asked or room.floor.agent_run <= exchanges + len(asked)


def test_two_agents_that_ask_each_other_stop_without_people() -> None:
    room = PureRoom(Cooldown(RoundRobin(), exchanges=4))
    room.seat(ANA, BO, EVE)
    room.say(ANA, "Discuss!")
    assert speakers(room, 50) == [BO, EVE, BO, EVE]
    room.say(ANA, "Go on.")
    assert len(speakers(room, 50)) == 4


def test_agents_wait_while_people_talk_to_each_other() -> None:
    room = PureRoom(Quiet(Fair()))
    room.seat(ANA, CY, BO, EVE)
    room.say(ANA, "Cy, did you sleep well?")
    room.say(CY, "Very well, and you?")
    while room.holder is not None and room.floor.members[ParticipantId(room.holder)].kind is (
        Kind.HUMAN
    ):
        room.finish()
    assert room.holder is None


def test_a_person_who_asks_an_agent_breaks_the_quiet() -> None:
    room = PureRoom(Quiet())
    room.seat(ANA, CY, BO, EVE)
    room.say(ANA, "I slept well.")
    room.finish()
    room.say(CY, "Me too.")
    assert room.holder is None
    room.say(ANA, "Bo, what time is it?")
    assert room.holder == BO


def test_an_agent_that_raises_its_hand_breaks_the_quiet() -> None:
    room = PureRoom(Quiet())
    room.seat(ANA, CY, BO)
    room.say(ANA, "I slept well.")
    room.finish()
    room.say(CY, "Me too.")
    room.raise_hand(BO)
    assert room.holder == BO
