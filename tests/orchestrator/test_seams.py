"""Where parts of the house meet: a question and a closed door, a whisper and a bound, a batch."""

import asyncio
import re

import pytest
from tests.orchestrator.programs import ANA, BO, CY, EVE, PureRoom
from tests.orchestrator.rooms import House, a_house, echo, in_no_time, log_of, replays, says, texts
from tests.orchestrator.test_consultations import Wishing, granted, names, three

from tertulia.orchestrator import Kind, Participant, RoomSettings, Turn, addressing
from tertulia.orchestrator.admission import deny, nominate
from tertulia.orchestrator.errors import BadContent, Exists, Invalid
from tertulia.orchestrator.metrics import measure
from tertulia.orchestrator.policies import (
    Addressed,
    Bids,
    Chaired,
    Cooldown,
    FirstThatDecides,
    Limited,
    RoundRobin,
    Selector,
    Weighted,
    build,
    specify,
)
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ParticipantId


@in_no_time
async def test_a_bidder_that_leaves_in_the_same_moment_keeps_nobody_waiting() -> None:
    async with a_house() as house:
        agents = {"bo": Wishing(0.9), "cy": Wishing(0.1), "eve": Wishing(0.7)}
        room = await house.room("ana bo eve", agents, policy={"name": "bids"})
        await asyncio.gather(room.post("ana", "Good morning."), room.leave("bo"))
        await room.lapse()
        assert [who for who, _ in await granted(house)] == ["eve"]


@in_no_time
async def test_an_agent_whose_ended_cannot_be_called_keeps_nobody_waiting() -> None:
    class Odd:
        ended = False

        async def __call__(self, turn: Turn) -> Reply:
            return Reply("Well.")

    async with a_house() as house:
        room = await house.room(speakers={"bo": Odd()})
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *told: None)  # asyncio tells it to its own log
        await room.post("ana", "@bo?")
        await room.lapse()
        await room.post("ana", "Thank you.")
        assert await texts(house.log) == ["ana: @bo?", "bo: Well.", "ana: Thank you."]


def test_reading_who_is_called_takes_no_longer_for_odd_texts() -> None:
    patterns = [value for value in vars(addressing).values() if isinstance(value, re.Pattern)]
    assert not any(re.search(r"\\s\*.*\\s\*.*\$", pattern.pattern) for pattern in patterns)
    room = PureRoom(Addressed(), RoomSettings(text_limit=1_000_000))
    room.seat(ANA, BO)
    room.say(ANA, "Hi," + " " * 900_000 + "x")
    assert room.holder is None


@pytest.mark.parametrize(
    "policy", [{"name": "limited", "seconds": float("inf")}, {"name": "bids", "within_s": 1e999}]
)
def test_a_policy_that_no_log_could_keep_is_refused(policy: dict[str, object]) -> None:
    with pytest.raises(Invalid, match="must be finite"):
        build(policy)


@pytest.mark.parametrize("setting", [{"turn_limit": 2.5}, {"capacity": 1.5}, {"text_limit": 9.5}])
def test_a_setting_that_no_log_could_keep_is_refused(setting: dict[str, float]) -> None:
    with pytest.raises(Invalid, match="must be a whole number"):
        RoomSettings(**setting)  # type: ignore[arg-type]


def test_a_priority_that_no_log_could_keep_is_refused() -> None:
    room = PureRoom(Addressed())
    room.seat(ANA)
    with pytest.raises(BadContent, match="whole number"):
        room.raise_hand(ANA, 0.5)  # type: ignore[arg-type]


@in_no_time
async def test_a_policy_that_asks_is_waited_for_by_those_around_it() -> None:
    asking = specify(FirstThatDecides((Selector(), RoundRobin())))
    async with a_house() as house:
        room = await house.room("ana bo eve flo", three(), policy=asking)
        room.consult(names("flo", None, after_s=1))
        await room.post("ana", "Good morning.")
        await asyncio.sleep(2)
        assert (await granted(house))[0] == ("flo", "selected")
        await room.close()


@in_no_time
async def test_two_policies_that_ask_do_not_ask_for_ever() -> None:
    asking = specify(FirstThatDecides((Bids(), Selector())))
    async with a_house() as house:
        agents = {"bo": Wishing(0.1), "eve": Wishing(0.1)}
        room = await house.room("ana bo eve", agents, policy=asking)
        room.consult(names(*[None] * 9))
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert len(await log_of(house.log)) < 12


def test_a_whisper_does_not_lift_the_bound_on_agents_among_themselves() -> None:
    room = PureRoom(Cooldown(RoundRobin(), exchanges=4))
    room.seat(ANA, BO, EVE)
    for agent in (BO, EVE):
        room.say(ANA, "Psst.", whisper=[agent])
    room.say(ANA, "Discuss!")
    turns = 0
    while room.holder is not None and turns < 50:
        room.finish("Well.")
        turns += 1
    assert turns == 4


def test_who_is_asked_again_and_again_owes_one_answer() -> None:
    room = PureRoom(Addressed(), RoomSettings(turn_limit=0))
    room.seat(ANA, CY, BO)
    for _ in range(100):
        room.say(ANA, "@bo?")
        room.say(CY, "@bo?")
    assert len(room.floor.owed) == 2


@in_no_time
async def test_a_room_that_is_closed_while_it_asks_is_quiet_at_once() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", three(), policy={"name": "selector"})
        room.consult(names("bo", after_s=3600))
        await room.post("ana", "Good morning.")
        await room.close()
        await asyncio.wait_for(room.lapse(), 1)
        assert len(asyncio.all_tasks()) == 1


@in_no_time
async def test_agents_that_were_asked_before_a_restart_are_asked_again() -> None:
    first = House()
    bidding = {"name": "bids"}
    room = await first.room("ana bo", {"bo": Wishing(0.9, after_s=60)}, policy=bidding)
    await room.post("ana", "Good morning.")
    await first.scheduler.hand_back(room)
    second = House(first.memory)
    room = await second.room("ana bo", {"bo": Wishing(0.9)}, policy=bidding)
    await room.lapse()
    assert [who for who, _ in await granted(second)] == ["bo"]
    assert await replays(second.log)
    await first.scheduler.aclose()
    await second.scheduler.aclose()


@in_no_time
async def test_a_policy_is_what_it_was_when_it_was_given() -> None:
    async with a_house() as house:
        weights = {"bo": 1.0, "eve": 1.0}
        policy = specify(Weighted(weights))
        room = await house.room(
            "ana bo eve", {"bo": echo, "eve": echo}, policy=policy, turn_limit=4
        )
        weights["bo"] = policy["weights"]["eve"] = 99.0
        await room.post("ana", "Good morning.")
        await room.lapse()
        assert await replays(house.log)


@in_no_time
async def test_whispering_does_not_crowd_the_talk_out_of_what_agents_see() -> None:
    seen: list[Turn] = []

    async def bo(turn: Turn) -> str:
        seen.append(turn)
        return "Rose."

    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": bo})
        await room.post("ana", "The word is rose.")
        for number in range(150):
            await room.post("cy", f"Psst {number}", whisper=["dov"])
        await room.post("ana", "@bo which word?")
        await room.lapse()
        assert [event.text for event in seen[0].view] == ["The word is rose.", "@bo which word?"]


def test_a_hand_that_was_turned_down_has_not_waited() -> None:
    room = PureRoom(Chaired(ANA))
    room.seat(ANA, BO)
    room.raise_hand(BO)
    room.ask(lambda floor, now: deny(floor, ANA, BO, "later"))
    room.now += 1000
    room.ask(lambda floor, now: nominate(floor, ANA, BO))
    assert all(not part.waits_s for part in measure(room.events).parts)


@in_no_time
async def test_nobody_else_takes_the_handle_of_one_who_left() -> None:
    async with a_house() as house:
        room = await house.room("ana cy", {"bo": says("Well.")})
        await room.leave("cy")
        with pytest.raises(Exists):
            await room.join(Participant(ParticipantId("cy"), "Cyrus", Kind.HUMAN))
        await room.join(Participant(ParticipantId("cy"), "Cy", Kind.HUMAN))


def test_limits_are_kept_when_the_policy_is_said_as_data() -> None:
    assert build(specify(Limited(seconds=2.0))) == Limited(seconds=2.0)
