"""What other engines are known to get wrong when several people and agents talk, one test each."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from tests.orchestrator.programs import ANA, BO, CAST, CY, DOV, EVE
from tests.orchestrator.rooms import (
    Faltering,
    House,
    Reader,
    a_house,
    after,
    echo,
    endings,
    gather,
    hang,
    in_no_time,
    log_of,
    raises,
    replays,
    says,
    settle,
    streams,
    texts,
)

from tertulia.orchestrator import (
    Bid,
    Consultation,
    Event,
    Kind,
    Outcome,
    Participant,
    Reply,
    Room,
    Said,
    Turn,
)
from tertulia.orchestrator.events import TurnEnded, TurnGranted, Uptake
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.room import ParticipantId

KIM = Participant(ParticipantId("kim"), "Kim", Kind.HUMAN)


class Thoughtful:
    """An agent that speaks slowly, and remembers up to where it had read when it did."""

    def __init__(self) -> None:
        self.read: dict[str, int] = {}

    async def __call__(self, turn: Turn) -> str:
        for word in ["One", "after", "the", "other"]:
            turn.say(word + " ")
            await turn.clock.sleep(1)
            await turn.catch_up()
        self.read[turn.id] = max((event.seq for event in turn.view), default=0)
        return turn.delivered

    async def answered(self, log: Log) -> int:
        """Up to which seq of the log some turn that was not taken back had read."""
        ends = [e.body for e in await log_of(log) if isinstance(e.body, TurnEnded)]
        stood = [end.turn for end in ends if end.outcome is Outcome.COMMITTED]
        return max((self.read[turn] for turn in stood), default=0)


async def granted(log: Log) -> list[str]:
    return [e.by for e in await log_of(log) if isinstance(e.body, TurnGranted)]


# ---- people who speak during a run


@pytest.mark.parametrize("policy", ["enqueue", "inform", "interrupt", "rollback", "reject"])
@in_no_time
async def test_a_second_third_and_fourth_person_who_post_during_a_run_are_heard(
    policy: str,
) -> None:
    bo = Thoughtful()
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": bo}, input=policy)
        await room.join(KIM)
        await room.post("ana", "@bo the first?")
        await settle(1.5)
        posts = {"cy": "@bo the second?", "dov": "@bo the third?", "kim": "@bo the fourth?"}
        said = await gather(*(room.post(who, text, key=text) for who, text in posts.items()))
        await room.lapse()
        kept = await log_of(house.log)
        for (who, text), event in zip(posts.items(), said, strict=True):
            assert isinstance(event, Event)  # none refused,
            assert [e for e in kept if e.key == text] == [event]  # none lost, none doubled,
            assert (event.by, event.text) == (who, text)
            assert isinstance(event.body, Said)
            declined = event.body.uptake is Uptake.DECLINED
            assert declined == (policy == "reject")
            assert declined or event.seq <= await bo.answered(house.log)  # and all answered
        assert await replays(house.log)


@in_no_time
async def test_three_people_who_ask_three_agents_at_once_get_three_answers() -> None:
    async with a_house() as house:
        agents = {who: after(2, echo) for who in ("bo", "eve", "flo")}
        room = await house.room("ana cy dov bo eve flo", agents, capacity=None)
        await gather(
            room.post("ana", "@bo red?"), room.post("cy", "@eve blue?"), room.post("dov", "@flo?")
        )
        await room.lapse()
        answers = {e.by: e.text for e in await log_of(house.log) if e.by in agents and e.text}
        assert answers == {
            "bo": "You said: bo red?",
            "eve": "You said: eve blue?",
            "flo": "You said: flo?",
        }


@in_no_time
async def test_one_agent_s_question_to_a_person_does_not_freeze_the_others() -> None:
    async with a_house() as house:
        agents = {"bo": says("@cy which colour?"), "eve": echo}
        room = await house.room("ana cy bo eve", agents, patience_s=1_000, capacity=2)
        await room.post("ana", "@bo choose.")
        await settle(5)
        assert room.floor.hold_of(CY) is not None
        await room.post("ana", "@eve hello?", whisper=["eve"])
        await settle(5)
        assert room.floor.hold_of(CY) is not None
        assert (await texts(house.log))[-1] == "eve: You said: eve hello?"


# ---- speakers who do not speak


@in_no_time
async def test_a_silent_expected_speaker_does_not_block_the_room() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": echo}, patience_s=20)
        began = house.scheduler.clock.now()
        await room.post("ana", "@cy what do you think? And @bo?")
        await room.lapse()
        assert (await texts(house.log))[-1].startswith("bo:")
        assert house.scheduler.clock.now() - began == pytest.approx(20)
        assert [e[1] for e in await endings(house.log)] == [Outcome.EXPIRED, Outcome.COMMITTED]


@in_no_time
async def test_who_speaks_for_a_silent_expected_speaker_is_heard_at_once() -> None:
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": echo}, patience_s=1_000)
        began = house.scheduler.clock.now()
        await room.post("ana", "@cy, you know that.")
        await room.post("dov", "He is asleep. @bo, do you know?")
        await room.lapse()
        assert (await texts(house.log))[-1].startswith("bo:")
        assert house.scheduler.clock.now() - began < 1


@in_no_time
async def test_an_agent_that_hangs_blocks_nobody_for_longer_than_its_lease() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve", {"bo": hang, "eve": echo}, lease_s=7)
        began = house.scheduler.clock.now()
        await room.post("ana", "@bo @eve?")
        await room.lapse()
        assert (await texts(house.log))[-1].startswith("eve:")
        assert house.scheduler.clock.now() - began == pytest.approx(7)


# ---- agents among themselves


class Chatterbox:
    """An agent that always has something to say, always to the other, and always wishes to."""

    def __init__(self, other: ParticipantId) -> None:
        self.other = other

    async def __call__(self, turn: Turn) -> Reply:
        return Reply("And you?", addressees=(self.other,), more=True)

    async def bid(self, told: Consultation) -> Bid:
        return Bid(1.0)


@pytest.mark.parametrize(
    "policy",
    [
        {"name": "conversational"},
        {"name": "addressed"},
        {"name": "handoff"},
        {"name": "free_talk"},
        {"name": "bids"},
        {"name": "selector"},
        {"name": "cooldown", "inner": {"name": "round_robin"}},
        {"name": "fair"},
    ],
    ids=lambda policy: policy["name"],
)
@in_no_time
async def test_two_agents_do_not_loop(policy: Mapping[str, Any]) -> None:
    async def bo_or_eve(told: Consultation) -> str:
        return told.candidates[0].id

    async with a_house() as house:
        agents = {"bo": Chatterbox(EVE), "eve": Chatterbox(BO)}
        room = await house.room("ana bo eve", agents, policy=policy)
        room.consult(bo_or_eve)
        await room.post("ana", "@bo, @eve: talk, you two.")
        await asyncio.wait_for(room.lapse(), 1_000)
        turns = await granted(house.log)
        assert 0 < len(turns) <= 13
        await room.post("ana", "@bo still there?")  # nobody has to restart anything
        await room.lapse()
        assert len(await granted(house.log)) > len(turns)


@in_no_time
async def test_a_failing_agent_does_not_end_the_room() -> None:
    async with a_house() as house:
        agents = {"bo": raises(RuntimeError("no model")), "eve": echo}
        room = await house.room("ana bo eve", agents)
        for _ in range(3):
            await room.post("ana", "@bo and @eve?")
            await room.lapse()
        ends = await endings(house.log)
        assert [(who, outcome) for who, outcome, _ in ends] == [
            (BO, Outcome.FAILED),
            (EVE, Outcome.COMMITTED),
        ] * 3
        assert ends[0][2] == "RuntimeError: no model"


# ---- who is selected


@in_no_time
async def test_an_excluded_speaker_is_never_selected() -> None:
    asked: list[set[str]] = []

    async def always_bo(told: Consultation) -> str:
        asked.append({seat.id for seat in told.candidates})
        return "bo"

    async with a_house() as house:
        policy = {"name": "limited", "turns": 1, "inner": {"name": "selector"}}
        agents = {"bo": says("Me!", "Me!"), "eve": says("I.", "I.")}
        room = await house.room("ana bo eve zoe", agents, policy=policy)
        room.consult(always_bo)
        for _ in range(3):
            await room.post("ana", "Who?")
            await asyncio.wait_for(room.lapse(), 1_000)
        assert sorted(await granted(house.log)) == [BO, EVE]  # then both have had their turn
        assert all("zoe" not in candidates for candidates in asked)
        assert await replays(house.log)


@in_no_time
async def test_one_who_has_left_is_not_selected_though_the_adviser_was_still_thinking() -> None:
    async def slowly_bo(told: Consultation) -> str:
        await asyncio.sleep(2)
        return "bo"

    async with a_house() as house:
        agents = {"bo": echo, "eve": echo}
        room = await house.room("ana bo eve", agents, policy={"name": "selector"})
        room.consult(slowly_bo)
        await room.post("ana", "Who?")
        await settle(1)
        await room.leave("bo")
        await asyncio.wait_for(room.lapse(), 1_000)
        assert await granted(house.log) == [EVE]


@in_no_time
async def test_one_who_joins_in_mid_conversation_can_speak_at_once() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": streams("One ", "two ", "three.")})
        await room.post("ana", "@bo?")
        await settle(0.5)
        await room.join(CAST[DOV])
        await room.join(CAST[EVE], echo)
        said = await room.post("dov", "@eve, are you new here too?")
        assert room.floor.hold_of(BO) is not None  # Bo still speaks
        await room.lapse()
        assert [e.by for e in await log_of(house.log) if e.text] == [ANA, DOV, BO, EVE]
        assert said in await log_of(house.log)


@in_no_time
async def test_the_same_speaker_can_be_picked_twice_in_a_row() -> None:
    async with a_house() as house:
        room = await house.room("ana bo eve", {"bo": says("A.", "B."), "eve": says("C.")})
        await room.change_policy({"name": "chaired", "chair": "ana"})
        for _ in range(2):
            await room.nominate("ana", "bo")
            await room.lapse()
        assert await texts(house.log) == ["bo: A.", "bo: B."]


@in_no_time
async def test_one_who_would_go_on_and_whom_nobody_follows_goes_on() -> None:
    async with a_house() as house:
        lines = says(Reply("First.", more=True), Reply("Second.", more=True), "Third.")
        room = await house.room("ana bo", {"bo": lines}, policy="conversational")
        await room.post("ana", "@bo tell us.")
        await room.lapse()
        assert (await texts(house.log))[1:] == ["bo: First.", "bo: Second.", "bo: Third."]


# ---- cancelling and resuming


@in_no_time
async def test_cancel_stops_buffered_output() -> None:
    async def babbles(turn: Turn) -> str:
        try:
            while True:
                for word in ["and", "so", "on", ""]:
                    turn.say(word + " ")
                await turn.clock.sleep(1)
        finally:
            turn.say("One more thing!")  # whatever lies in a buffer when it is cancelled

    store = Faltering()
    house = House(log=store)
    room = await house.room("ana bo", {"bo": babbles})
    reader = Reader(room)
    await room.post("ana", "@bo?")
    await settle(2.5)
    store.slow_s = 3.5  # it babbles on while the interruption is being written
    before = reader.heard
    await room.interrupt("ana")
    store.slow_s = 0.0
    await settle(10)
    assert reader.heard == before
    assert (await texts(store))[-1] == f"bo: {before.strip()}"
    assert [task.get_name() for task in asyncio.all_tasks() if "kitchen" in task.get_name()] == []
    await house.scheduler.aclose()


@in_no_time
async def test_a_resumed_room_repeats_no_message_and_no_turn_that_was_over() -> None:
    async def talk(room: Room) -> None:
        await room.post("ana", "@bo the first?", key="1")
        await room.lapse()
        await room.post("ana", "@bo the second?", key="2")

    first = House()
    room = await first.room("ana bo", {"bo": after(2, echo)})
    reader = Reader(room)
    await talk(room)
    await settle(1)
    first.crash()
    seen = reader.events[-1].seq
    second = House(first.memory)
    back = await second.room("ana bo", {"bo": after(2, echo)})
    again, on = Reader(back), Reader(back, after=seen)
    assert (await back.post("ana", "@bo the second?", key="2")).text == "@bo the second?"
    await back.lapse()
    await settle()
    assert await texts(second.log) == [
        "ana: @bo the first?",
        "bo: You said: bo the first?",
        "ana: @bo the second?",
        "bo: You said: bo the second?",
    ]
    assert again.events == await log_of(second.log)
    assert [event.seq for event in on.events] == [e.seq for e in again.events if e.seq > seen]
    assert await granted(second.log) == [BO, BO]
    await second.scheduler.aclose()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()


@in_no_time
async def test_a_room_whose_turn_was_cut_in_the_middle_of_a_tool_is_not_bricked() -> None:
    async def works(turn: Turn) -> str:
        await turn.act()
        await turn.clock.sleep(60)
        return "Done."

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": works})
        await room.post("ana", "@bo do it.")
        await settle(1)
        await room.interrupt("ana")
        room.attach("bo", echo)
        await room.post("ana", "@bo are you all right?")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: You said: bo are you all right?"
