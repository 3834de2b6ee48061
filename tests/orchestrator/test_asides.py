"""Side conversations: each audience that whispers has a floor of its own, beside everybody's."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from tests.orchestrator.programs import (
    ANA,
    BO,
    CAST,
    CY,
    DOV,
    EVE,
    Ask,
    PureRoom,
    policies,
    programs,
)
from tests.orchestrator.rooms import (
    a_house,
    after,
    echo,
    in_no_time,
    log_of,
    replays,
    says,
    settle,
)

from tertulia.orchestrator import Kind, Policy, RoomSettings
from tertulia.orchestrator.events import Event, Said, TurnGranted
from tertulia.orchestrator.policies import (
    Addressed,
    Bids,
    Chaired,
    Conversational,
    Cooldown,
    Fair,
    FirstThatDecides,
    FreeTalk,
    Handoff,
    Limited,
    Quiet,
    RaisedHands,
    RoundRobin,
    Scheduled,
    Selector,
    Weighted,
)
from tertulia.orchestrator.policies.asides import ASIDE
from tertulia.orchestrator.replay import Disagreement, replay

SIDES = RoomSettings(side_floors=True)
BETWEEN = (ANA, BO)

EVERY_POLICY: list[Policy] = [
    Addressed(),
    Bids(),
    Chaired("dov"),
    Conversational(),
    Cooldown(),
    Fair(RoundRobin()),
    FirstThatDecides((RaisedHands(), Addressed())),
    FreeTalk(),
    Handoff(),
    Limited(RaisedHands(), turns=2),
    Quiet(),
    RaisedHands(),
    RoundRobin(),
    Scheduled(()),
    Selector(),
    Weighted(),
]


def a_room(policy: Policy | None = None, who: Sequence[str] = (ANA, CY, DOV, BO, EVE)) -> PureRoom:
    room = PureRoom(policy or Addressed(), SIDES)
    room.seat(*who)
    return room


def granted(events: Sequence[Event]) -> list[tuple[str, Any, str]]:
    return [(e.by, e.audience, e.body.rule) for e in events if isinstance(e.body, TurnGranted)]


def finish(room: PureRoom, who: str, text: str = "", **more: Any) -> Sequence[Event]:
    place = next(n for n, hold in enumerate(room.floor.holds) if hold.participant == who)
    from tertulia.orchestrator.ports import Reply

    return room.do(("finish", place, Reply(text, **more)))


# ---- everybody's floor is not taken by whispering


@pytest.mark.parametrize("policy", EVERY_POLICY, ids=lambda policy: type(policy).__name__)
def test_who_whispers_to_an_agent_gets_a_whispered_answer_under_every_policy(
    policy: Policy,
) -> None:
    room = a_room(policy)
    events = room.say(ANA, "what do you think?", whisper=[BO])
    assert granted(events) == [(BO, BETWEEN, ASIDE)]
    [said, _] = finish(room, BO, "That you are right.")
    assert said.audience == BETWEEN
    assert not room.floor.holds


def test_a_whispered_turn_does_not_keep_others_from_everybody_s_floor() -> None:
    room = a_room()
    room.say(ANA, "a long question", whisper=[BO])
    assert granted(room.say(CY, "Eve, and the weather?")) == [(EVE, None, "addressed")]
    assert {hold.participant for hold in room.floor.holds} == {BO, EVE}


def test_a_turn_of_everybody_s_floor_does_not_keep_others_from_whispering() -> None:
    room = a_room()
    room.say(CY, "Eve, and the weather?")
    assert granted(room.say(ANA, "psst", whisper=[BO])) == [(BO, BETWEEN, ASIDE)]


def test_each_audience_has_as_many_speakers_as_the_room_and_each_agent_one_turn() -> None:
    room = a_room()
    assert granted(room.say(ANA, "both of you?", whisper=[BO, EVE])) == [
        (BO, (ANA, BO, EVE), ASIDE)
    ]
    assert granted(room.say(CY, "Eve?", whisper=[EVE])) == [(EVE, (CY, EVE), ASIDE)]
    assert granted(room.say(DOV, "Bo?", whisper=[BO])) == []
    assert granted(finish(room, EVE, "Yes.")) == []  # Bo has the floor among the three
    assert granted(finish(room, BO, "Yes.")) == [
        (EVE, (ANA, BO, EVE), ASIDE),
        (BO, (BO, DOV), ASIDE),
    ]


def test_persons_are_never_waited_for_in_a_whisper() -> None:
    room = a_room()
    assert granted(room.say(ANA, "Cy?", whisper=[CY])) == []
    assert granted(room.say(ANA, "Cy and Bo: well?", whisper=[CY, BO])) == [
        (BO, (ANA, BO, CY), ASIDE)
    ]
    room.raise_hand(CY)  # who was asked in a whisper is free to do what they like


def test_two_persons_and_an_agent_whisper_and_the_agent_answers_who_named_nobody() -> None:
    room = a_room()
    [said, *_] = room.say(ANA, "what now?", whisper=[CY, BO])
    assert isinstance(said.body, Said)
    assert said.body.addressees == (BO,)
    finish(room, BO, "Cy, you first?")
    three = (ANA, BO, CY)
    [answer, *rest] = room.say(CY, "all right, then", whisper=[ANA, BO])
    assert answer.audience == three
    assert granted(rest) == [(BO, three, ASIDE)]


# ---- in the order of asking


def test_an_agent_answers_in_the_order_in_which_it_was_asked() -> None:
    room = a_room()
    room.say(CY, "Eve, speak.")
    room.say(CY, "Bo, for everybody?")  # everybody's floor is taken
    assert granted(room.say(ANA, "Bo, for me?", whisper=[BO])) == []
    assert granted(finish(room, EVE, "Well.")) == [(BO, None, "addressed")]
    assert granted(finish(room, BO, "Well.")) == [(BO, BETWEEN, ASIDE)]


def test_a_whisper_goes_before_what_everybody_asks_later() -> None:
    room = a_room()
    room.say(CY, "Bo, one.")
    room.say(ANA, "two", whisper=[BO])
    room.say(DOV, "Bo, three.")
    assert granted(finish(room, BO, "1")) == [(BO, BETWEEN, ASIDE)]
    assert granted(finish(room, BO, "2")) == [(BO, None, "addressed")]


def test_whispering_starves_nobody_under_a_policy_that_takes_turns() -> None:
    room = a_room(RoundRobin(), [ANA, CY, BO])
    room.say(CY, "Well?")
    for _ in range(3):
        room.say(ANA, "psst", whisper=[BO])
    assert [granted(finish(room, BO, "Hm.")) for _ in range(2)] == [[(BO, BETWEEN, ASIDE)], []]


# ---- what whispering leaves alone


def test_a_raised_hand_stays_up_while_its_agent_whispers() -> None:
    room = a_room(RaisedHands())
    room.say(CY, "hm")
    room.raise_hand(DOV)  # has everybody's floor now
    room.raise_hand(BO)
    room.say(ANA, "psst", whisper=[BO])
    assert [request.participant for request in room.floor.pending] == [BO]


def test_a_question_that_is_being_decided_stays_open_while_somebody_whispers() -> None:
    room = a_room(Selector())
    room.say(CY, "Who knows?")
    asked = room.floor.question
    assert asked is not None
    room.say(ANA, "psst", whisper=[BO])
    assert room.floor.question == asked
    finish(room, BO, "Hm.")
    assert room.floor.question == asked


def test_who_asks_to_go_on_in_a_whisper_goes_on_there_and_not_for_ever() -> None:
    room = a_room(Conversational(agent_run=3))
    room.say(ANA, "tell me", whisper=[BO])
    turns = 0
    while room.floor.holds:
        assert all(hold.audience == BETWEEN for hold in room.floor.holds)
        finish(room, BO, "And then …", more=True)
        turns += 1
    assert turns == 3


def test_two_agents_do_not_whisper_to_each_other_for_ever() -> None:
    room = a_room()
    room.say(BO, "Eve?", whisper=[EVE])
    turns = 0
    while room.floor.holds:
        other = BO if room.holder == EVE else EVE
        finish(room, str(room.holder), "And you?", addressees=(other,))
        turns += 1
    assert turns == Addressed().agent_run


def test_a_limit_on_turns_counts_whispered_ones() -> None:
    room = a_room(Limited(Addressed(), turns=1))
    room.say(ANA, "one", whisper=[BO])
    finish(room, BO, "1")
    assert granted(room.say(ANA, "two", whisper=[BO])) == []


def test_a_whisper_lets_no_further_agent_speak_unasked_to_everybody() -> None:
    room = a_room(Conversational(volunteers=1))
    room.say(CY, "Well.")
    finish(room, BO, "Indeed.")
    assert granted(room.say(ANA, "psst", whisper=[DOV])) == []


def test_a_policy_that_breaks_does_not_keep_whispers_from_being_answered() -> None:
    class Broken:
        def choose(self, floor: Any, now: float) -> None:
            raise RuntimeError("it broke")

    room = a_room()
    room.policy = Broken()
    assert granted(room.say(ANA, "psst", whisper=[BO])) == [(BO, BETWEEN, ASIDE)]


# ---- rooms of before, and at random


def test_without_side_floors_a_whispered_turn_takes_everybody_s_floor() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA, CY, BO, EVE)
    room.say(ANA, "psst", whisper=[BO])
    assert granted(room.say(CY, "Eve?, Eve, well?")) == []


@given(policies, programs())
def test_on_no_floor_are_there_more_than_may_be_and_a_log_decides_itself_again(
    policy: Policy, program: Sequence[Ask]
) -> None:
    room = PureRoom(policy, RoomSettings(capacity=1, side_floors=True))
    room.seat(ANA, BO, EVE)
    for ask in program:
        room.do(ask)
        audiences = [hold.audience for hold in room.floor.holds]
        assert len(audiences) == len(set(audiences))
        holders = [hold.participant for hold in room.floor.holds]
        assert len(holders) == len(set(holders))
        for hold in room.floor.holds:
            if hold.audience is not None and hold.answers is not None:  # it answers a whisper
                assert CAST[hold.participant].kind is Kind.AGENT
                assert hold.participant in hold.audience
    decided = list(replay(room.floor.room, room.events))
    assert not any(isinstance(one, Disagreement) for one in decided)
    assert decided[-1] == room.floor


@in_no_time
async def test_people_are_answered_at_once_while_an_agent_whispers_slowly() -> None:
    async with a_house() as house:
        speakers = {"bo": after(60, echo), "eve": says("Sunny.", after_s=1)}
        room = await house.room("ana cy bo eve", speakers)
        began = house.scheduler.clock.now()
        await room.post("ana", "Tell me all.", whisper=["bo"])
        await room.post("cy", "Eve, the weather?")
        await settle(2)
        assert [e.text for e in await room.said("cy")] == ["Eve, the weather?", "Sunny."]
        await room.lapse()
        [*_, last] = await room.said("ana")
        assert (last.text, last.audience) == ("You said: Tell me all.", (ANA, BO))
        assert last.at - began == 60
        assert await replays(house.log)
        assert (await log_of(house.log))[0].body.settings.side_floors is True  # type: ignore[union-attr]
