"""What turns cost: it stands in the log with their end, and adds up for participants and rooms."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import ANA, BO, EVE, PureRoom
from tests.orchestrator.rooms import a_house, echo, in_no_time, log_of, replays, settle, streams

from tertulia.orchestrator import Outcome, Reply, RoomSettings, Turn, admission
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Draft, TurnEnded
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import RoundRobin
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.spending import Spent, Tab, billed, spent


async def bills(log: Log) -> list[tuple[str, Outcome, int, float]]:
    """How each turn ended, and what it took."""
    ends = [(e.by, e.body) for e in await log_of(log) if isinstance(e.body, TurnEnded)]
    return [(by, end.outcome, end.tokens, end.cost) for by, end in ends]


@in_no_time
async def test_what_a_turn_spends_and_what_its_reply_brings_stand_at_its_end() -> None:
    async def speak(turn: Turn) -> Reply:
        turn.spend(tokens=100, cost=0.25)
        turn.spend(tokens=10)
        return Reply("Here.", tokens=1, cost=0.5)

    async with a_house() as house:
        room = await house.room("ana bo", {BO: speak})
        await room.post(ANA, "@bo?")
        await room.lapse()
        assert await bills(house.log) == [(BO, Outcome.COMMITTED, 111, 0.75)]
        seat = room.floor.members[BO]
        assert (seat.tokens, seat.cost) == (111, 0.75)
        assert await replays(house.log)


@in_no_time
async def test_a_turn_that_is_cut_has_taken_what_it_had_taken_until_then() -> None:
    async def speak(turn: Turn) -> None:
        for _ in range(10):
            turn.spend(tokens=5)
            turn.say("word ")
            await turn.clock.sleep(1)

    async with a_house() as house:
        room = await house.room("ana bo", {BO: speak})
        await room.post(ANA, "@bo?")
        await settle(2.5)
        await room.interrupt(ANA)
        await settle(20)
        assert await bills(house.log) == [(BO, Outcome.INTERRUPTED, 15, 0.0)]


@in_no_time
async def test_a_turn_that_fails_expires_or_is_left_has_its_price_too() -> None:
    async def fails(turn: Turn) -> None:
        turn.spend(tokens=3)
        raise LookupError("lost")

    async def hangs(turn: Turn) -> None:
        turn.spend(tokens=4)
        await asyncio.Event().wait()

    async with a_house() as house:
        room = await house.room("ana bo eve flo", {BO: fails, EVE: hangs, "flo": hangs}, lease_s=9)
        await room.post(ANA, "Bo, Eve: hm?")
        await settle(20)
        await room.post(ANA, "@flo?")
        await settle(1)
        await room.leave("flo")
        assert await bills(house.log) == [
            (BO, Outcome.FAILED, 3, 0.0),
            (EVE, Outcome.EXPIRED, 4, 0.0),
            ("flo", Outcome.LEFT, 4, 0.0),
        ]
        assert room.floor.spending.tokens == 11


@in_no_time
async def test_nonsense_that_is_spent_fails_the_turn_and_not_the_room() -> None:
    async def speak(turn: Turn) -> str:
        turn.spend(tokens=-5)
        return "Cheap!"

    async with a_house() as house:
        room = await house.room("ana bo eve", {BO: speak, EVE: echo})
        await room.post(ANA, "Bo, Eve: hm?")
        await room.lapse()
        assert [end[1] for end in await bills(house.log)] == [Outcome.FAILED, Outcome.COMMITTED]


@in_no_time
async def test_what_is_spent_after_the_end_is_not_billed() -> None:
    async def stubborn(turn: Turn) -> None:
        turn.say("So")
        try:
            await turn.clock.sleep(100)
        finally:
            turn.spend(tokens=1000)

    async with a_house() as house:
        room = await house.room("ana bo", {BO: stubborn, EVE: streams("x")})
        await room.post(ANA, "@bo?")
        await settle(1)
        await room.interrupt(ANA)
        await settle(1)
        assert await bills(house.log) == [(BO, Outcome.INTERRUPTED, 0, 0.0)]
        assert room.floor.spending.tokens == 0


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [(-1, 0.0), (True, 0.0), (1.5, 0.0), (0, -1.0), (0, float("nan")), (0, float("inf")), (0, "1")],
)
def test_amounts_that_are_none_are_refused(tokens: int, cost: float) -> None:
    with pytest.raises(Invalid):
        spent(tokens, cost)


def test_a_tab_says_what_it_comes_to_and_not_what_it_came_to() -> None:
    tab = Tab()
    tab.comes_to(5, 0.1)
    tab.comes_to(3, 0.2)
    assert tab.spent == Spent(3, 0.2)


amounts = st.builds(Spent, st.integers(0, 10**6), st.floats(0, 100))


@given(st.lists(amounts, min_size=1, max_size=8))
def test_participants_and_rooms_have_spent_the_sum_of_their_turns(took: Sequence[Spent]) -> None:
    room = PureRoom(RoundRobin(), RoomSettings())
    room.seat(ANA, BO, EVE)
    for one in took:
        room.say(ANA, "Go on.")
        pay_and_finish(room, one)
    ends = [event for event in room.events if isinstance(event.body, TurnEnded)]
    bodies = [event.body for event in ends if isinstance(event.body, TurnEnded)]
    assert room.floor.spending.tokens == sum(one.tokens for one in took)
    assert room.floor.spending.cost == pytest.approx(sum(one.cost for one in took), abs=1e-6)
    assert [body.tokens for body in bodies] == [one.tokens for one in took]
    for who in (BO, EVE):
        own = sum(e.body.tokens for e in ends if e.by == who and isinstance(e.body, TurnEnded))
        assert room.floor.members[who].tokens == own


def test_the_room_remembers_what_was_spent_by_those_who_left() -> None:
    room = PureRoom(RoundRobin())
    room.seat(ANA, BO)
    room.say(ANA, "@bo?")
    pay_and_finish(room, Spent(7, 0.5))
    room.ask(lambda floor, now: admission.leave(floor, BO, "", ""))
    assert (room.floor.spending.tokens, room.floor.spending.cost) == (7, 0.5)


def pay_and_finish(room: PureRoom, took: Spent, text: str = "Well.") -> None:
    """Let the oldest turn end, at a price."""
    hold = room.floor.holds[0]

    def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
        return billed(admission.finish(floor, hold, Reply(text)), lambda turn: took)

    room.ask(prepare)
