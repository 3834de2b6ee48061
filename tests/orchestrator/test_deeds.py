"""Turns that act, in rooms: what they did is found again, and nothing is left open for ever."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tests.orchestrator.programs import CAST, CY
from tests.orchestrator.rooms import House, a_house, endings, in_no_time, settle

from tertulia.agents import carry_out, tool
from tertulia.orchestrator import ApprovalRule, Outcome, Turn
from tertulia.orchestrator.admission.turns import RESUMPTIONS
from tertulia.orchestrator.effects import Effect, EffectState

Act = Callable[[Turn], Awaitable[str]]


class Desk:
    """An agent with one tool; both wait for as long as they are told."""

    def __init__(
        self, lasts_s: float = 0.0, then_s: float = 0.0, effect: str = "at_most_once"
    ) -> None:
        self.seen: list[str] = []
        self.turns: list[Turn] = []

        @tool(effect=effect)
        async def book(city: str) -> str:
            """Book a train."""
            self.seen.append(city)
            await asyncio.sleep(lasts_s)
            return f"booked {city}"

        async def act(turn: Turn) -> str:
            self.turns.append(turn)
            carried = await carry_out(turn, book, {"city": "Lyon"}, call=f"c{len(self.turns)}")
            await turn.clock.sleep(then_s)
            return carried.text

        self.act = act


def states(effects: Sequence[Effect]) -> list[str]:
    return [one.state.value for one in effects]


@in_no_time
async def test_every_turn_of_a_room_writes_into_its_ledger() -> None:
    async with a_house() as house:
        desk = Desk()
        room = await house.room("ana bo", {"bo": desk.act})
        await room.post("ana", "@bo?")
        await room.lapse()
        [turn] = desk.turns
        assert turn.ledger is house.scheduler.ledger
        assert turn.epoch == room.live.epoch
        [effect] = await room.effects()
        assert (effect.id, effect.state) == (f"{turn.id}/c1", EffectState.SUCCEEDED)


@in_no_time
async def test_whispered_deeds_are_for_those_who_heard_the_whisper() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": Desk().act})
        await room.post("ana", "between us, @bo", whisper=["bo"])
        await room.lapse()
        await room.post("ana", "@bo, for all")
        await room.lapse()
        assert len(await room.effects("ana")) == 2
        assert [one.audience for one in await room.effects("cy")] == [None]
        assert len(await room.effects()) == 2
        assert len(await room.effects(limit=1)) == 1


@in_no_time
async def test_who_comes_without_history_sees_no_earlier_deeds() -> None:

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": Desk().act})
        await room.post("ana", "@bo?")
        await room.lapse()
        await room.join(CAST[CY], history=False)
        assert await room.effects("cy") == ()


@in_no_time
async def test_a_turn_taken_up_after_a_crash_is_given_what_it_had_done() -> None:
    first = House()
    desk = Desk(then_s=10.0)
    room = await first.room("ana bo", {"bo": desk.act})
    await room.post("ana", "@bo?")
    await settle(1.0)
    first.crash()
    second = House(first.memory)
    room = await second.room("ana bo", {"bo": desk.act})
    await room.lapse()
    assert desk.seen == ["Lyon"]
    assert [turn.attempt for turn in desk.turns] == [1, 2]
    assert [e.body.text for e in await room.said()][-1] == "booked Lyon"  # type: ignore[union-attr]
    assert states(await room.effects()) == ["succeeded"]
    await second.scheduler.aclose()


@in_no_time
async def test_a_turn_that_was_cut_while_the_process_ended_leaves_nothing_running() -> None:
    first = House()
    room = await first.room("ana bo", {"bo": Desk(lasts_s=100.0).act})
    await room.post("ana", "@bo?")
    await settle(1.0)
    await room.interrupt("ana")
    assert states(await room.effects()) == ["running"]
    first.crash()
    second = House(first.memory)
    room = await second.room("ana bo", {})
    assert states(await room.effects()) == ["uncertain"]
    await second.scheduler.aclose()


@in_no_time
async def test_a_tool_goes_on_to_its_end_though_its_turn_is_cut() -> None:
    async with a_house() as house:
        desk = Desk(lasts_s=3.0)
        room = await house.room("ana bo", {"bo": desk.act})
        await room.post("ana", "@bo?")
        await settle(1.0)
        await room.interrupt("ana")
        await room.lapse()
        assert states(await room.effects()) == ["running"]
        await settle(3.0)
        assert states(await room.effects()) == ["succeeded"]
        assert [how for _, how, _ in await endings(house.log)] == [Outcome.INTERRUPTED]


@in_no_time
async def test_a_house_that_is_left_waits_for_tools_that_soon_end() -> None:
    house = House()
    room = await house.room("ana bo", {"bo": Desk(lasts_s=4.0).act})
    await room.post("ana", "@bo?")
    await settle(1.0)
    await room.interrupt("ana")
    await house.scheduler.aclose()
    after = House(house.memory)
    assert states(await (await after.room("ana bo")).effects()) == ["succeeded"]


@in_no_time
async def test_a_house_that_is_left_does_not_wait_for_ever() -> None:
    house = House()
    room = await house.room("ana bo", {"bo": Desk(lasts_s=40.0).act})
    await room.post("ana", "@bo?")
    await settle(1.0)
    await room.interrupt("ana")
    await house.scheduler.aclose()
    after = House(house.memory)
    [effect] = await (await after.room("ana bo")).effects()
    assert effect.state is EffectState.UNCERTAIN
    assert "it was cut off" in effect.result


@in_no_time
async def test_what_a_turn_asked_for_and_does_not_ask_for_again_is_settled_with_it() -> None:
    @tool(approval=ApprovalRule())
    async def sign() -> str:
        """Sign."""
        return "signed"

    async def act(turn: Turn) -> str:
        return (await carry_out(turn, sign, {}, call="c")).text

    async def forget(turn: Turn) -> str:
        return "what was I about to do?"

    first = House()
    room = await first.room("ana bo", {"bo": act})
    await room.post("ana", "@bo?")
    await settle(1.0)
    first.crash()
    second = House(first.memory)
    room = await second.room("ana bo", {"bo": forget})
    await room.lapse()
    await settle(1.0)
    [effect] = await room.effects()
    assert (effect.state, effect.settled is None) == (EffectState.REFUSED, False)
    await second.scheduler.aclose()


@in_no_time
async def test_a_turn_that_is_given_up_after_many_crashes_leaves_nothing_open() -> None:
    desk = Desk(lasts_s=100.0, effect="safe_retry")
    house = House()
    room = await house.room("ana bo", {"bo": desk.act})
    await room.post("ana", "@bo?")
    for _ in range(RESUMPTIONS + 1):
        await settle(1.0)
        house.crash()
        house = House(house.memory)
        room = await house.room("ana bo", {"bo": desk.act})
    await room.lapse()
    await settle(1.0)
    assert [how for _, how, _ in await endings(house.log)] == [Outcome.FAILED]
    assert set(states(await room.effects())) == {"uncertain"}
    await house.scheduler.aclose()
