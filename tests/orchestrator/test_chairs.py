"""Rooms in which somebody says who speaks: a chair, or the agent that hands its task on."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from tests.orchestrator.programs import ANA, BO, CY, EVE, FLO, Ask, PureRoom, programs

from tertulia.orchestrator.admission import deny, nominate
from tertulia.orchestrator.errors import NotAllowed, NotNow, Unknown
from tertulia.orchestrator.events import Draft, PolicyChanged, TurnGranted
from tertulia.orchestrator.policies import (
    Addressed,
    Chaired,
    FirstThatDecides,
    Handoff,
    RoundRobin,
    Weighted,
    specify,
)
from tertulia.orchestrator.policies.chaired import chairs
from tertulia.orchestrator.room import ROOM, ParticipantId
from tertulia.orchestrator.transitions import check


def a_panel(chair: str = ANA) -> PureRoom:
    room = PureRoom(Chaired(chair))
    room.seat(ANA, CY, BO, EVE, FLO)
    return room


def name(room: PureRoom, who: str, chair: str = ANA) -> None:
    room.ask(lambda floor, now: nominate(floor, ParticipantId(chair), ParticipantId(who)))


def name_without_a_chair() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA, EVE)
    name(room, EVE)


# ---- a chair


def test_those_speak_whom_the_chair_names_in_that_order() -> None:
    room = a_panel()
    name(room, EVE)
    name(room, CY)
    name(room, BO)
    order = []
    while room.holder is not None:
        order.append(room.holder)
        room.finish("Thank you, chair.")
    assert order == [EVE, CY, BO]


def test_a_raised_hand_waits_for_the_chair() -> None:
    room = a_panel()
    room.raise_hand(EVE)
    assert room.holder is None
    name(room, EVE)
    assert room.holder == EVE
    assert not room.floor.pending


def test_nobody_else_can_give_the_floor() -> None:
    room = a_panel()
    with pytest.raises(NotAllowed, match=r"'cy' may not give the floor .* ana is in the chair"):
        name(room, EVE, chair=CY)
    with pytest.raises(NotAllowed, match="this room has no chair"):
        name_without_a_chair()
    assert room.holder is None


def test_whom_the_chair_asks_has_the_floor() -> None:
    room = a_panel()
    room.say(ANA, "Flo, what do you think?")
    assert room.holder == FLO


def test_an_agent_in_the_chair_is_heard_after_each_speaker() -> None:
    room = a_panel(chair=BO)
    room.say(CY, "I would like to say something about bread.")
    assert room.holder == BO
    room.finish("Eve, please.")
    assert room.holder == EVE
    room.finish("Bread is good.")
    assert room.holder == BO


def test_an_agent_in_the_chair_looks_at_each_hand_once() -> None:
    room = a_panel(chair=BO)
    room.raise_hand(EVE)
    assert room.holder == BO
    room.finish()  # the chair looks, and leaves it up
    assert room.holder is None
    room.raise_hand(FLO)
    assert room.holder == BO
    room.finish("Eve, please; then Flo.")
    assert room.holder == EVE


def test_a_chair_within_another_policy_is_the_chair() -> None:
    room = PureRoom(FirstThatDecides((Chaired(ANA), RoundRobin())))
    room.seat(ANA, CY, BO, EVE)
    name(room, EVE)
    assert room.holder == EVE


def test_one_whose_handle_is_chair_is_not_therefore_in_the_chair() -> None:
    policy = FirstThatDecides((Weighted({"chair": 2.0}), Chaired(ANA)))
    assert chairs(specify(policy)) == {ANA}


def test_hands_do_not_wait_for_an_empty_chair() -> None:
    room = a_panel()
    room.raise_hand(EVE)
    room.do(("leave", ANA))
    assert room.holder == EVE


def test_a_hand_that_is_turned_down_is_down_and_may_go_up_again() -> None:
    room = a_panel()
    room.raise_hand(EVE)
    room.ask(lambda floor, now: deny(floor, ANA, EVE, "later"))
    assert not room.floor.pending
    room.raise_hand(EVE)
    assert room.floor.pending


def test_a_hand_that_is_not_up_cannot_be_turned_down() -> None:
    room = a_panel()
    with pytest.raises(NotNow):
        room.ask(lambda floor, now: deny(floor, ANA, EVE, "later"))


def test_a_stranger_cannot_be_named() -> None:
    room = a_panel()
    with pytest.raises(Unknown, match="did you mean 'eve'"):
        name(room, "evee")


@given(programs())
def test_in_a_chaired_room_nobody_speaks_unnamed(program: Sequence[Ask]) -> None:
    room = a_panel()
    for ask in program:
        before = room.floor
        by_the_chair = ask[:2] in (("nominate", ANA), ("post", ANA))
        if ask[0] == "finish" and before.holds:  # the chair may name somebody in its turn, too
            by_the_chair = before.holds[ask[1] % len(before.holds)].participant == ANA
        for event in room.do(ask):
            if isinstance(event.body, TurnGranted) and ANA in room.floor.members:
                named = {n.participant for n in before.nominated if n.chair == ANA}
                asked = {o.participant for o in before.owed if ANA in (o.by, o.participant)}
                assert by_the_chair or event.by in named | asked | {ANA}


# ---- handing on


def test_the_agent_at_work_answers_people_until_it_hands_on() -> None:
    room = PureRoom(Handoff(start=BO))
    room.seat(ANA, EVE, BO)
    room.say(ANA, "My key does not fit.")
    assert room.holder == BO
    room.finish("Which room?")
    room.say(ANA, "Number nine.")
    assert room.holder == BO
    room.finish("Eve, would you help?")
    assert room.holder == EVE
    room.finish("Of course.")
    room.say(ANA, "Thank you.")
    assert room.holder == EVE


def test_a_task_is_handed_back_by_addressing_who_had_it() -> None:
    room = PureRoom(Handoff(start=BO))
    room.seat(ANA, BO, EVE)
    room.say(ANA, "Help!")
    room.finish("Eve, please.")
    room.finish("Bo, that is yours.")
    assert room.holder == BO


def test_a_task_is_not_handed_round_for_ever() -> None:
    room = PureRoom(Handoff(start=BO, agent_run=5))
    room.seat(ANA, BO, EVE)
    room.say(ANA, "Help!")
    turns = 0
    while room.holder is not None and turns < 50:
        room.finish("@eve?" if room.holder == BO else "@bo?")
        turns += 1
    assert turns == 5


# ---- another policy while the room runs


def test_a_policy_can_be_changed_while_the_room_runs() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA, BO, EVE)
    room.say(ANA, "Good morning.")
    assert room.holder is None
    room.ask(lambda floor, now: (Draft(ROOM, PolicyChanged(specify(RoundRobin()))),))
    assert room.holder == BO
    assert room.floor.settings.policy == {"name": "round_robin", "people": False}


def test_a_policy_cannot_be_changed_in_a_room_that_is_closed() -> None:
    room = PureRoom(Addressed())
    room.do(("close",))
    with pytest.raises(Exception, match="is closed"):
        check(room.floor, ROOM, PolicyChanged)
