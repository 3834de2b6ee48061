"""Leaving and coming back: what was said is kept, and a turn left unfinished is taken up once."""

import asyncio
from contextlib import suppress

import pytest
from tests.orchestrator.programs import ANA, BO, CY
from tests.orchestrator.rooms import (
    Faltering,
    House,
    Reader,
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

from tertulia.orchestrator import Outcome, Turn
from tertulia.orchestrator.admission import RESUMPTIONS
from tertulia.orchestrator.errors import Elsewhere, Fenced, ShuttingDown, StoreBusy
from tertulia.orchestrator.events import TurnResumed
from tertulia.storage import MemoryLog

# ---- leaving cleanly


@in_no_time
async def test_leaving_finishes_the_turns_that_are_quick() -> None:
    house = House()
    room = await house.room(speakers={"bo": after(2, echo)})
    await room.post("ana", "@bo?")
    await house.scheduler.aclose(grace_s=5)
    log = MemoryLog(house.memory)
    assert await texts(log) == ["ana: @bo?", "bo: You said: bo?"]
    assert await endings(log) == [("bo", Outcome.COMMITTED, None)]


@in_no_time
async def test_a_slow_turn_is_handed_back_and_the_next_owner_answers_exactly_once() -> None:
    first = House()
    room = await first.room(speakers={"bo": after(100, echo)})
    await room.post("ana", "@bo?")
    began = first.scheduler.clock.now()
    await first.scheduler.aclose(grace_s=5)
    assert first.scheduler.clock.now() - began == pytest.approx(5)
    assert len(asyncio.all_tasks()) == 1

    attempts: list[int] = []

    async def resumes(turn: Turn) -> str:
        attempts.append(turn.attempt)
        return f"Attempt {turn.attempt}."

    second = House(first.memory)
    room = await second.room(speakers={"bo": resumes})
    await room.lapse()
    assert attempts == [2]
    assert await texts(second.log) == ["ana: @bo?", "bo: Attempt 2."]
    assert await endings(second.log) == [("bo", Outcome.COMMITTED, None)]
    assert await replays(second.log)
    await second.scheduler.aclose()


@in_no_time
async def test_turns_granted_while_the_process_leaves_are_the_next_owner_s() -> None:
    first = House()
    room = await first.room("ana bo eve", {"bo": after(2, echo), "eve": echo})
    await room.post("ana", "@bo @eve?")
    await first.scheduler.aclose(grace_s=5)
    second = House(first.memory)
    assert await texts(MemoryLog(first.memory)) == ["ana: @bo @eve?", "bo: You said: bo eve?"]
    room = await second.room("ana bo eve", {"eve": echo})
    await room.lapse()
    assert (await texts(second.log))[-1] == "eve: You said: bo eve?"
    await second.scheduler.aclose()


@in_no_time
async def test_who_asks_for_something_after_that_is_told_to_try_again() -> None:
    house = House()
    room = await house.room()
    await house.scheduler.aclose()
    for asked in (room.post("ana", "x"), room.post("ana", "x", key="k"), house.room()):
        with pytest.raises(ShuttingDown, match="try again with the same key"):
            await asked
    assert await texts(MemoryLog(house.memory)) == []
    await house.scheduler.aclose()  # once more does no harm
    await asyncio.wait_for(room.lapse(), 1)


@in_no_time
async def test_an_agent_that_will_not_be_cancelled_does_not_keep_the_process() -> None:
    async def stubborn(turn: Turn) -> str:
        turn.say("Not yet")
        for _ in range(1_000):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(10)
        return "At last."

    house = House()
    room = await house.room(speakers={"bo": stubborn})
    reader = Reader(room)
    await settle()
    await room.post("ana", "@bo?")
    await asyncio.wait_for(house.scheduler.aclose(), 100)
    await settle(20_000)
    assert await texts(MemoryLog(house.memory)) == ["ana: @bo?"]
    assert reader.task.done()


@in_no_time
async def test_a_store_that_fails_for_ever_does_not_keep_the_process() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room(speakers={"bo": after(3, echo)})
    await room.post("ana", "@bo?")
    store.errors = [StoreBusy(where="x") for _ in range(10_000)]
    await settle(50)
    await asyncio.wait_for(house.scheduler.aclose(), 100)
    assert len(asyncio.all_tasks()) == 1


@in_no_time
async def test_a_room_handed_back_and_opened_again_is_not_harmed_by_the_old_one() -> None:
    house = House()
    old = await house.room(speakers={"bo": says("@cy?")})
    await old.post("ana", "@bo?")
    await settle()
    assert old.floor.hold_of(CY)
    await house.scheduler.hand_back(old)
    new = await house.room()
    assert new is not old
    with pytest.raises(ShuttingDown):
        await old.post("ana", "To nobody.")
    await settle(100)  # Cy's patience ends, here and there
    assert await house.room() is new
    await new.post("ana", "Still here.")
    assert (await texts(house.log))[-1] == "ana: Still here."
    await house.scheduler.aclose()


@in_no_time
async def test_handing_a_room_back_once_more_leaves_the_new_one_alone() -> None:
    house = House()
    old = await house.room()
    await house.scheduler.hand_back(old)
    new = await house.room()
    await house.scheduler.hand_back(old)
    assert await house.room() is new
    await new.post("ana", "Here I am.")
    await house.scheduler.aclose()


@in_no_time
async def test_only_one_process_has_a_room() -> None:
    first, second = House(), House()
    second = House(first.memory)
    await first.room()
    with pytest.raises(Elsewhere, match="talk to that process, or wait until its lease ends"):
        await second.room()
    await first.scheduler.aclose()
    await second.room()
    await second.scheduler.aclose()


# ---- crashing


@in_no_time
async def test_a_turn_left_by_a_crash_is_taken_up_and_answered_exactly_once() -> None:
    first = House()
    room = await first.room(speakers={"bo": after(100, echo)})
    await room.post("ana", "@bo?")
    await asyncio.sleep(1)
    first.crash()
    second = House(first.memory)
    room = await second.room(speakers={"bo": after(100, echo)})
    await room.lapse()
    await settle(500)  # the first one goes on as a zombie, and finds out
    assert await texts(second.log) == ["ana: @bo?", "bo: You said: bo?"]
    assert await endings(second.log) == [("bo", Outcome.COMMITTED, None)]
    assert len(first.scheduler) == 0
    await second.scheduler.aclose()


@in_no_time
async def test_a_turn_that_crashes_every_process_is_given_up_for_all_to_see() -> None:
    house = House()
    room = await house.room(speakers={"bo": hang})
    await room.post("ana", "@bo?")
    for _ in range(RESUMPTIONS):
        house.crash()
        house = House(house.memory)
        room = await house.room(speakers={"bo": hang})
        await settle()
        assert room.floor.hold_of(BO)
    house.crash()
    house = House(house.memory)
    room = await house.room(speakers={"bo": hang})
    await room.lapse()
    resumed = [e.body.attempt for e in await log_of(house.log) if isinstance(e.body, TurnResumed)]
    assert resumed == [2, 3, 4]
    [(who, outcome, problem)] = await endings(house.log)
    assert (who, outcome) == ("bo", Outcome.FAILED)
    assert problem == "given up: the process ended 4 times during this turn"
    await settle(1000)
    assert await replays(house.log)
    await house.scheduler.aclose()


@in_no_time
async def test_a_person_who_was_asked_before_a_crash_is_still_waited_for_and_no_longer() -> None:
    first = House()
    room = await first.room(speakers={"bo": says("@cy?")}, patience_s=20)
    await room.post("ana", "@bo?")
    await settle(10)
    first.crash()
    second = House(first.memory)
    room = await second.room()
    await settle(15)
    assert room.floor.hold_of(CY)
    await settle(10)
    assert (await endings(second.log))[-1] == ("cy", Outcome.EXPIRED, None)
    await second.scheduler.aclose()


@in_no_time
async def test_everything_acknowledged_before_a_crash_is_there_after_it() -> None:
    house, said = House(), []
    for life in range(5):
        room = await house.room(speakers={"bo": hang})
        said += [await room.post("ana", f"{life}.{i}", key=f"{life}.{i}") for i in range(20)]
        unheard = asyncio.ensure_future(room.post("cy", "@bo?"))
        house.crash()
        await asyncio.sleep(0)
        unheard.cancel()
        house = House(house.memory)
    await settle(1000)
    kept = await log_of(house.log)
    assert [event for event in kept if event.by == ANA and event.key] == said
    await house.scheduler.aclose()


# ---- fenced


@in_no_time
async def test_who_was_fenced_writes_nothing_and_says_what_to_do() -> None:
    first = House()
    room = await first.room(speakers={"bo": streams(*"abcdef")})
    reader = Reader(room)
    await room.post("ana", "@bo?")
    first.crash()
    second = House(first.memory)
    other = await second.room(speakers={"bo": echo})
    with pytest.raises(Fenced, match="open the room again and try with the same key"):
        await room.post("cy", "Hello?", key="k")
    with pytest.raises(Fenced):
        await room.post("cy", "Hello?")
    await asyncio.wait_for(room.lapse(), 1)
    await asyncio.wait_for(reader.task, 1)
    await other.lapse()
    assert len(first.scheduler) == 0
    assert await texts(second.log) == ["ana: @bo?", "bo: You said: bo?"]
    await second.scheduler.aclose()


@in_no_time
async def test_a_room_that_was_lost_and_won_back_is_not_lost_again_by_old_alarms() -> None:
    first = House()
    lost = await first.room(speakers={"bo": says("@cy?")})
    await lost.post("ana", "@bo?")
    await settle()
    assert lost.floor.hold_of(CY)
    first.crash()
    second = House(first.memory)
    await second.room()
    with pytest.raises(Fenced):
        await lost.post("ana", "Anybody?")
    await second.scheduler.aclose()
    won = await first.room()
    await settle(100)  # whatever the lost room had planned for Cy's patience comes to nothing
    assert await first.room() is won
    with pytest.raises(Fenced):
        await lost.post("ana", "Anybody?")
    assert await first.room() is won
    await won.post("ana", "Here I am.")
    await first.scheduler.aclose()


@in_no_time
async def test_a_new_room_that_is_taken_while_it_is_opened_is_an_error_and_not_a_riddle() -> None:
    store = Faltering()
    store.errors = [Fenced(room="kitchen", epoch=1)]
    house = House(log=store)
    with pytest.raises(Fenced):
        await house.room()
    assert len(house.scheduler) == 0
    await house.room()
    await house.scheduler.aclose()
