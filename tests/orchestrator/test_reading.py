"""Readers get each event once and in order, pieces before the whole, and no foreign whisper."""

import asyncio
from collections.abc import Sequence

from tests.orchestrator.programs import ANA, BO, CY
from tests.orchestrator.rooms import (
    Reader,
    a_house,
    in_no_time,
    log_of,
    settle,
    streams,
)

from tertulia.orchestrator import Delta, Event, Said, Turn
from tertulia.orchestrator.feed import DELTAS, PAGE, RECENT
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import seen_by
from tertulia.storage import MemoryLog


def pieces_come_before_their_utterance(got: Sequence[Event | Delta]) -> bool:
    """Whether every delta stands before the utterance of its turn."""
    said: set[str] = set()
    for one in got:
        if isinstance(one, Delta) and one.turn in said:
            return False
        if isinstance(one, Event) and isinstance(one.body, Said) and one.body.turn:
            said.add(one.body.turn)
    return True


@in_no_time
async def test_a_reader_gets_every_event_once_and_in_order() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams("a", "b")})
        early = Reader(room)
        for i in range(20):
            await room.post("ana", f"@bo {i}?")
            await asyncio.sleep(i % 3)
        late, middle = Reader(room), Reader(room, after=10)
        await room.lapse()
        await room.close()
        await asyncio.gather(early.task, late.task, middle.task)
        kept = await log_of(house.log)
        assert early.events == late.events == kept
        assert middle.events == kept[10:]


@in_no_time
async def test_the_pieces_of_an_utterance_come_before_it_and_make_it_up() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams("Good ", "morning, ", "Ana.")})
        reader = Reader(room)
        await settle()
        await room.post("ana", "@bo?")
        await asyncio.sleep(0.5)
        await room.post("cy", "Meanwhile!")
        await room.lapse()
        await settle()
        assert reader.heard == "Good morning, Ana."
        assert pieces_come_before_their_utterance(reader.got)
        first = next(i for i, one in enumerate(reader.got) if isinstance(one, Delta))
        meanwhile = next(
            i
            for i, one in enumerate(reader.got)
            if isinstance(one, Event) and isinstance(one.body, Said) and one.by == CY
        )
        assert first < meanwhile < len(reader.got) - 3


@in_no_time
async def test_a_participant_who_reads_sees_no_whisper_of_others() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": streams("It is ", "a secret.")})
        readers = {who: Reader(room, who) for who in ("ana", "cy", "dov", "bo")}
        await settle()
        await room.post("ana", "What is it?", whisper=["bo"])
        await room.lapse()
        await room.post("cy", "What are you two whispering?")
        await room.lapse()
        await settle()
        assert readers["ana"].heard == readers["bo"].heard == "It is a secret."
        assert readers["cy"].heard == readers["dov"].heard == ""
        kept = await log_of(house.log)
        assert any(event.audience == (ANA, BO) for event in kept)
        for who, reader in readers.items():
            assert reader.events == list(seen_by(kept, ParticipantId(who)))


@in_no_time
async def test_a_reader_that_is_slow_loses_no_event() -> None:
    async with a_house() as house:
        room = await house.room()
        got: list[Event | Delta] = []

        async def crawl() -> None:
            async for one in room.subscribe():
                got.append(one)
                await asyncio.sleep(1)

        crawling = asyncio.ensure_future(crawl())
        many = RECENT + PAGE + 100
        for i in range(many):
            await room.post("ana", f"{i}")
        await room.close()
        await crawling
        assert got == await log_of(house.log)
        assert len(got) == many + 5


@in_no_time
async def test_a_reader_that_is_slow_still_gets_the_pieces_before_their_utterance() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams("a ", "b ", "c")})
        got: list[Event | Delta] = []

        async def crawl() -> None:
            async for one in room.subscribe():
                got.append(one)
                await asyncio.sleep(7)

        crawling = asyncio.ensure_future(crawl())
        for _ in range(5):
            await room.post("ana", "@bo?")
            await asyncio.sleep(0.5)
            await room.post("cy", "Meanwhile!")
            await room.lapse()
        await room.close()
        await crawling
        assert "".join(one.text for one in got if isinstance(one, Delta)) == "a b c" * 5
        assert pieces_come_before_their_utterance(got)


@in_no_time
async def test_a_reader_that_is_slow_loses_the_oldest_pieces_and_gets_the_whole() -> None:
    async def chatters(turn: Turn) -> None:
        for i in range(DELTAS + 500):
            turn.say(f"{i} ")

    async with a_house() as house:
        room = await house.room(speakers={"bo": chatters})
        reader = Reader(room)
        await settle()
        await room.post("ana", "@bo?")
        await room.lapse()
        await settle()
        assert len(reader.deltas) == DELTAS
        assert reader.deltas[-1].text == f"{DELTAS + 499} "
        whole = next(e.body for e in reader.events if isinstance(e.body, Said) and e.by == BO)
        assert whole.text.startswith("0 1 2")


@in_no_time
async def test_readers_hear_nothing_beyond_what_is_stored_of_an_interrupted_turn() -> None:
    async def goes_on(turn: Turn) -> None:
        for word in ["one", "two", "three", "four", "five", "six", "seven"]:
            turn.say(word + " ")
            await asyncio.sleep(1)

    for cut_at in (0.0, 0.5, 1.0, 3.0, 3.5):
        async with a_house() as house:
            room = await house.room(speakers={"bo": goes_on})
            reader = Reader(room)
            await settle()
            await room.post("ana", "@bo?")
            await asyncio.sleep(cut_at)
            await room.interrupt("ana")
            await settle(20)
            stored = [e.body.text for e in reader.events if isinstance(e.body, Said)][1:]
            assert [reader.heard.strip()] == (stored or [""])
            assert pieces_come_before_their_utterance(reader.got)


@in_no_time
async def test_a_reader_who_goes_away_is_forgotten() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams("a", "b")})
        reader = Reader(room)
        await settle()
        assert room.live.feed.heard
        reader.task.cancel()
        await settle()
        assert not room.live.feed.heard
        await room.post("ana", "@bo?")
        await room.lapse()


@in_no_time
async def test_readers_are_let_go_when_the_process_leaves() -> None:
    async with a_house() as house:
        room = await house.room()
        reader = Reader(room)
        await room.post("ana", "The last word.")
    await asyncio.wait_for(reader.task, 10)
    assert reader.events == await log_of(MemoryLog(house.memory))


@in_no_time
async def test_readers_wake_in_the_order_in_which_they_came() -> None:
    async with a_house() as house:
        room = await house.room()
        woken: list[int] = []

        async def read(number: int) -> None:
            async for one in room.subscribe(after=room.floor.head):
                assert isinstance(one, Event)
                woken.append(number)

        reading = [asyncio.ensure_future(read(number)) for number in range(100)]
        await settle()
        await room.post("ana", "Wake up.")
        await settle()
        assert woken == list(range(100))
        assert not any(task.done() for task in reading)
