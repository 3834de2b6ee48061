"""What agents keep from turn to turn: in the log, for each audience by itself."""

import asyncio
from typing import Any

import pytest
from tests.orchestrator.rooms import House, a_house, endings, in_no_time, log_of, replays

from tertulia.orchestrator import Reply, Turn
from tertulia.orchestrator.acquaintance import kept
from tertulia.orchestrator.events import Event, Kept
from tertulia.orchestrator.floor import Floor, revised
from tertulia.orchestrator.keepsakes import AUDIENCES, KEPT
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId


async def counts(turn: Turn) -> Reply:
    """An agent that counts its turns before each audience, and tells what it knows of others."""
    known = {",".join(k.audience or ()): k.what["n"] for k in turn.kept}
    mine = next((k.what["n"] for k in turn.kept if k.audience == turn.audience), 0)
    return Reply(f"{mine + 1} {known}", keeps={"n": mine + 1})


@in_no_time
async def test_what_an_agent_keeps_comes_with_its_next_turn() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": counts})
        for _ in range(3):
            await room.post("ana", "Bo, well?")
            await room.lapse()
        assert [e.text for e in await room.said() if e.by == "bo"] == [
            "1 {}",
            "2 {'': 1}",
            "3 {'': 2}",
        ]
        assert await replays(house.log)


@in_no_time
async def test_what_is_kept_in_an_aside_is_not_there_in_a_turn_before_others() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": counts})
        for by, whisper in [
            ("ana", []),
            ("ana", ["bo"]),
            ("cy", ["bo"]),
            ("cy", []),
            ("cy", ["bo"]),
        ]:
            await room.post(by, "Bo, well?", whisper=whisper)
            await room.lapse()
        assert [e.text for e in await room.said() if e.by == "bo"] == [
            "1 {}",
            "1 {'': 1}",
            "1 {'': 1}",
            "2 {'': 1}",
            "2 {'bo,cy': 1, '': 2}",
        ]
        events = [e for e in await log_of(house.log) if isinstance(e.body, Kept)]
        assert [e.audience for e in events] == [
            None,
            ("ana", "bo"),
            ("bo", "cy"),
            None,
            ("bo", "cy"),
        ]


@in_no_time
async def test_a_turn_that_was_cut_keeps_nothing_unless_it_was_kept_on_the_way() -> None:
    async def slow(turn: Turn) -> Reply:
        if "now" in turn.view[-1].text:
            await turn.keep({"n": 7})
        turn.say("Well … ")
        await turn.clock.sleep(5)
        return Reply("Well … done", keeps={"n": 8})

    async with a_house() as house:
        room = await house.room(speakers={"bo": slow}, input="interrupt")
        for words in ["Bo, well?", "Bo, now?"]:
            await room.post("ana", words)
            await asyncio.sleep(1)
            await room.interrupt("ana")
            await room.lapse()
            told = [k.what for k in room.floor.kept]
            assert told == ([] if words == "Bo, well?" else [{"n": 7}])


@in_no_time
async def test_nothing_kept_is_forgotten_when_an_agent_keeps_nothing() -> None:
    replies = [Reply("a", keeps={"n": 1}), Reply("b"), Reply("c", keeps={})]
    known: list[Any] = []

    async def speak(turn: Turn) -> Reply:
        known.append([k.what for k in turn.kept])
        return replies[len(known) - 1]

    async with a_house() as house:
        room = await house.room(speakers={"bo": speak})
        for _ in replies:
            await room.post("ana", "Bo, well?")
            await room.lapse()
        assert known == [[], [{"n": 1}], [{"n": 1}]]
        assert room.floor.kept == ()


@in_no_time
async def test_what_was_kept_is_there_for_the_next_owner_of_the_room() -> None:
    first = House()
    room = await first.room(speakers={"bo": counts})
    await room.post("ana", "Bo, well?")
    await room.lapse()
    first.crash()
    second = House(first.memory)
    room = await second.room(speakers={"bo": counts})
    await room.post("ana", "Bo, well?")
    await room.lapse()
    assert [e.text for e in await room.said() if e.by == "bo"] == ["1 {}", "2 {'': 1}"]
    await second.scheduler.aclose()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("text", "must be a mapping, not str"),
        ({"a": {1, 2}}, "must be plain JSON"),
        ({"a": float("nan")}, "must be plain JSON"),
        ({"a": "x" * KEPT}, "16,000 are allowed"),
    ],
)
def test_what_cannot_be_kept_is_a_failed_turn_that_says_so(wrong: Any, told: str) -> None:
    @in_no_time
    async def proof() -> None:
        async def by_reply(turn: Turn) -> Reply:
            return Reply("Hm.", keeps=wrong)

        async def at_once(turn: Turn) -> None:
            await turn.keep(wrong)

        for speak in (by_reply, at_once):
            async with a_house() as house:
                room = await house.room(speakers={"bo": speak})
                await room.post("ana", "Bo, well?")
                await room.lapse()
                [(_, outcome, problem)] = await endings(house.log)
                assert outcome == "failed"
                assert problem is not None
                assert told in problem
                assert room.floor.kept == ()

    proof()


def test_of_more_audiences_than_there_is_room_for_the_oldest_is_forgotten() -> None:
    floor = Floor(RoomId("kitchen"))
    bo = ParticipantId("bo")
    for n in range(AUDIENCES + 3):
        audience = (ParticipantId(f"a{n:03}"), bo)
        body = Kept(TurnId("kitchen/1"), {"n": n})
        event = Event(floor.room, n + 1, 1, 0.0, bo, body, audience)
        floor = revised(floor, **kept(floor, event, body))
    assert [k.what["n"] for k in floor.kept] == list(range(3, AUDIENCES + 3))
