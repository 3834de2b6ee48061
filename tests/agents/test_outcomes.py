"""Effects in doubt whose turn is over: persons are asked, and what they say settles them."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.agents.test_consent import CY, Desk, asked_in, effect_in
from tests.orchestrator.rooms import House, a_house, in_no_time, log_of, replays, settle

from tertulia.orchestrator import ApprovalRule, Room
from tertulia.orchestrator.admission import OUTCOMES
from tertulia.orchestrator.approvals import Matter, OutcomeAsked, OutcomeRecorded
from tertulia.orchestrator.effects import Effect, EffectId, EffectPolicy, EffectState
from tertulia.orchestrator.errors import NotAllowed, NotNow, StoreBusy
from tertulia.orchestrator.room import ParticipantId, TurnId
from tertulia.storage import MemoryLedger

STATES = {
    "happened": (EffectState.SUCCEEDED, "seat 12"),
    "not_done": (EffectState.FAILED, "error: it has not been done, as ana says: seat 12"),
    "give_up": (EffectState.GIVEN_UP, "error: given up by ana: seat 12"),
}


async def left_in_doubt(desk: Desk) -> tuple[House, Room]:
    """A process that ended while the tool was at work; in the next one the turn has failed."""
    first = House()
    desk.lasts_s = 1_000.0
    room = await desk.room(first)
    await room.post("ana", "@bo?")
    await settle(1.0)
    if room.approvals():
        await room.approve("cy", await asked_in(room))
        await settle(1.0)
    first.crash()
    second = House(first.memory)
    return second, await second.room("ana cy bo")  # where no program speaks for Bo


async def asked_ever(house: House) -> list[str]:
    """The effects that somebody was asked about, in order."""
    bodies = [event.body for event in await log_of(house.log)]
    return [body.effect for body in bodies if isinstance(body, OutcomeAsked)]


def uncertain(number: int, **fields: Any) -> Effect:
    """A call of a turn that nobody knows of any more."""
    call = {"id": EffectId(f"kitchen/{number}/c"), "turn": TurnId(f"kitchen/{number}")}
    rest = (ParticipantId("bo"), "book", EffectPolicy.AT_MOST_ONCE, "{}", "d", 0.0)
    where: dict[str, Any] = {"room": "kitchen", "participant": rest[0], "tool": rest[1]}
    how = {"policy": rest[2], "arguments": rest[3], "digest": rest[4], "began": rest[5]}
    return Effect(**{**call, **where, **how, "state": EffectState.UNCERTAIN, **fields})


@pytest.mark.parametrize("answer", STATES)
def test_what_a_person_says_settles_an_effect_whose_turn_is_over(answer: str) -> None:
    @in_no_time
    async def main() -> None:
        desk = Desk()
        house, room = await left_in_doubt(desk)
        asked = await asked_in(room)
        assert room.floor.holds == room.floor.parked == ()
        assert (await effect_in(room)).state is EffectState.UNCERTAIN
        await room.resolve("ana", asked, answer, "seat 12")
        await settle(1.0)
        effect = await effect_in(room)
        assert (effect.state, effect.result, effect.decided_by) == (*STATES[answer], "ana")
        assert effect.settled is not None
        assert room.floor.approvals == ()
        assert desk.seen == ["Lyon"]
        assert await replays(house.log)
        await house.scheduler.aclose()

    main()


@in_no_time
async def test_it_waits_for_as_long_as_it_takes_and_is_asked_once() -> None:
    house, room = await left_in_doubt(Desk())
    asked = await asked_in(room)
    for _ in range(3):
        house.crash()
        house = House(house.memory)
        room = await house.room("ana cy bo")
        await settle(400 * 86_400.0)
        assert [one.id for one in room.approvals()] == [asked]
    assert len(await asked_ever(house)) == 1
    both = [room.resolve("ana", asked, "happened"), room.resolve("ana", asked, "give_up")]
    _, late = await asyncio.gather(*both, return_exceptions=True)
    assert isinstance(late, NotNow)
    assert "it was happened by ana" in str(late)
    await settle(1.0)
    assert (await effect_in(room)).result == "it has been done, as ana says"
    await house.scheduler.aclose()


@in_no_time
async def test_only_who_may_approve_the_tool_can_say_what_became_of_it() -> None:
    house, room = await left_in_doubt(Desk(approval=CY))
    asked = await asked_in(room)
    with pytest.raises(NotAllowed, match="cy may"):
        await room.resolve("ana", asked, "happened")
    with pytest.raises(NotNow, match="happened, not_done or give_up"):
        await room.resolve("cy", asked, "again")
    await room.resolve("cy", asked, "not_done")
    await settle(1.0)
    assert (await effect_in(room)).decided_by == "cy"
    await house.scheduler.aclose()


@in_no_time
async def test_what_was_said_is_written_after_a_crash_that_came_between() -> None:
    class Locked(MemoryLedger):
        def write(self, *effect: Any, **more: Any) -> Any:
            raise StoreBusy(where="here", what="locked")

    house, room = await left_in_doubt(Desk())
    asked = await asked_in(room)
    room.live.turns.ledger = Locked(house.memory.effects)
    await room.resolve("ana", asked, "happened", "seat 12")
    await settle(10.0)
    assert (await effect_in(room)).state is EffectState.UNCERTAIN
    house.crash()
    house = House(house.memory)
    room = await house.room("ana cy bo")
    await settle(1.0)
    effect = await effect_in(room)
    assert (effect.state, effect.result) == (EffectState.SUCCEEDED, "seat 12")
    assert room.floor.approvals == ()
    assert len(await asked_ever(house)) == 1
    await house.scheduler.aclose()


@in_no_time
async def test_a_question_that_nobody_answered_in_the_turn_is_asked_again_without_a_limit() -> None:
    desk = Desk(1_000.0, timeout_s=5.0)
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        await settle(6.0)
        assert room.approvals()[0].kind is Matter.UNCERTAIN
        await settle(700.0)
        [asked] = room.approvals()
        assert (asked.kind, asked.until) == (Matter.OUTCOME, None)
        assert "nobody knows" in desk.carried[-1].text


@in_no_time
async def test_a_call_that_comes_into_doubt_when_its_turn_has_been_cut_is_asked_about() -> None:
    desk = Desk(1_000.0, timeout_s=5.0)
    async with a_house() as house:
        room = await desk.room(house)
        await room.post("ana", "@bo?")
        await settle(1.0)
        await room.leave("bo")
        assert room.approvals() == ()
        await settle(5.0)
        [asked] = room.approvals()
        assert (asked.kind, asked.by, asked.principal) == (Matter.OUTCOME, "bo", "ana")


@in_no_time
async def test_many_are_asked_about_a_few_at_a_time_and_what_only_read_never() -> None:
    first = House()
    await first.room("ana cy bo")
    left = [uncertain(number, state=EffectState.RUNNING) for number in range(OUTCOMES + 3)]
    harmless = uncertain(99, policy=EffectPolicy.SAFE_RETRY)
    for effect in (harmless, *left):
        await first.log.ledger.write(effect, 1)  # type: ignore[attr-defined]
    first.crash()
    house = House(first.memory)
    room = await house.room("ana cy bo")
    await settle(1.0)
    assert [one.effect for one in room.approvals()] == [one.id for one in left[:OUTCOMES]]
    for _ in range(3):
        await room.resolve("cy", room.approvals()[0].id, "give_up")
        await settle(1.0)
    assert len(room.approvals()) == OUTCOMES
    assert await asked_ever(house) == [one.id for one in left]
    await house.scheduler.aclose()


@in_no_time
async def test_whoever_did_not_hear_the_turn_is_not_asked() -> None:
    first = House()
    await first.room("ana cy bo")
    aside = uncertain(7, audience=("ana", "bo"), rule=ApprovalRule(), principal="ana")
    await first.log.ledger.write(aside, 1)  # type: ignore[attr-defined]
    first.crash()
    house = House(first.memory)
    room = await house.room("ana cy bo")
    await settle(1.0)
    assert [len(room.approvals(who)) for who in ("ana", "cy")] == [1, 0]
    await house.scheduler.aclose()


@in_no_time
async def test_a_question_about_what_is_known_by_now_is_dropped() -> None:
    house, room = await left_in_doubt(Desk())
    await asked_in(room)
    known = replace(await effect_in(room), state=EffectState.SUCCEEDED, settled=1.0)
    house.crash()
    house.memory.effects.known[known.id] = known
    house = House(house.memory)
    room = await house.room("ana cy bo")
    await settle(1.0)
    assert room.approvals() == ()
    dropped = [e for e in await log_of(house.log) if isinstance(e.body, OutcomeRecorded)]
    assert len(dropped) == 1
    await house.scheduler.aclose()


@in_no_time
async def test_a_room_that_is_left_while_the_ledger_is_away_goes_at_once() -> None:
    class Away(MemoryLedger):
        async def in_doubt(self, *room: Any, **more: Any) -> Any:
            raise StoreBusy(where="here", what="away")

    async with a_house() as house:
        room = await house.room("ana cy bo")
        room.live.turns.ledger = Away()
        room.live.outcomes.look()
        await settle(3.0)
    await settle()
    assert asyncio.all_tasks() == {asyncio.current_task()}
