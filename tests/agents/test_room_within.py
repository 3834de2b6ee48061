"""A room as a node: opened, waited for off the floor, taken up again, bounded."""

import asyncio

import pytest
from tests.orchestrator.rooms import House, a_house, endings, in_no_time, says, texts

from tertulia.agents.room_within import Talk, room_within
from tertulia.graphs import END, START, TurnGraph, speaker_of
from tertulia.orchestrator import RoomSettings, Speaker
from tertulia.orchestrator.errors import Invalid

TALK = Talk(("eve", "flo"), "Eve, Flo: how much is it?")


def asks(house: House, talk: Talk) -> Speaker:
    node = room_within(house.scheduler, talk)
    return speaker_of(
        TurnGraph("asks").add_node("talk", node).add_edge(START, "talk").add_edge("talk", END)
    )


def speakers(house: House, talk: Talk, *, after_s: float = 1.0) -> dict[str, Speaker]:
    eve, flo = says("I think nine.", after_s=after_s), says("No, it is ten.", after_s=2 * after_s)
    return {"bo": asks(house, talk), "eve": eve, "flo": flo}


@in_no_time
async def test_some_talk_it_over_and_the_turn_says_what_came_of_it() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve flo", speakers(house, TALK))
        await room.post("ana", "Bo, how much is it?")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: No, it is ten."
        assert await texts(house.log, "kitchen:talk-1") == [
            "bo: Eve, Flo: how much is it?",
            "eve: I think nine.",
            "flo: No, it is ten.",
        ]
        assert room.breakouts() == ()


@in_no_time
async def test_the_floor_is_others_meanwhile() -> None:
    async with a_house() as house:
        told = {**speakers(house, TALK, after_s=50.0), "cy": says("Here.")}
        room = await house.room("ana cy bo eve flo", told)
        await room.post("ana", "Bo, how much is it?")
        await asyncio.sleep(5)
        assert room.floor.holds == ()
        assert len(room.floor.parked) == 1
        await room.lapse()


@in_no_time
async def test_when_time_is_up_what_was_said_until_then_counts() -> None:
    async with a_house() as house:
        talk = Talk(TALK.members, TALK.task, within_s=1.5)
        room = await house.room("ana bo eve flo", speakers(house, talk))
        await room.post("ana", "Bo, how much is it?")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: I think nine."


@in_no_time
async def test_a_condition_ends_it() -> None:
    settings = RoomSettings(policy={"name": "addressed"}, until={"name": "turns", "n": 1})
    async with a_house() as house:
        talk = Talk(TALK.members, TALK.task, settings=settings)
        room = await house.room("ana bo eve flo", speakers(house, talk))
        await room.post("ana", "Bo, how much is it?")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: I think nine."


@pytest.mark.parametrize("after", [0.5, 1.5, 3.5])
def test_after_a_crash_the_same_room_is_taken_up(after: float) -> None:
    @in_no_time
    async def proof() -> None:
        first = House()
        room = await first.room("ana bo eve flo", speakers(first, TALK))
        await room.post("ana", "Bo, how much is it?")
        await asyncio.sleep(after)
        first.crash()
        second = House(first.memory)
        room = await second.room("ana bo eve flo", speakers(second, TALK))
        await room.lapse()
        assert [line for line in await texts(second.log) if line.startswith("bo")] == [
            "bo: No, it is ten."
        ]
        asked = [t for t in await texts(second.log, "kitchen:talk-1") if t.startswith("bo")]
        assert len(asked) == 1
        await second.scheduler.aclose()

    proof()


@in_no_time
async def test_nobody_is_told_of_a_turn_that_they_do_not_hear() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve flo", speakers(house, TALK))
        await room.post("ana", "Bo, how much is it?", whisper=["bo"])
        await room.lapse()
        [(_, outcome, problem)] = await endings(house.log)
        assert outcome == "failed"
        assert "would tell eve, flo of a turn that they do not hear" in str(problem)


def test_a_talk_that_cannot_be_says_so() -> None:
    for talk in [((), "a"), (("eve",), " ")]:
        with pytest.raises(Invalid, match="needs members and a task"):
            Talk(*talk)
    with pytest.raises(Invalid, match="greater than 0"):
        Talk(("eve",), "a", within_s=0)
