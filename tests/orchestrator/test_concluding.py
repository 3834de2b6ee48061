"""Live rooms that stop of themselves: every speaker counts, turns that run are cut, people stay."""

import pytest
from tests.orchestrator.programs import ANA, BO, CY, EVE
from tests.orchestrator.rooms import (
    Faltering,
    House,
    a_house,
    after,
    echo,
    endings,
    hang,
    in_no_time,
    log_of,
    replays,
    says,
    settle,
    streams,
    texts,
)

from tertulia.orchestrator import Outcome, Room, Said, Speaker, admission, conditions
from tertulia.orchestrator.admission import Post
from tertulia.orchestrator.conditions import Seconds, StopWord, Turns, Utterances
from tertulia.orchestrator.errors import NotNow, Refused
from tertulia.orchestrator.events import Concluded, Draft, RoomResumed, TimeElapsed, TurnGranted
from tertulia.orchestrator.floor import Phase
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.room import ROOM
from tertulia.storage.memory import Memory

FREE = {"name": "free_talk"}
DONE = conditions.specify(StopWord("DONE"))


def phase(room: Room) -> Phase:
    return room.floor.phase


async def types(log: Log) -> list[str]:
    return [event.type for event in await log_of(log)]


@in_no_time
async def test_a_stop_word_from_the_first_of_two_parallel_speakers_stops_the_room() -> None:
    slow = streams("I ", "would ", "like ", "to ", "add ", "much.")
    async with a_house() as house:
        room = await house.room(
            "ana bo eve flo",
            {BO: after(2.5, says("We are DONE.")), EVE: slow, "flo": slow},
            policy=FREE,
            capacity=2,
            until=DONE,
        )
        await room.post(ANA, "What else?")
        await settle(60)
        assert await texts(house.log) == [
            "ana: What else?",
            "bo: We are DONE.",
            "eve: I would like",
        ]
        assert await endings(house.log) == [
            (BO, Outcome.COMMITTED, None),
            (EVE, Outcome.INTERRUPTED, None),
        ]
        happened = await types(house.log)
        assert "TurnGranted" not in happened[happened.index("Concluded") :]
        assert await replays(house.log)


@in_no_time
async def test_people_may_post_when_the_room_has_stopped_and_nobody_answers() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {BO: echo}, until=DONE)
        await room.post(CY, "DONE, I think.")
        await room.post(ANA, "@bo?")
        await room.lapse()
        assert await texts(house.log) == ["cy: DONE, I think.", "ana: @bo?"]


@in_no_time
async def test_a_resumed_room_begins_anew_and_answers_what_was_asked_meanwhile() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {BO: echo}, until=conditions.specify(Turns(1)))
        await room.post(ANA, "Bo, one?")
        await room.lapse()
        await room.post(ANA, "Bo, two?")
        await room.lapse()
        assert phase(room) is Phase.PAUSED
        await room.resume()
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: You said: Bo, two?"
        assert phase(room) is Phase.PAUSED
        with pytest.raises(NotNow):
            await room.pause()


@in_no_time
async def test_a_room_stops_on_time_in_the_middle_of_a_turn() -> None:
    async with a_house() as house:
        until = conditions.specify(Seconds(3.5))
        room = await house.room("ana bo", {BO: streams("a ", "b ", "c ", "d ", "e ")}, until=until)
        began = room.floor.at
        await room.post(ANA, "@bo?")
        await settle(30)
        events = await log_of(house.log)
        [elapsed] = [event for event in events if isinstance(event.body, TimeElapsed)]
        assert elapsed.at - began == pytest.approx(3.5)
        assert await texts(house.log) == ["ana: @bo?", "bo: a b c d"]
        assert await replays(house.log)


@in_no_time
async def test_a_silent_room_stops_on_time_too_and_again_after_it_was_resumed() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", until=conditions.specify(Seconds(3)))
        await settle(10)
        assert phase(room) is Phase.PAUSED
        await room.resume()
        assert phase(room) is Phase.OPEN
        await settle(10)
        assert (await types(house.log)).count("Concluded") == 2


@in_no_time
async def test_what_a_room_stops_at_can_be_changed_and_left_out() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {BO: echo}, until=conditions.specify(Seconds(3)))
        await room.stop_when(None)
        await settle(10)
        assert phase(room) is Phase.OPEN
        await room.stop_when({"any": [{"turns": 9}, {"stop_word": "DONE"}]})
        await room.post(ANA, "DONE.")
        assert phase(room) is Phase.PAUSED
        await room.stop_when(Utterances(1))
        assert phase(room) is Phase.PAUSED
        for wrong in ("turn", {"turns": -1}):
            with pytest.raises(Refused):
                await room.stop_when(wrong)
        assert await replays(house.log)


@in_no_time
async def test_who_opens_the_room_later_cuts_the_turn_that_was_to_be_cut() -> None:
    memory = Memory()
    log = Faltering(memory)
    first = House(memory, log)
    room = await first.room("ana cy bo", {BO: hang}, until=DONE)
    await room.post(ANA, "@bo?")
    await settle(1)
    log.slow_s = 5  # the end is decided and kept; the process ends before the cut is
    told = room.post(CY, "DONE.")
    event = await told
    first.crash()
    assert isinstance(event.body, Said)
    second = House(memory)
    again = await second.room("ana cy bo", {BO: echo})
    await again.lapse()
    assert phase(again) is Phase.PAUSED
    assert await endings(second.log) == [(BO, Outcome.INTERRUPTED, None)]
    assert await texts(second.log) == ["ana: @bo?", "cy: DONE."]


@in_no_time
async def test_a_room_that_is_opened_again_still_stops_on_time() -> None:
    memory = Memory()
    first = House(memory)
    room = await first.room("ana bo", until=conditions.specify(Seconds(10)))
    began = room.floor.at
    await settle(4)
    first.crash()
    second = House(memory)
    again = await second.room("")
    await settle(20)
    [end] = [event for event in await log_of(second.log) if isinstance(event.body, Concluded)]
    assert end.at - began == pytest.approx(10)
    assert phase(again) is Phase.PAUSED


@in_no_time
async def test_only_the_turns_that_ran_at_the_end_are_cut_if_the_room_goes_on_at_once() -> None:
    async with a_house() as house:
        speakers: dict[str, Speaker] = {BO: streams("so ", "so "), EVE: after(1, says("Eve here."))}
        room = await house.room("ana bo eve", speakers, until=DONE, capacity=2)
        await room.post(ANA, "@bo?")
        await settle(0.5)
        ask = room.live.inbox.put  # both in one batch
        one = ask(lambda floor, now: admission.post(floor, Post(ANA, "DONE. @eve?"), now))
        two = ask(lambda floor, now: (Draft(ROOM, RoomResumed()),))
        await one
        await two
        await settle(20)
        assert await endings(house.log) == [
            (BO, Outcome.INTERRUPTED, None),
            (EVE, Outcome.COMMITTED, None),
        ]
        granted = [e.by for e in await log_of(house.log) if isinstance(e.body, TurnGranted)]
        assert granted == [BO, EVE]
