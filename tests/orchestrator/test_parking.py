"""Turns that wait off the floor: others go on meanwhile, and what they said is in the log."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.rooms import (
    House,
    a_house,
    echo,
    endings,
    hang,
    in_no_time,
    log_of,
    replays,
    says,
    settle,
    texts,
)

from tertulia.orchestrator import Outcome, Reply, Speaker, Turn
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.events import (
    ReturnRequested,
    Said,
    TurnEnded,
    TurnGranted,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.parking import Echo, rest


class Waits:
    """An agent that says something, waits off the floor until it is told to go on, says more."""

    def __init__(self, first: str = "Let me see.", then: str = "There it is.", s: float = 60):
        self.go, self.first, self.then, self.s = asyncio.Event(), first, then, s
        self.attempts: list[int] = []

    async def __call__(self, turn: Turn) -> None:
        self.attempts.append(turn.attempt)
        turn.say(self.first)
        async with turn.parked(self.s):
            await self.go.wait()
        turn.say(self.then)


async def kinds(house: House, *wanted: type[Any]) -> list[str]:
    return [f"{e.type} {e.by}" for e in await log_of(house.log) if isinstance(e.body, wanted)]


@in_no_time
async def test_others_have_the_floor_while_a_turn_waits() -> None:
    bo = Waits()
    async with a_house() as house:
        room = await house.room("ana cy bo eve", {"bo": bo, "eve": echo})
        await room.post("ana", "@bo where is it?")
        await settle()
        await room.post("cy", "@eve and you?")
        await settle()
        assert await texts(house.log) == [
            "ana: @bo where is it?",
            "bo: Let me see.",
            "cy: @eve and you?",
            "eve: You said: eve and you?",
        ]
        bo.go.set()
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: There it is."
        assert [o for _, o, _ in await endings(house.log)] == [Outcome.COMMITTED] * 2
        assert room.floor.parked == ()
        assert await replays(house.log)


@in_no_time
async def test_an_agent_takes_other_turns_while_one_of_its_waits() -> None:
    first = Waits(s=600)
    turns: list[Any] = [first, echo]

    async def bo(turn: Turn) -> Any:
        return await turns.pop(0)(turn)

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo})
        await room.post("ana", "@bo where is it?")
        await settle()
        await room.post("cy", "@bo hello?")
        await settle()
        assert (await texts(house.log))[-1] == "bo: You said: bo hello?"
        first.go.set()
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: There it is."
        assert await replays(house.log)


@in_no_time
async def test_a_turn_comes_back_when_its_speaker_has_no_other() -> None:
    first = Waits(s=600)
    turns: list[Any] = [first, says("Hm.", after_s=5)]

    async def bo(turn: Turn) -> Any:
        return await turns.pop(0)(turn)

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, capacity=None)
        await room.post("ana", "@bo where is it?")
        await settle()
        await room.post("cy", "@bo hello?")
        await settle()
        first.go.set()
        await settle(1)
        assert [hold.returns is not None for hold in room.floor.parked] == [True]
        await room.lapse()
        assert (await texts(house.log))[-2:] == ["bo: Hm.", "bo: There it is."]


@in_no_time
async def test_who_wants_to_come_back_first_comes_first_and_before_the_policy_grants() -> None:
    bo, eve = Waits(then="Bo."), Waits(then="Eve.")
    async with a_house() as house:
        speakers: dict[str, Speaker] = {
            "bo": bo,
            "eve": eve,
            "flo": says("Flo.", "Flo again.", after_s=5),
        }
        room = await house.room("ana bo eve flo", speakers)
        await room.post("ana", "@bo @eve?")
        await settle()
        await room.post("ana", "@flo?")
        await settle(3)
        await room.post("ana", "@flo, more?")
        eve.go.set()
        await settle()
        bo.go.set()
        await room.lapse()
        said = await texts(house.log)
        assert said[-4:] == ["flo: Flo.", "eve: Eve.", "bo: Bo.", "flo: Flo again."]
        assert await replays(house.log)


@in_no_time
async def test_a_turn_that_waits_too_long_expires() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": Waits(s=7)})
        await room.post("ana", "@bo?")
        await room.lapse()
        assert await endings(house.log) == [("bo", Outcome.EXPIRED, None)]
        [ended] = [e for e in await log_of(house.log) if isinstance(e.body, TurnEnded)]
        [parked] = [e for e in await log_of(house.log) if isinstance(e.body, TurnParked)]
        assert ended.at == pytest.approx(parked.at + 7)
        assert await replays(house.log)


@in_no_time
async def test_one_that_wants_to_come_back_is_waited_for_however_long_the_room_rests() -> None:
    bo = Waits(s=60)
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo?")
        await settle()
        await room.pause()
        bo.go.set()
        await settle(1_000)
        await room.lapse()  # a room that rests is quiet
        assert await kinds(house, TurnReturned) == []
        await room.resume()
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: There it is."
        assert await replays(house.log)


@in_no_time
async def test_the_time_off_the_floor_is_nobody_s_turn() -> None:
    bo = Waits(s=600)
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo?")
        await settle(100)
        bo.go.set()
        await room.lapse()
        assert room.floor.members["bo"].floor_s < 1  # type: ignore[index]
        assert room.floor.members["bo"].turns == 1  # type: ignore[index]


# ---- what ends it


@in_no_time
async def test_interrupting_an_agent_by_name_ends_what_it_waits_for_and_others_do_not() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo eve", {"bo": Waits(), "eve": hang}, input="interrupt")
        await room.post("ana", "@bo?")
        await settle()
        await room.post("ana", "Never mind, @bo.")
        await settle()
        await room.interrupt("ana")
        assert [hold.participant for hold in room.floor.parked][:1] == ["bo"]
        await room.interrupt("cy", "bo")
        assert (room.floor.holds, room.floor.parked) == ((), ())
        assert {o for _, o, _ in await endings(house.log)} == {Outcome.INTERRUPTED}
        assert await replays(house.log)


@pytest.mark.parametrize("at", ["once", "trp"])
def test_one_that_is_cut_into_does_not_park(at: str) -> None:
    @in_no_time
    async def cut() -> None:
        async def bo(turn: Turn) -> None:
            turn.say("I wonder whether")
            await turn.clock.sleep(1)
            async with turn.parked(60):
                await asyncio.Event().wait()

        async with a_house() as house:
            room = await house.room("ana bo", {"bo": bo})
            await room.post("ana", "@bo?")
            await settle(0.5)
            await room.interrupt("ana", "bo", at=at)
            await room.lapse()
            assert [o for _, o, _ in await endings(house.log)] == [Outcome.INTERRUPTED]
            assert (await texts(house.log))[-1] == "bo: I wonder whether"
            assert room.floor.parked == ()
            assert await replays(house.log)

    cut()


@in_no_time
async def test_leaving_closing_and_the_room_s_condition_end_it() -> None:
    outcomes = {}
    for deed in ("leave", "close", "condition"):
        async with a_house() as house:
            until = {"name": "turns", "n": 2} if deed == "condition" else None
            room = await house.room("ana cy bo eve", {"bo": Waits(), "eve": echo}, until=until)
            await room.post("ana", "@bo?")
            await settle()
            if deed == "leave":
                await room.leave("bo")
            elif deed == "close":
                await room.close("late")
            else:
                await room.post("ana", "@eve?")
                await settle()
                await room.post("ana", "@eve?")
            await settle()
            assert room.floor.parked == ()
            outcomes[deed] = [o for who, o, _ in await endings(house.log) if who == "bo"]
            assert await replays(house.log)
    assert outcomes == {
        "leave": [Outcome.LEFT],
        "close": [Outcome.INTERRUPTED],
        "condition": [Outcome.INTERRUPTED],
    }


@in_no_time
async def test_an_error_or_a_timeout_within_gets_the_floor_back_first() -> None:
    async def bo(turn: Turn) -> str:
        try:
            async with turn.parked(60):
                [None][1]
        except IndexError:
            turn.say("Nothing. ")
        try:
            async with asyncio.timeout(3), turn.parked(60):
                await asyncio.Event().wait()
        except TimeoutError:
            turn.say("Still nothing.")
        await turn.clock.sleep(1)
        assert not turn.hold.returns
        return turn.delivered

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo?")
        await room.lapse()
        assert await texts(house.log) == ["ana: @bo?", "bo: Nothing.", "bo: Still nothing."]
        assert await endings(house.log) == [("bo", Outcome.COMMITTED, None)]


@in_no_time
async def test_a_turn_without_a_room_cannot_wait() -> None:
    async def bo(turn: Turn) -> None:
        with pytest.raises(Misbehaved, match="parked for 1767225600"):
            async with turn.parked(1_767_225_600.0):
                pass
        turn.waits = None
        async with turn.parked(1):
            pass

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo?")
        await room.lapse()
        [(_, outcome, problem)] = await endings(house.log)
        assert outcome is Outcome.FAILED
        assert "wants to wait off the floor in a turn that cannot" in (problem or "")


# ---- several at once


@in_no_time
async def test_several_tasks_of_a_turn_wait_at_once_and_it_comes_back_with_the_last() -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    done: list[int] = []

    async def bo(turn: Turn) -> str:
        async def one(number: int) -> None:
            async with turn.parked(10 + 50 * number):
                await gates[number].wait()
            done.append(number)

        await asyncio.gather(one(0), one(1))
        return "Both."

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo?")
        await settle()
        gates[0].set()
        await settle(20)  # longer than the first wanted to wait at most
        assert done == [0]
        assert len(room.floor.parked) == 1
        gates[1].set()
        await room.lapse()
        assert await texts(house.log) == ["ana: @bo?", "bo: Both."]
        assert len(await kinds(house, ReturnRequested)) == 1
        assert await replays(house.log)


@in_no_time
async def test_what_is_said_off_the_floor_is_heard_when_the_turn_is_back() -> None:
    async def bo(turn: Turn) -> None:
        turn.say("One.")
        async with turn.parked(60):
            turn.say("Two.")
            await turn.clock.sleep(5)
        turn.say(" Three.")

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo?")
        await settle(1)
        assert await texts(house.log) == ["ana: @bo?", "bo: One."]
        await room.lapse()
        assert (await texts(house.log))[1:] == ["bo: One.", "bo: Two. Three."]


# ---- crashes


@in_no_time
async def test_a_new_owner_runs_a_parked_turn_again_and_nothing_is_said_twice() -> None:
    house = House()
    room = await house.room("ana cy bo", {"bo": Waits(s=600)})
    await room.post("ana", "@bo?")
    await settle()
    house.crash()
    other = House(house.memory)
    bo = Waits(s=600)
    again = await other.room("ana cy bo", {"bo": bo})
    await settle()
    assert bo.attempts == [2]
    assert [hold.attempt for hold in again.floor.parked] == [2]
    bo.go.set()
    await again.lapse()
    assert await texts(other.log) == ["ana: @bo?", "bo: Let me see.", "bo: There it is."]
    assert await endings(other.log) == [("bo", Outcome.COMMITTED, None)]
    assert await replays(other.log)
    await other.scheduler.aclose()


@in_no_time
async def test_one_that_wanted_to_come_back_when_its_process_died_counts_as_run_again() -> None:
    house, bo = House(), Waits(s=600)
    room = await house.room("ana cy bo eve", {"bo": bo, "eve": hang})
    await room.post("ana", "@bo?")
    await settle()
    await room.pause()
    bo.go.set()
    await settle()
    house.crash()
    other, again = House(house.memory), Waits(s=600)
    room = await other.room("ana cy bo eve", {"bo": again, "eve": hang})
    await room.resume()
    await settle()
    assert again.attempts == [2]
    await other.scheduler.aclose()


@in_no_time
async def test_a_turn_that_is_parked_through_many_owners_is_not_given_up_for_that() -> None:
    house, bo = House(), Waits(s=6_000)
    room = await house.room("ana bo", {"bo": bo})
    await room.post("ana", "@bo?")
    await settle()
    for _ in range(6):
        house.crash()
        house = House(house.memory)
        bo = Waits(s=6_000)
        room = await house.room("ana bo", {"bo": bo})
        await settle()
    bo.go.set()
    await room.lapse()
    assert bo.attempts == [7]
    assert (await texts(house.log))[-1] == "bo: There it is."
    await house.scheduler.aclose()


@in_no_time
async def test_leaving_does_not_wait_for_what_is_parked() -> None:
    house = House()
    room = await house.room("ana bo", {"bo": Waits(s=6_000)})
    await room.post("ana", "@bo?")
    await settle()
    before = asyncio.get_running_loop().time()
    await house.scheduler.aclose()
    assert asyncio.get_running_loop().time() == before
    assert len(room.floor.parked) == 1


# ---- the rest of what was said


@in_no_time
async def test_a_reply_that_repeats_what_was_said_says_only_the_rest() -> None:
    async def bo(turn: Turn) -> Reply:
        turn.say("Let me see.")
        async with turn.parked(60):
            pass
        return Reply("Let me  see. It is here.")

    async def eve(turn: Turn) -> str:
        turn.say("Well.")
        async with turn.parked(60):
            pass
        return "Well."

    async with a_house() as house:
        room = await house.room("ana bo eve", {"bo": bo, "eve": eve})
        await room.post("ana", "@bo?")
        await room.lapse()
        await room.post("ana", "@eve?")
        await room.lapse()
        said = [e for e in await log_of(house.log) if isinstance(e.body, Said)]
        assert [e.text for e in said if e.by == "bo"] == ["Let me see.", "It is here."]
        assert [e.text for e in said if e.by == "eve"] == ["Well."]


words = st.text("ab .\n", max_size=12)


@given(words, words)
def test_what_is_new_is_what_follows_the_repetition(told: str, more: str) -> None:
    new = rest(told, told + more)
    assert "".join(new.split()) == "".join(more.split())


@given(words, st.lists(words, max_size=5))
def test_an_echo_hears_the_same_in_pieces_as_at_once(told: str, pieces: list[str]) -> None:
    echo, heard = Echo(told), ""
    new: str | None = None
    for piece in pieces:
        if new is None:
            new = echo.new(piece)
            heard = new or ""
        else:
            heard += piece
    whole = Echo(told).new("".join(pieces)) or ""
    assert "".join(heard.split()) == "".join(whole.split())


@in_no_time
async def test_only_a_grant_is_a_grant() -> None:
    bo = Waits()
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo?")
        await settle()
        bo.go.set()
        await room.lapse()
        assert room.floor.grants == 1
        order = await kinds(
            house, TurnGranted, TurnParked, ReturnRequested, TurnReturned, TurnEnded
        )
        assert [one.split()[0] for one in order] == [
            "TurnGranted",
            "TurnParked",
            "ReturnRequested",
            "TurnReturned",
            "TurnEnded",
        ]


@in_no_time
async def test_an_answer_is_no_news_for_whoever_asked() -> None:
    async def bo(turn: Turn) -> str:
        turn.say("Which one?")
        answer = await turn.ask("ana", "The red one?")
        return "Nobody answers." if answer is None else f"I heard {answer.text!r}"

    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo}, policy={"name": "conversational"})
        await room.post("ana", "Bo, fetch it.")
        await settle()
        await room.post("ana", "Yes.", reply_to=(await room.said())[-1].seq)
        await room.lapse()
        assert [o for _, o, _ in await endings(house.log)].count(Outcome.COMMITTED) == 2
        assert (await texts(house.log))[-1] == "bo: I heard 'Yes.'"
        assert await replays(house.log)


@in_no_time
async def test_who_waits_off_the_floor_takes_no_turn_unasked() -> None:
    bo = Waits(s=600)
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, policy={"name": "conversational"})
        await room.post("ana", "Bo, where is it?")
        await settle()
        await room.post("cy", "What a fine day.")
        await settle(30)
        assert len(bo.attempts) == 1
        bo.go.set()
        await settle(30)
        assert (await texts(house.log)).count("bo: There it is.") >= 1


@in_no_time
async def test_an_answer_to_one_question_answers_no_other() -> None:
    async def bo(turn: Turn) -> str:
        answer = await turn.ask("ana", f"What about {turn.id}?")
        return "Nothing." if answer is None else f"{turn.id}: {answer.text}"

    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo})
        await room.post("cy", "@bo one?")
        await settle()
        await room.post("cy", "@bo two?")
        await settle()
        one, two = (e for e in await room.said() if e.by == "bo")
        await room.post("ana", "Second.", reply_to=two.seq)
        await room.post("ana", "First.", reply_to=one.seq)
        await room.lapse()
        answers = {t for t in await texts(house.log) if t.startswith("bo: kitchen")}
        assert {t.partition(": kitchen/")[2][3:] for t in answers} == {"First.", "Second."}
