"""Current selects next, else self-selection, else the current one goes on, else a lapse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, CY, EVE, FLO, PureRoom

from tertulia.orchestrator import RoomSettings
from tertulia.orchestrator.events import TurnGranted
from tertulia.orchestrator.policies import Conversational


def rule(room: PureRoom) -> str:
    """The rule by which the floor was granted last."""
    grants = [event.body for event in room.events if isinstance(event.body, TurnGranted)]
    return grants[-1].rule


def talk(policy: Conversational | None = None, *names: str) -> PureRoom:
    room = PureRoom(policy or Conversational())
    room.seat(*(names or (ANA, CY, BO, EVE, FLO)))
    return room


def test_whoever_is_addressed_speaks_next_before_any_raised_hand() -> None:
    room = talk()
    room.say(ANA, "@bo?")
    room.raise_hand(CY)
    room.finish("@flo, you know that.")
    assert (room.holder, rule(room)) == (FLO, "current selects next")


def test_a_raised_hand_comes_before_those_who_only_would_speak() -> None:
    room = talk()
    room.say(ANA, "@bo?")
    room.raise_hand(FLO)
    room.finish("I do not know.")
    assert (room.holder, rule(room)) == (FLO, "raised hand")


def test_hands_are_granted_in_the_order_in_which_they_went_up() -> None:
    room = talk()
    room.say(ANA, "@bo?")
    for who in (FLO, CY, EVE):
        room.raise_hand(who)
    had: list[str | None] = []
    while room.floor.pending:
        room.finish()
        had.append(room.holder)
    assert had == [FLO, CY, EVE]


def test_self_selection_comes_before_the_current_speaker_goes_on() -> None:
    room = talk()
    room.say(ANA, "@bo?")
    room.finish("First of all", more=True)
    assert (room.holder, rule(room)) == (EVE, "self-selection")


def test_the_current_speaker_goes_on_when_nobody_else_takes_the_floor() -> None:
    room = talk(None, ANA, BO)
    room.say(ANA, "@bo?")
    room.finish("First of all", more=True)
    assert (room.holder, rule(room)) == (BO, "current continues")
    room.finish("and secondly.")
    assert room.holder is None


def test_nobody_speaks_when_nobody_has_reason_to() -> None:
    room = talk()
    assert room.holder is None
    room.say(ANA, "Good morning.")
    room.finish()
    assert room.holder is None
    assert room.floor.grants == 1


def test_an_agent_has_no_reason_to_answer_itself() -> None:
    room = talk(Conversational(volunteers=9), ANA, BO)
    room.say(ANA, "Hm.")
    room.finish("Hm!")
    assert room.holder is None


@given(st.integers(0, 4), st.integers(1, 4))
def test_after_each_utterance_of_a_person_so_many_volunteer_and_no_more(
    volunteers: int, utterances: int
) -> None:
    room = talk(Conversational(volunteers=volunteers))
    for _ in range(utterances):
        before = room.floor.grants
        room.say(ANA, "What do you all think?")
        while room.holder:
            assert rule(room) == "self-selection"
            room.finish("I think so.")
        # All three have news after Ana, and two of them also after one another.
        assert room.floor.grants - before == volunteers


def test_the_longest_silent_volunteers_first() -> None:
    room = talk()
    for expected in (BO, EVE, FLO, BO):
        room.say(ANA, "And?")
        assert room.holder == expected
        room.finish("So.")


@pytest.mark.parametrize("agent_run", [1, 2, 6])
def test_two_agents_that_address_each_other_for_ever_stop_after_agent_run(agent_run: int) -> None:
    room = talk(Conversational(agent_run=agent_run))
    room.say(ANA, "@bo?")
    turns = 0
    while room.holder:
        room.finish("@eve?" if room.holder == BO else "@bo?", more=True)
        turns += 1
        assert turns <= agent_run
    assert turns == agent_run


@given(
    st.integers(0, 6),
    st.integers(0, 6),
    st.lists(st.sampled_from(["", "@bo", "@eve @flo", "Well.", "@bo @eve @flo"]), max_size=40),
)
def test_without_a_person_agents_fall_silent_after_a_bounded_number_of_turns(
    agent_run: int, volunteers: int, said: list[str]
) -> None:
    room = talk(Conversational(volunteers, agent_run))
    room.say(ANA, "@bo @eve @flo, talk.")
    for text in said:
        if room.holder:
            room.finish(text, more=True)
    # Three whom Ana addressed are owed the floor whatever they say to each other.
    assert room.floor.agent_run <= max(agent_run, 3)


def test_a_person_s_question_is_answered_however_long_the_agents_have_talked() -> None:
    room = talk(Conversational(agent_run=1))
    room.say(ANA, "@bo?")
    room.finish("@eve?")
    assert room.holder is None
    room.say(ANA, "@bo @eve @flo, each of you?")
    order: list[str | None] = []
    while room.holder:
        order.append(room.holder)
        room.finish("@bo @eve @flo!")
    assert order[:3] == [EVE, BO, FLO]  # Eve has been asked before


def test_a_person_may_be_asked_by_an_agent_however_long_the_agents_have_talked() -> None:
    room = talk(Conversational(agent_run=1))
    room.say(ANA, "@bo?")
    room.finish("@cy, what do you say?")
    assert (room.holder, rule(room)) == (CY, "current selects next")


def test_an_agent_whose_limit_is_used_up_is_not_asked() -> None:
    room = PureRoom(Conversational(), RoomSettings(turn_limit=1))
    room.seat(ANA, CY, BO)
    room.say(ANA, "@bo?")
    room.finish("Yes.")
    room.say(ANA, "@bo again?")
    assert room.holder is None
    room.say(ANA, "@cy?")
    assert room.holder == CY


def test_with_room_for_two_both_who_are_addressed_speak_at_once() -> None:
    room = PureRoom(Conversational(), RoomSettings(capacity=2))
    room.seat(ANA, BO, EVE, FLO)
    room.say(ANA, "@bo @eve @flo?")
    assert [hold.participant for hold in room.floor.holds] == [BO, EVE]
    room.finish("Me.")
    assert [hold.participant for hold in room.floor.holds] == [EVE, FLO]
