"""A room goes on from any of its events under another name, and can be seen as it was at any."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, Ask, PureRoom, policies, programs
from tests.orchestrator.rooms import (
    KITCHEN,
    House,
    a_house,
    in_no_time,
    log_of,
    replays,
    settle,
    texts,
)
from tests.storage.batches import bodies

from tertulia import compose
from tertulia.agents import carry_out, tool
from tertulia.orchestrator import Policy, Reply, Turn
from tertulia.orchestrator.errors import Exists, Invalid, Unknown
from tertulia.orchestrator.events import BODIES, Event, RoomOpened, TurnResumed
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.forks import named_after_rooms, remade, whole_steps
from tertulia.orchestrator.policies import Addressed
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.time_travel import floor_at, fork
from tertulia.orchestrator.transitions import fold
from tertulia.simulation import VirtualClock
from tertulia.storage import MemoryLog, verify

FORK = RoomId("what-if")
CLOCK = VirtualClock()


async def counts(turn: Turn) -> str:
    return f"{len(turn.view)} heard in {turn.id}"


async def talked(house: House) -> None:
    """Two questions, two answers, of which one is whispered."""
    room = await house.room(speakers={"bo": counts})
    await room.post("ana", "@bo, one?", key="first")
    await room.lapse()
    await room.post("ana", "@bo, two?", whisper=["bo"])
    await room.lapse()


# ---- pure


@given(policies, programs(5, 30), st.data())
def test_whatever_happened_a_fork_at_any_event_replays(
    policy: Policy, program: Sequence[Ask], data: st.DataObject
) -> None:
    room = PureRoom(policy)
    for ask in program:
        room.do(ask)
    at = data.draw(st.integers(1, len(room.events)))
    try:
        taken = whole_steps(room.floor.room, room.events, at)
    except Invalid:  # it was closed there
        return
    copied = remade(taken, FORK, at)
    stages = list(replay(FORK, copied))
    assert not any(isinstance(stage, Disagreement) for stage in stages)
    assert stages[-1] == fold(Floor(FORK), copied)
    assert "kitchen" not in repr(copied[1:])
    assert [(e.seq, e.at, e.by, e.audience, e.key) for e in copied] == [
        (e.seq, e.at, e.by, e.audience, e.key) for e in room.events[: len(copied)]
    ]


def test_the_first_event_of_a_fork_tells_where_it_comes_from() -> None:
    room = PureRoom(Addressed())
    room.seat("ana", "bo")
    (first, *_) = remade(room.events, FORK, 2)
    assert isinstance(first.body, RoomOpened)
    assert (first.body.forked_from, first.body.forked_at) == ("kitchen", 2)
    (again, *_) = remade(remade(room.events, FORK, 2), RoomId("deeper"), 1)
    assert isinstance(again.body, RoomOpened)
    assert (again.body.forked_from, again.body.forked_at) == (FORK, 1)


def test_in_every_kind_of_event_what_is_named_after_the_room_is_renamed() -> None:
    kinds: Iterable[Any] = BODIES.values()
    for body in kinds:
        named = {f.name: f.type for f in fields(body) if f.name in ("turn", "room", "effect")}
        assert set(named) <= set(named_after_rooms(body)), body
    whole = [Event(KITCHEN, n, n, 0.0, ANA, body) for n, body in enumerate(bodies(), 1)]
    (first, *rest) = remade(whole, FORK, 1)
    assert first.room == FORK
    assert [e.type for e in rest] == [e.type for e in whole[1:]]
    assert "kitchen/" not in repr(rest)


# ---- running on


@in_no_time
async def test_a_fork_goes_on_and_the_old_room_knows_nothing_of_it() -> None:
    async with a_house() as house:
        await talked(house)
        before = await log_of(house.log)
        assert await fork(house.log, CLOCK, KITCHEN, FORK) == len(before)
        room = await house.room(speakers={"bo": counts}, name=FORK)
        await room.post("ana", "@bo, three?")
        await room.lapse()
        assert (await texts(house.log, FORK))[-2:] == [
            "ana: @bo, three?",
            "bo: 3 heard in what-if/3",
        ]
        assert await log_of(house.log) == before
        assert await replays(house.log, FORK)


@in_no_time
async def test_a_turn_that_was_under_way_is_taken_up_again_from_its_beginning() -> None:
    async with a_house() as house:
        await talked(house)
        asked = next(e.seq for e in await log_of(house.log) if e.text == "@bo, one?")
        taken = await fork(house.log, CLOCK, KITCHEN, FORK, asked)
        assert taken == asked + 1  # the grant was decided in the same step
        attempts: list[int] = []

        async def otherwise(turn: Turn) -> str:
            attempts.append(turn.attempt)
            return "Otherwise."

        room = await house.room(speakers={"bo": otherwise}, name=FORK)
        await room.lapse()
        assert await texts(house.log, FORK) == ["ana: @bo, one?", "bo: Otherwise."]
        assert attempts == [2]
        assert any(isinstance(e.body, TurnResumed) for e in await log_of(house.log, FORK))
        assert await replays(house.log, FORK)


@in_no_time
async def test_turns_that_had_ended_stay_ended() -> None:
    async with a_house() as house:
        await talked(house)
        await fork(house.log, CLOCK, KITCHEN, FORK)
        ran: list[str] = []

        async def speaks(turn: Turn) -> str:
            ran.append(turn.id)
            return "Again."

        room = await house.room(speakers={"bo": speaks}, name=FORK)
        await room.lapse()
        assert ran == []


@in_no_time
async def test_a_key_that_was_used_before_the_fork_names_the_same_message_in_it() -> None:
    async with a_house() as house:
        await talked(house)
        await fork(house.log, CLOCK, KITCHEN, FORK)
        room = await house.room(speakers={"bo": counts}, name=FORK)
        first = next(e for e in await log_of(house.log) if e.key == "first")
        again = await room.post("ana", "@bo, one?", key="first")
        assert (again.room, again.seq) == (FORK, first.seq)


@in_no_time
async def test_sub_rooms_stay_with_the_old_room() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": counts})
        side = await room.breakout("ana", "side", ["bo"])
        await fork(house.log, CLOCK, KITCHEN, FORK)
        forked = await house.room(speakers={"bo": counts}, name=FORK)
        assert forked.breakouts() == ()
        assert room.breakouts() != ()
        anew = await forked.breakout("ana", "side", ["bo"])
        assert (side.id, anew.id) == ("kitchen:side", "what-if:side")
        assert await replays(house.log, FORK)


@in_no_time
async def test_a_fork_of_a_sub_room_stands_alone() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": counts})
        side = await room.breakout("ana", "side", ["bo"])
        await side.post("ana", "@bo?")
        await side.lapse()
        await fork(house.log, CLOCK, side.id, FORK)
        forked = await house.room("", name=FORK)
        assert forked.floor.parent is None
        assert await texts(house.log, FORK) == ["ana: @bo?", "bo: 1 heard in kitchen:side/1"]


@pytest.mark.parametrize("kept", [True, False])
@in_no_time
async def test_what_a_turn_under_way_had_done_is_not_done_again(kept: bool) -> None:
    booked: list[str] = []

    @tool
    async def book(city: str) -> str:
        """Book a room."""
        booked.append(city)
        return f"booked {city}"

    async def bo(turn: Turn) -> str:
        done = await carry_out(turn, book, {"city": "Lyon"}, call="c1")
        if turn.room == KITCHEN:
            await settle(20)
        return done.text

    async with compose.House(MemoryLog(), clock=VirtualClock(), ledger=kept) as house:
        members = (compose.human("Ana"), compose.agent("Bo", bo))
        room = await house.room(KITCHEN, *members)
        await room.post("ana", "Bo?")
        await settle(5)
        assert len(room.floor.holds) == 1
        await house.fork(KITCHEN, FORK)
        forked = await house.room(FORK, *members)
        await forked.lapse()
        await room.lapse()
        assert (await texts(house.log, FORK))[-1] == "bo: booked Lyon"
        assert booked == (["Lyon"] if kept else ["Lyon", "Lyon"])


# ---- what cannot be


@in_no_time
async def test_points_at_which_nothing_can_go_on_are_refused() -> None:
    async with a_house() as house:
        await talked(house)
        room = await house.room(speakers={"bo": counts})
        head = room.floor.head
        for at in (0, -1, head + 1):
            with pytest.raises(Invalid, match=f"it has the events 1 to {head}"):
                await fork(house.log, CLOCK, KITCHEN, FORK, at)
        await room.close()
        with pytest.raises(Invalid, match=f"closed with event {head + 1}; fork it at {head} or"):
            await fork(house.log, CLOCK, KITCHEN, FORK)
        with pytest.raises(Unknown, match="no room 'kitchn'"):
            await fork(house.log, CLOCK, "kitchn", FORK)
        with pytest.raises(Exists, match="already a room 'kitchen'"):
            await fork(house.log, CLOCK, KITCHEN, KITCHEN, 3)
        with pytest.raises(Invalid, match="a name is 1 to 128"):
            await fork(house.log, CLOCK, KITCHEN, "what if", 3)
        assert [summary.room for summary in await house.log.rooms()] == [KITCHEN]
        await fork(house.log, CLOCK, KITCHEN, FORK, head)


# ---- looking back


@in_no_time
async def test_a_room_can_be_seen_as_it_was_at_any_event() -> None:
    async with a_house() as house:
        await talked(house)
        events: list[Event] = await log_of(house.log)
        floor = Floor(KITCHEN)
        for event in events:
            floor = fold(floor, [event])
            assert await floor_at(house.log, KITCHEN, event.seq) == floor
        for at in (0, len(events) + 1):
            with pytest.raises(Invalid, match=f"the events 1 to {len(events)}"):
                await floor_at(house.log, KITCHEN, at)


# ---- in a database


@pytest.mark.db
@in_no_time
async def test_a_database_with_forks_is_sound(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'talk.db'}"

    async def twice(turn: Turn) -> Reply:
        return Reply(f"{turn.id}", more=turn.answers is not None)

    async with compose.House(url) as house:
        members = (compose.human("Ana"), compose.agent("Bo", twice))
        room = await house.room("kitchen", *members)
        await room.post("ana", "Bo?", key="once")
        await room.breakout("ana", "side", ["bo"])
        await room.lapse()
        head = room.floor.head
        for at in range(1, head + 1):
            await house.fork("kitchen", f"at-{at}", at=at)
        await house.fork("at-3", "deeper")
        for at in range(1, head + 1):
            forked = await house.room(f"at-{at}", *members)
            await forked.post("ana", "Bo, and now?")
            await forked.lapse()
        assert (await house.floor("kitchen", at=2)).members.keys() == {"ana"}
    report = verify(url)
    assert report.violations == ()
    assert report.rooms == head + 3


@in_no_time
async def test_a_memory_can_be_forked_too() -> None:
    log = MemoryLog()
    async with compose.House(log) as house:
        room = await house.room("kitchen", compose.human("Ana"), compose.agent("Bo", counts))
        await room.post("ana", "Bo?")
        await room.lapse()
        await house.fork("kitchen", "what-if", at=2)
        assert await log.read(FORK, 2, 10) == []
