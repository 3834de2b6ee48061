"""Turns in virtual time: deadlines, failures, several at once, and agents that do as they like."""

import asyncio
import math

import pytest
from tests.orchestrator.programs import ANA, BO, EVE
from tests.orchestrator.rooms import (
    House,
    a_house,
    after,
    echo,
    endings,
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

from tertulia.orchestrator import Outcome, Reply, Said, Turn
from tertulia.orchestrator.events import TurnGranted
from tertulia.orchestrator.room import ParticipantId

# ---- deadlines


@in_no_time
async def test_an_agent_that_hangs_loses_the_floor_when_its_lease_ends_and_the_room_goes_on() -> (
    None
):
    async with a_house() as house:
        room = await house.room("ana bo eve", {"bo": hang, "eve": echo}, lease_s=30)
        began = house.scheduler.clock.now()
        await room.post("ana", "@bo @eve?")
        await room.lapse()
        assert house.scheduler.clock.now() - began == pytest.approx(30)
        assert await endings(house.log) == [
            ("bo", Outcome.EXPIRED, None),
            ("eve", Outcome.COMMITTED, None),
        ]
        assert len(asyncio.all_tasks()) == 1  # the hanging task was cancelled


@in_no_time
async def test_what_an_agent_had_said_when_its_lease_ended_stands() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams(*"abcdefghij")}, lease_s=4.5)
        await room.post("ana", "@bo?")
        await room.lapse()
        assert await texts(house.log) == ["ana: @bo?", "bo: abcde"]
        assert (await endings(house.log))[0][1] is Outcome.EXPIRED


@in_no_time
async def test_an_agent_that_will_not_be_cancelled_holds_nobody_up_and_says_nothing_more() -> None:
    async def stubborn(turn: Turn) -> str:
        turn.say("I ")
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            await asyncio.sleep(50)
        turn.say("will be heard!")
        return "I will be heard!"

    async with a_house() as house:
        room = await house.room("ana bo eve", {"bo": stubborn, "eve": echo}, lease_s=10)
        await room.post("ana", "@bo @eve?")
        await room.lapse()
        await settle(100)
        assert (await texts(house.log))[1:] == ["bo: I", "eve: You said: bo eve?"]


# ---- failures


@in_no_time
async def test_an_agent_that_fails_is_seen_to_fail_and_the_room_goes_on() -> None:
    async with a_house() as house:
        broken = raises(ValueError("no such model"))
        room = await house.room("ana bo eve", {"bo": broken, "eve": echo})
        await room.post("ana", "@bo @eve?")
        await room.lapse()
        assert await endings(house.log) == [
            ("bo", Outcome.FAILED, "ValueError: no such model"),
            ("eve", Outcome.COMMITTED, None),
        ]
        assert await replays(house.log)


@in_no_time
async def test_what_an_agent_had_said_when_it_failed_stands() -> None:
    async def breaks_off(turn: Turn) -> None:
        turn.say("As I was ")
        raise ConnectionError("the line is cut")

    async with a_house() as house:
        room = await house.room(speakers={"bo": breaks_off})
        await room.post("ana", "@bo?")
        await room.lapse()
        assert await texts(house.log) == ["ana: @bo?", "bo: As I was"]
        assert (await endings(house.log))[0] == (
            "bo",
            Outcome.FAILED,
            "ConnectionError: the line is cut",
        )


@in_no_time
async def test_an_agent_whose_own_work_was_cancelled_has_failed_and_does_not_hang() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": raises(asyncio.CancelledError())})
        began = house.scheduler.clock.now()
        await room.post("ana", "@bo?")
        await room.lapse()
        assert house.scheduler.clock.now() == began
        problem = "the agent cancelled its own work"
        assert await endings(house.log) == [("bo", Outcome.FAILED, problem)]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (42, "agent 'bo' broke its contract: answered with int, not text or Reply"),
        (["a"], "answered with list"),
        (Reply(text=7), "gave a Reply with a wrong text"),  # type: ignore[arg-type]
        (Reply("x", addressees="bo"), "gave a Reply with a wrong addressees"),  # type: ignore[arg-type]
        (Reply("x", addressees=(3,)), "wrong addressees"),  # type: ignore[arg-type]
        (Reply("x", problem=ValueError()), "gave a Reply with a wrong problem"),  # type: ignore[arg-type]
    ],
)
@in_no_time
async def test_an_answer_of_a_wrong_type_is_a_failed_turn(answer: object, problem: str) -> None:
    async def wrong(turn: Turn) -> str:
        return answer  # type: ignore[return-value]

    async with a_house() as house:
        room = await house.room(speakers={"bo": wrong})
        await room.post("ana", "@bo?")
        began = house.scheduler.clock.now()
        await room.lapse()
        [(who, outcome, told)] = await endings(house.log)
        assert (who, outcome) == ("bo", Outcome.FAILED)
        assert problem in (told or "")
        assert house.scheduler.clock.now() == began


@in_no_time
async def test_an_agent_that_says_what_is_not_text_has_failed_and_frees_the_floor() -> None:
    async def mumbles(turn: Turn) -> None:
        turn.say("So, ")
        turn.say(b"mm")  # type: ignore[arg-type]

    async with a_house() as house:
        room = await house.room(speakers={"bo": mumbles})
        await room.post("ana", "@bo?")
        await asyncio.wait_for(room.lapse(), 500)
        assert await texts(house.log) == ["ana: @bo?", "bo: So,"]
        [(_, outcome, told)] = await endings(house.log)
        assert outcome is Outcome.FAILED
        assert "agent 'bo' broke its contract: said bytes, not text" in (told or "")


@in_no_time
async def test_an_agent_without_a_program_fails_visibly() -> None:
    async with a_house() as house:
        room = await house.room()
        await room.post("ana", "@bo?")
        await room.lapse()
        [(_, outcome, told)] = await endings(house.log)
        assert outcome is Outcome.FAILED
        assert told == "no program speaks for 'bo' in this process"
        room.attach("bo", echo)
        await room.post("ana", "@bo?")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: You said: bo?"


@in_no_time
async def test_a_broken_message_is_cut_short_and_mended() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": raises(RuntimeError("\ud800" + "x" * 10_000))})
        await room.post("ana", "@bo?")
        await room.lapse()
        [(_, _, told)] = await endings(house.log)
        assert told is not None
        assert told.startswith("RuntimeError: ?xxx")
        assert len(told) <= 500


# ---- what an agent may answer


@in_no_time
async def test_an_agent_that_returns_nothing_was_silent() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": says(None)})
        await room.post("ana", "@bo?")
        await room.lapse()
        assert await texts(house.log) == ["ana: @bo?"]
        assert await endings(house.log) == [("bo", Outcome.COMMITTED, None)]


@in_no_time
async def test_an_agent_that_streamed_and_returned_nothing_said_what_it_streamed() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams("Good ", "morning.")})
        await room.post("ana", "@bo?")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: Good morning."


@in_no_time
async def test_whom_a_reply_addresses_speaks_next() -> None:
    async with a_house() as house:
        hands_on = says(Reply("Your turn.", addressees=(EVE,)))
        room = await house.room("ana bo eve", {"bo": hands_on, "eve": says("Thanks.")})
        await room.post("ana", "@bo?")
        await room.lapse()
        assert (await texts(house.log))[1:] == ["bo: Your turn.", "eve: Thanks."]


@in_no_time
async def test_an_agent_sees_what_was_said_until_its_turn_and_who_is_there() -> None:
    seen: list[Turn] = []

    async def looks(turn: Turn) -> None:
        seen.append(turn)
        await turn.clock.sleep(5)

    async with a_house() as house:
        room = await house.room(speakers={"bo": looks})
        await room.post("cy", "Hello.")
        await room.post("ana", "Psst.", whisper=["cy"])
        asked = await room.post("ana", "@bo?")
        await room.post("cy", "Too late to be seen.")
        await room.lapse()
        [turn] = seen
        assert [e.body.text for e in turn.view if isinstance(e.body, Said)] == ["Hello.", "@bo?"]
        assert turn.answers == asked
        assert (turn.me.name, turn.room, turn.attempt, turn.audience) == ("Bo", "kitchen", 1, None)
        assert turn.until == pytest.approx(asked.at + 120)
        assert list(turn.members) == ["ana", "cy", "bo"]
        grant = next(
            e for e in await log_of(house.log) if e.by == BO and isinstance(e.body, TurnGranted)
        )
        assert isinstance(grant.body, TurnGranted)
        assert (turn.id, turn.as_of) == (grant.body.turn, grant.seq)


@in_no_time
async def test_a_whispered_question_is_answered_in_a_whisper() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": echo})
        await room.post("ana", "How old is Cy?", whisper=["bo"])
        await room.lapse()
        answer = (await log_of(house.log))[-2]
        assert answer.audience == (ANA, BO)
        assert isinstance(answer.body, Said)
        assert answer.body.text == "You said: How old is Cy?"


@in_no_time
async def test_an_agent_that_wants_to_know_hears_that_its_turn_was_committed() -> None:
    class Tidy:
        def __init__(self) -> None:
            self.ends: list[str] = []

        async def __call__(self, turn: Turn) -> str:
            return "Done."

        async def ended(self, turn: str) -> None:
            self.ends.append(turn)

    async with a_house() as house:
        tidy = Tidy()
        room = await house.room(speakers={"bo": tidy})
        await room.post("ana", "@bo?")
        await room.lapse()
        await settle()
        assert tidy.ends == ["kitchen/1"]


# ---- several at once


@in_no_time
async def test_with_room_for_two_two_speak_at_once_and_the_third_waits() -> None:
    async with a_house() as house:
        speakers = {
            who: after(seconds, echo) for who, seconds in (("bo", 3), ("eve", 5), ("flo", 1))
        }
        room = await house.room("ana bo eve flo", speakers, capacity=2)
        began = house.scheduler.clock.now()
        await room.post("ana", "@bo @eve @flo?")
        await settle()
        assert [hold.participant for hold in room.floor.holds] == ["bo", "eve"]
        await room.lapse()
        assert [text.partition(":")[0] for text in await texts(house.log)] == [
            "ana",
            "bo",
            "flo",
            "eve",
        ]
        assert house.scheduler.clock.now() - began == pytest.approx(5)
        assert await replays(house.log)


@in_no_time
async def test_without_a_limit_all_speak_at_once() -> None:
    async with a_house() as house:
        speakers = {who: after(3, echo) for who in ("bo", "eve", "flo")}
        room = await house.room("ana bo eve flo", speakers, capacity=None)
        began = house.scheduler.clock.now()
        await room.post("ana", "@bo @eve @flo?")
        await room.lapse()
        assert house.scheduler.clock.now() - began == pytest.approx(3)
        assert len(await texts(house.log)) == 4


@in_no_time
async def test_agents_that_would_talk_for_ever_stop_at_the_room_s_limit() -> None:
    async with a_house() as house:
        speakers = {"bo": says(*["And?"] * 99), "eve": says(*["And!"] * 99)}
        policy = {"name": "round_robin"}
        room = await house.room("ana bo eve", speakers, policy=policy, turn_limit=20)
        await room.post("ana", "Begin.")
        await room.lapse()
        assert room.floor.agent_turns == 20
        assert len(await texts(house.log)) == 21


# ---- interrupting


@in_no_time
async def test_an_interrupted_agent_stands_with_what_it_had_said_and_marked() -> None:
    pieces = ["One, ", "two, ", "three, ", "four."]
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams(*pieces, every_s=1)})
        await room.post("ana", "@bo?")
        await asyncio.sleep(1.5)
        said, ended = await room.interrupt("cy", "bo")
        assert isinstance(said.body, Said)
        assert said.body.text == "One, two,"
        assert "".join(pieces).startswith(said.body.text)
        assert said.body.interrupted_by == "cy"
        assert ended.type == "TurnEnded"
        assert (await endings(house.log)) == [("bo", Outcome.INTERRUPTED, None)]
        await settle()
        assert len(asyncio.all_tasks()) == 1
        assert await replays(house.log)


@in_no_time
async def test_an_interrupted_agent_s_work_is_cancelled() -> None:
    cancelled: list[float] = []

    async def works(turn: Turn) -> None:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            cancelled.append(turn.clock.now())
            raise

    async with a_house() as house:
        room = await house.room(speakers={"bo": works})
        await room.post("ana", "@bo?")
        await asyncio.sleep(3)
        await room.interrupt("ana")
        await settle()
        assert cancelled == [house.scheduler.clock.now()]
        assert await texts(house.log) == ["ana: @bo?"]  # it had said nothing


@in_no_time
async def test_everybody_can_be_interrupted_at_once_or_one_alone() -> None:
    async with a_house() as house:
        speakers = {who: streams(*"abcdef") for who in ("bo", "eve", "flo")}
        room = await house.room("ana bo eve flo", speakers, capacity=3)
        await room.post("ana", "@bo @eve @flo?")
        await asyncio.sleep(0.5)
        await room.interrupt("ana", "eve")
        assert [hold.participant for hold in room.floor.holds] == ["bo", "flo"]
        await room.interrupt("ana")
        assert room.floor.holds == ()
        assert await room.interrupt("ana") == ()  # nobody speaks: nothing to cut


@in_no_time
async def test_of_two_who_interrupt_at_once_one_did() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": streams(*"abcdef")})
        await room.post("ana", "@bo?")
        await asyncio.sleep(0.5)
        first, second = await asyncio.gather(room.interrupt("ana"), room.interrupt("cy"))
        assert (len(first), len(second)) == (2, 0)


@in_no_time
async def test_one_who_only_watches_cannot_interrupt() -> None:
    from tertulia.orchestrator.errors import NotNow, Unknown

    async with a_house() as house:
        room = await house.room("ana zoe bo", {"bo": streams(*"abcdef")})
        await room.post("ana", "@bo?")
        with pytest.raises(NotNow, match="an observer only watches"):
            await room.interrupt("zoe")
        with pytest.raises(Unknown, match="did you mean 'bo'"):
            await room.interrupt("ana", "boo")
        assert room.floor.hold_of(ParticipantId("bo"))


@in_no_time
async def test_after_an_interruption_whoever_is_owed_the_floor_has_it() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo eve", {"bo": streams(*"abcdef"), "eve": echo})
        await room.post("ana", "@bo?")
        await room.post("cy", "@eve?")
        await room.interrupt("cy")
        await room.lapse()
        assert (await texts(house.log))[-1] == "eve: You said: eve?"


@in_no_time
async def test_many_rooms_of_one_process_do_not_disturb_each_other() -> None:
    house = House()
    rooms = [await house.room(speakers={"bo": echo}, name=f"room-{i}") for i in range(2000)]
    assert len(asyncio.all_tasks()) == 1
    await asyncio.gather(*(room.post("ana", f"@bo, {room.id}?") for room in rooms))
    await asyncio.gather(*(room.lapse() for room in rooms))
    assert len(asyncio.all_tasks()) == 1  # a quiet room costs no task
    for room in rooms[:: math.ceil(2000 / 50)]:
        assert (await texts(house.log, room.id))[-1] == f"bo: You said: bo, {room.id}?"
    await house.scheduler.aclose()
