"""Between what is decided, committed and carried out: what can happen there, and must not."""

import asyncio
from typing import Any

import pytest
from tests.orchestrator.programs import ANA, BO, CY
from tests.orchestrator.rooms import (
    Faltering,
    House,
    Reader,
    a_house,
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

from tertulia.orchestrator import Outcome, Reply, Said, Turn
from tertulia.orchestrator.errors import StoreBusy
from tertulia.orchestrator.events import BargedIn, TurnEnded, TurnGranted, Uptake

COUNTS = streams("One. ", "Two. ", "Three. ", "Four.")


class Paying:
    """An agent that does something outside of the room, and cannot undo it."""

    def __init__(self, thinks_s: float, pays_s: float = 5) -> None:
        self.paid: list[str] = []
        self._thinks_s, self._pays_s = thinks_s, pays_s

    async def __call__(self, turn: Turn) -> str:
        await turn.clock.sleep(self._thinks_s)
        if turn.attempt == 1:  # a turn that is resumed goes on behind what it has done
            await turn.act()
            self.paid.append(turn.id)
        await turn.clock.sleep(self._pays_s)
        return "Paid."


# ---- acting


@in_no_time
async def test_while_it_is_being_kept_that_a_turn_begins_again_it_does_not_begin_to_act() -> None:
    store, bo = Faltering(), Paying(thinks_s=2.5)
    house = House(log=store)
    room = await house.room("ana bo", {"bo": bo}, coalesce_s=5)
    await room.post("ana", "@bo pay")
    await settle(2)
    store.slow_s = 1.0  # the turn wants to act while it is written that it has not happened
    await room.post("ana", "for two.")
    store.slow_s = 0.0
    await room.lapse()
    assert [outcome for _, outcome, _ in await endings(store)] == [
        Outcome.ROLLED_BACK,
        Outcome.COMMITTED,
    ]
    assert bo.paid == ["kitchen/2"]
    await house.scheduler.aclose()


@in_no_time
async def test_a_turn_that_waits_to_act_acts_when_the_step_has_come_to_nothing() -> None:
    store, bo = Faltering(), Paying(thinks_s=2.5)
    house = House(log=store)
    room = await house.room("ana bo", {"bo": bo}, coalesce_s=5)
    await room.post("ana", "@bo pay")
    await settle(2)
    store.slow_s, store.errors = 1.0, [StoreBusy(where="x")]
    with pytest.raises(StoreBusy):
        await room.post("ana", "for two.")
    await room.lapse()
    assert bo.paid == ["kitchen/1"]
    await house.scheduler.aclose()


@in_no_time
async def test_two_tools_that_wait_for_one_step_are_both_called() -> None:
    called: list[str] = []

    async def bo(turn: Turn) -> str:
        async def tool(name: str) -> None:
            await turn.act()
            called.append(name)

        turn.say("Let me see.")
        await turn.clock.sleep(2.5)
        await asyncio.gather(tool("search"), tool("book"))
        return "Done."

    store = Faltering()
    house = House(log=store)
    room = await house.room("ana bo", {"bo": bo}, coalesce_s=5)
    await room.post("ana", "@bo?")
    await settle(2)
    store.slow_s = 1.0
    await room.post("ana", "Quick.")
    await room.lapse()
    assert called == ["search", "book"]
    await house.scheduler.aclose()


@pytest.mark.parametrize("policy", ["enqueue", "interrupt", "rollback"])
@in_no_time
async def test_a_turn_that_was_taken_up_after_a_crash_is_not_begun_again(policy: str) -> None:
    bo = Paying(thinks_s=1)
    house = House()
    room = await house.room("ana bo", {"bo": bo}, input=policy, coalesce_s=60)
    await room.post("ana", "@bo pay")
    await settle(2)
    house.crash()
    again = House(house.memory)
    back = await again.room("ana bo", {"bo": bo})
    await back.post("ana", "for two.")
    await back.lapse()
    assert Outcome.ROLLED_BACK not in [outcome for _, outcome, _ in await endings(again.log)]
    assert bo.paid == ["kitchen/1"]
    await again.scheduler.aclose()
    await _forget_the_dead()


async def _forget_the_dead() -> None:
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


# ---- persons who hold the floor


@in_no_time
async def test_the_answer_of_a_person_who_has_the_floor_is_never_declined() -> None:
    async with a_house() as house:
        cast = {"bo": hang}
        how: dict[str, Any] = {"input": "reject", "capacity": 2, "addressing": "explicit"}
        room = await house.room("ana cy bo", cast, lease_s=30, **how)
        await room.post("ana", "@bo @cy shall we?")
        assert room.floor.hold_of(CY) is not None
        answer = await room.post("cy", "We shall.")
        assert isinstance(answer.body, Said)
        assert answer.body.uptake is Uptake.TAKEN
        assert room.floor.hold_of(CY) is None
        await room.lapse()
        assert await replays(house.log)


@in_no_time
async def test_a_person_who_is_waited_for_is_passed_over_when_cut_into_at_a_trp() -> None:
    async with a_house() as house:
        room = await house.room("ana cy", cut_at="trp", patience_s=60, trp_s=3)
        await room.post("ana", "@cy?")
        began = house.scheduler.clock.now()
        await room.interrupt("ana", "cy")
        await room.lapse()
        assert house.scheduler.clock.now() - began < 1
        assert (await endings(house.log))[0][1] is Outcome.INTERRUPTED


@in_no_time
async def test_who_was_asked_in_a_whisper_and_speaks_aloud_is_waited_for_no_longer() -> None:
    async with a_house() as house:
        cast = {"bo": says("@cy a secret?"), "eve": echo}
        room = await house.room("ana cy bo eve", cast, patience_s=1_000, side_floors=False)
        await room.post("cy", "@bo?", whisper=["bo"])
        await settle(1)
        assert room.floor.hold_of(CY) is not None
        began = house.scheduler.clock.now()
        await room.post("cy", "@eve, good morning.")
        await room.lapse()
        assert house.scheduler.clock.now() == began
        assert (await texts(house.log))[-1] == "eve: You said: eve, good morning."
        assert await replays(house.log)


# ---- whispers


@pytest.mark.parametrize("policy", ["interrupt", "rollback", "reject", "enqueue"])
@pytest.mark.parametrize("side_floors", [True, False])
@in_no_time
async def test_nobody_learns_of_a_whisper_from_what_becomes_of_their_own_messages(
    policy: str, side_floors: bool
) -> None:
    async with a_house() as house:
        floors: Any = {"side_floors": side_floors}
        room = await house.room("ana cy bo", {"bo": COUNTS}, input=policy, cut_at="trp", **floors)
        reader = Reader(room, "cy")
        await room.post("ana", "A secret?", whisper=["bo"])
        await settle(1.5)
        for text in ("mm-hm", "How quiet it is."):
            heard = await room.post("cy", text)
            assert isinstance(heard.body, Said)
            assert heard.body.uptake is Uptake.TAKEN
        await room.interrupt("cy")
        await room.lapse()
        await settle()
        of_turns = [e for e in reader.events if isinstance(e.body, TurnGranted | BargedIn)]
        assert of_turns == []
        assert (await texts(house.log))[-1] == "bo: One. Two. Three. Four."


@in_no_time
async def test_that_somebody_cuts_into_a_whisper_is_whispered() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS}, input="interrupt", cut_at="trp")
        reader = Reader(room, "cy")
        await room.post("ana", "A secret?", whisper=["bo"])
        await settle(1.5)
        await room.post("ana", "Enough.", whisper=["bo"])
        await settle(1)
        await room.interrupt("ana", at="trp")
        await room.lapse()
        await settle()
        assert sum(isinstance(e.body, BargedIn) for e in await log_of(house.log)) == 2
        assert [e.type for e in reader.events if e.by in (ANA, BO) and e.type != "Joined"] == []


@in_no_time
async def test_one_who_would_go_on_whispering_is_not_given_everybody_s_floor() -> None:
    async with a_house() as house:
        more = says(Reply("Psst.", more=True), "Something else.")
        room = await house.room("ana cy bo", {"bo": more}, policy="conversational")
        await room.post("ana", "A secret?", whisper=["bo"])
        await room.lapse()
        granted = [e.audience for e in await log_of(house.log) if isinstance(e.body, TurnGranted)]
        assert granted == [(ANA, BO)] * 2  # and there it may go on


# ---- true and false interruptions


@in_no_time
async def test_one_who_is_cut_into_by_words_does_not_go_on_as_though_nobody_had_followed() -> None:
    async with a_house() as house:
        room = await house.room(
            "ana cy bo", {"bo": COUNTS}, input="interrupt", cut_at="trp", resume_s=4
        )
        await room.post("ana", "@bo?")
        await settle(1.2)
        await room.post("cy", "That is enough, thank you.")
        await room.lapse()
        ends = [e.body for e in await log_of(house.log) if isinstance(e.body, TurnEnded)]
        assert [end.outcome for end in ends] == [Outcome.INTERRUPTED]
        assert await replays(house.log)


@in_no_time
async def test_who_speaks_while_a_turn_comes_to_its_end_has_followed() -> None:
    async with a_house() as house:
        speaks = streams("Once upon ", "a time ", "there was ", "a queen. ", "And a king.")
        room = await house.room("ana cy bo", {"bo": speaks}, cut_at="trp", resume_s=4, trp_s=9)
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.interrupt("ana")
        await settle(1)
        await room.post("cy", "My turn.")
        await room.lapse()
        assert [outcome for _, outcome, _ in await endings(house.log)] == [Outcome.INTERRUPTED]
        assert (await texts(house.log))[-1] == "bo: Once upon a time there was a queen."


@in_no_time
async def test_one_who_goes_on_after_a_false_interruption_goes_on_in_the_same_thread() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": COUNTS}, resume_s=4, addressing="pairs")
        asked = await room.post("ana", "@bo?")
        await settle(1.5)
        await room.interrupt("ana")
        await room.lapse()
        threads = [e.body.thread for e in await log_of(house.log) if isinstance(e.body, Said)]
        assert threads == [None, asked.seq, asked.seq]
        assert await replays(house.log)


@in_no_time
async def test_a_room_that_is_closed_waits_for_nobody_who_was_cut_off() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": COUNTS}, resume_s=4)
        await room.post("ana", "@bo?")
        await settle(1.5)
        await room.interrupt("ana")
        await room.close()
        await asyncio.wait_for(room.lapse(), 60)


@in_no_time
async def test_a_cut_that_cannot_be_kept_is_kept_later_and_nothing_more_is_heard_meanwhile() -> (
    None
):
    store = Faltering()
    house = House(log=store)
    room = await house.room("ana bo", {"bo": COUNTS}, cut_at="trp", trp_s=60)
    reader = Reader(room)
    await room.post("ana", "@bo?")
    await settle(0.5)
    await room.interrupt("ana")
    store.errors = [StoreBusy(where="x")] * 4
    await room.lapse()
    await settle()
    assert (await texts(store))[-1] == "bo: One."
    assert reader.heard.strip() == "One."
    assert (await endings(store))[-1][1] is Outcome.INTERRUPTED
    await house.scheduler.aclose()


@in_no_time
async def test_one_who_cuts_in_and_leaves_is_obeyed() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": COUNTS}, cut_at="trp", resume_s=2)
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.interrupt("cy")
        await room.leave("cy")
        await room.lapse()
        assert (await endings(house.log))[0][1] is Outcome.INTERRUPTED
        assert await replays(house.log)


@in_no_time
async def test_one_who_leaves_in_mid_turn_is_not_begun_again_and_the_room_goes_on() -> None:
    async with a_house() as house:
        cast = {"bo": COUNTS, "eve": echo}
        room = await house.room("ana bo eve", cast, input="rollback", coalesce_s=60)
        await room.post("ana", "@bo @eve?")
        await settle(1.5)
        await asyncio.gather(room.leave("bo"), room.post("ana", "And?"))
        await room.lapse()
        assert [(who, outcome) for who, outcome, _ in await endings(house.log)][:1] == [
            (BO, Outcome.LEFT)
        ]
        assert (await texts(house.log))[-1].startswith("eve:")
        assert await replays(house.log)


# ---- rooms that stop of themselves


@in_no_time
async def test_a_stop_word_that_was_taken_back_stops_nothing() -> None:
    async with a_house() as house:
        bo = streams("I am DONE. ", "Almost.")
        until = {"name": "stop_word", "word": "DONE", "by": ["bo"]}
        room = await house.room("ana bo", {"bo": bo}, input="rollback", until=until)
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.post("ana", "Not yet!")
        assert "Concluded" not in [event.type for event in await log_of(house.log)]
        await room.lapse()  # said once more, and not taken back, it stops the room
        assert (await log_of(house.log))[-1].type == "Concluded"
        assert await replays(house.log)
