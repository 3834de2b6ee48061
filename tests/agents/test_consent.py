"""Calls that persons decide about: whether they are made, and what became of those in doubt."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from tests.orchestrator.rooms import House, a_house, in_no_time, settle

from tertulia.agents import Carried, carry_out, tool
from tertulia.orchestrator import ApprovalRule, Room, Turn
from tertulia.orchestrator.effects import Effect, EffectState
from tertulia.orchestrator.errors import NotAllowed

ANA = ApprovalRule(requester=True)
CY = ApprovalRule(participants=("cy",))  # type: ignore[arg-type]


class Desk:
    """An agent with one tool on such terms, which takes its time."""

    def __init__(self, lasts_s: float = 0.0, **terms: Any) -> None:
        self.lasts_s = lasts_s
        self.seen: list[str] = []
        self.carried: list[Carried] = []

        @tool(**{"effect": "at_most_once", "approval_s": 600.0, **terms})
        async def book(city: str) -> str:
            """Book a train."""
            self.seen.append(city)
            await asyncio.sleep(self.lasts_s)
            return f"booked {city}"

        self.tool = book

    async def act(self, turn: Turn) -> str:
        carried = await carry_out(turn, self.tool, {"city": "Lyon"}, call="c")
        self.carried.append(carried)
        return carried.text

    async def room(self, house: House) -> Room:
        return await house.room("ana cy bo", {"bo": self.act})


async def effect_in(room: Room) -> Effect:
    [effect] = await room.effects()
    return effect


async def asked_in(room: Room) -> str:
    """The one thing that waits for somebody in a room."""
    await settle(1.0)
    [asked] = room.approvals()
    return str(asked.id)


async def told_in(room: Room) -> Sequence[str]:
    return [event.text for event in await room.said()]


# ---- whether it may be made


@in_no_time
async def test_a_call_waits_until_it_is_approved_and_is_made_as_it_was_edited() -> None:
    desk = Desk(approval=ANA)
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        asked = await asked_in(room)
        assert desk.seen == []
        assert (await effect_in(room)).state is EffectState.ASKED
        await room.approve("ana", asked, arguments='{"city": "Nice"}')
        await room.lapse()
        effect = await effect_in(room)
    assert desk.seen == ["Nice"]
    assert (effect.state, effect.arguments) == (EffectState.SUCCEEDED, '{"city": "Nice"}')


@in_no_time
async def test_a_call_that_is_refused_is_not_made_and_the_reason_is_told() -> None:
    desk = Desk(approval=ANA)
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        await room.refuse("ana", await asked_in(room), "too dear")
        await room.lapse()
        assert (await effect_in(room)).state is EffectState.REFUSED
        assert (await told_in(room))[-1] == "error: book was not called: ana refused it: too dear"
    assert desk.seen == []


@in_no_time
async def test_a_call_that_nobody_approves_in_time_is_not_made() -> None:
    desk = Desk(approval=ANA)
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        await settle(700.0)
        assert (await effect_in(room)).state is EffectState.REFUSED
        assert "within 600 s" in (await told_in(room))[-1]
    assert desk.seen == []


@in_no_time
async def test_who_does_not_pass_the_roles_is_not_even_asked_about() -> None:
    desk = Desk(approval=ANA, roles=("manager",))
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        await room.lapse()
        assert room.approvals() == ()
        assert (await effect_in(room)).state is EffectState.REFUSED


@in_no_time
async def test_a_turn_that_is_cut_while_it_waits_makes_no_call() -> None:
    desk = Desk(approval=ANA)
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        await asked_in(room)
        await room.leave("bo")
        await settle(1.0)
        effect = await effect_in(room)
    assert effect.state is EffectState.REFUSED
    assert "was not called" in effect.result
    assert desk.seen == []


@pytest.mark.parametrize("how", ["crash", "close"])
@in_no_time
async def test_what_was_asked_in_one_process_is_not_asked_again_in_the_next(how: str) -> None:
    desk = Desk(approval=ANA)
    first = House()
    room = await desk.room(first)
    await room.post("ana", "@bo?")
    asked = await asked_in(room)
    if how == "crash":
        first.crash()
    else:
        await first.scheduler.aclose()
    async with a_house_after(first) as second:
        room = await desk.room(second)
        assert await asked_in(room) == asked
        await room.approve("ana", asked)
        await room.lapse()
        effect = await effect_in(room)
    assert desk.seen == ["Lyon"]
    assert (effect.state, effect.attempt) == (EffectState.SUCCEEDED, 1)


def a_house_after(first: House) -> Any:
    """The house of the process that follows."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def following() -> Any:
        house = House(first.memory)
        yield house
        await house.scheduler.aclose()

    return following()


# ---- what became of it


async def in_doubt(desk: Desk) -> tuple[House, Room, str]:
    """A process that ended while the tool was at work; the next one, its room, and its question."""
    first = House()
    desk.lasts_s = 1_000.0
    room = await desk.room(first)
    await room.post("ana", "@bo?")
    await settle(1.0)
    assert (await effect_in(room)).state is EffectState.RUNNING
    first.crash()
    desk.lasts_s = 0.0
    second = House(first.memory)
    room = await desk.room(second)
    return second, room, await asked_in(room)


@in_no_time
async def test_a_person_says_that_it_has_happened() -> None:
    desk = Desk()
    house, room, asked = await in_doubt(desk)
    assert (await effect_in(room)).state is EffectState.UNCERTAIN
    await room.resolve("ana", asked, "happened", "seat 12")
    await room.lapse()
    effect = await effect_in(room)
    [carried] = desk.carried
    assert (carried.text, carried.value, carried.ok) == ("seat 12", "seat 12", True)
    assert (effect.state, effect.decided_by, effect.attempt) == (EffectState.SUCCEEDED, "ana", 1)
    assert desk.seen == ["Lyon"]
    await house.scheduler.aclose()


@in_no_time
async def test_a_person_says_that_it_is_to_be_done_again() -> None:
    desk = Desk()
    house, room, asked = await in_doubt(desk)
    await room.resolve("ana", asked, "again")
    await room.lapse()
    effect = await effect_in(room)
    assert desk.carried[-1].text == "booked Lyon"
    assert (effect.state, effect.decided_by, effect.attempt) == (EffectState.SUCCEEDED, "ana", 2)
    assert desk.seen == ["Lyon", "Lyon"]
    await house.scheduler.aclose()


@in_no_time
async def test_a_person_gives_it_up() -> None:
    desk = Desk()
    house, room, asked = await in_doubt(desk)
    await room.resolve("ana", asked, "give_up", "never mind")
    await room.lapse()
    effect = await effect_in(room)
    assert desk.carried[-1].text == "error: given up by ana: never mind"
    assert (effect.state, effect.decided_by) == (EffectState.GIVEN_UP, "ana")
    assert desk.seen == ["Lyon"]
    await house.scheduler.aclose()


@in_no_time
async def test_nobody_says_anything_and_it_stays_uncertain() -> None:
    desk = Desk()
    house, room, _ = await in_doubt(desk)
    await settle(700.0)
    assert (await effect_in(room)).state is EffectState.UNCERTAIN
    assert "nobody knows" in desk.carried[-1].text
    assert desk.seen == ["Lyon"]
    await house.scheduler.aclose()


@pytest.mark.parametrize(("approval", "may", "may_not"), [(None, "ana", "cy"), (CY, "cy", "ana")])
def test_whoever_may_approve_it_says_so_else_the_requester(
    approval: ApprovalRule | None, may: str, may_not: str
) -> None:
    @in_no_time
    async def main() -> None:
        desk = Desk(approval=approval)
        first = House()
        desk.lasts_s = 1_000.0
        room = await desk.room(first)
        await room.post("ana", "@bo?")
        await settle(1.0)
        if approval is not None:
            await room.approve("cy", await asked_in(room))
            await settle(1.0)
        first.crash()
        second = House(first.memory)
        room = await desk.room(second)
        asked = await asked_in(room)
        with pytest.raises(NotAllowed):
            await room.resolve(may_not, asked, "again")
        await room.resolve(may, asked, "give_up")
        await room.lapse()
        assert (await effect_in(room)).decided_by == may
        await second.scheduler.aclose()

    main()


@in_no_time
async def test_a_call_that_took_too_long_is_in_doubt_too_and_another_may_be_asked_for() -> None:
    desk = Desk(1_000.0, timeout_s=5.0)
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        await settle(6.0)
        first = await asked_in(room)
        await room.resolve("ana", first, "again")
        await settle(6.0)
        second = await asked_in(room)
        assert second != first
        desk.lasts_s = 0.0
        await room.resolve("ana", second, "again")
        await room.lapse()
        effect = await effect_in(room)
    assert (effect.state, effect.attempt) == (EffectState.SUCCEEDED, 3)
    assert desk.carried[-1].text == "booked Lyon"


@in_no_time
async def test_a_second_crash_asks_no_second_question_until_it_was_called_again() -> None:
    desk = Desk()
    house, _, asked = await in_doubt(desk)
    house.crash()
    async with a_house_after(house) as third:
        room = await desk.room(third)
        assert await asked_in(room) == asked
        await room.resolve("ana", asked, "again")
        await room.lapse()
    assert desk.seen == ["Lyon", "Lyon"]
