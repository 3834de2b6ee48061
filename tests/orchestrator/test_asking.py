"""Agents ask somebody something in mid-turn, wait off the floor, and get the answer."""

from typing import Any

import pytest
from tests.orchestrator.rooms import (
    House,
    a_house,
    endings,
    in_no_time,
    log_of,
    replays,
    settle,
    texts,
)

from tertulia.orchestrator import Event, Outcome, Reply, Turn
from tertulia.orchestrator.events import AnswerAwaited, AnswerMissed, Said, TurnGranted
from tertulia.orchestrator.room import Addressing


class Asks:
    """An agent that asks ``who`` some questions one by one, and repeats the answers."""

    def __init__(self, who: str = "ana", *questions: str, within_s: float = 300.0) -> None:
        self.who, self.questions = who, questions or ("Which day?",)
        self.within_s = within_s
        self.answers: list[str | None] = []
        self.turn: str | None = None

    async def __call__(self, turn: Turn) -> str:
        if self.turn not in (None, turn.id):
            return "Hm."
        self.turn = turn.id
        turn.say("Let me see.")
        for question in self.questions:
            answer = await turn.ask(self.who, question, within_s=self.within_s)
            self.answers.append(None if answer is None else answer.text)
        return f"{turn.delivered} So: {self.answers[-1]}".replace("@", "")


async def of(house: House, *kinds: type[Any]) -> list[Event]:
    return [event for event in await log_of(house.log) if isinstance(event.body, kinds)]


@in_no_time
async def test_what_it_asks_is_one_utterance_with_what_it_said_and_the_answer_comes_back() -> None:
    bo = Asks()
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo})
        await room.post("ana", "@bo book a table")
        await room.lapse()
        assert await texts(house.log) == ["ana: @bo book a table", "bo: Let me see. Which day?"]
        await room.post("ana", "@bo Friday")
        await room.lapse()
        assert bo.answers == ["@bo Friday"]
        assert (await texts(house.log))[-1] == "bo: So: bo Friday"
        assert [one for one in await endings(house.log) if one[0] == "bo"] == [
            ("bo", Outcome.COMMITTED, None)
        ]
        assert await replays(house.log)


@in_no_time
async def test_the_answer_does_not_oblige_the_asker_to_another_turn() -> None:
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": Asks()})
        await room.post("ana", "@bo book a table")
        await room.lapse()
        await room.post("ana", "@bo Friday")
        await room.lapse()
        granted = [event.by for event in await of(house, TurnGranted)]
        assert granted == ["bo", "ana"]
        assert room.floor.owed == ()


@pytest.mark.parametrize("addressing", [Addressing.EXPLICIT, Addressing.PAIRS])
def test_a_person_s_plain_answer_is_one(addressing: Addressing) -> None:
    @in_no_time
    async def plain() -> None:
        bo = Asks()
        async with a_house() as house:
            room = await house.room("ana cy bo", {"bo": bo}, addressing=addressing)
            await room.post("ana", "@bo book a table")
            await room.lapse()
            await room.post("cy", "Nice weather.")
            await room.lapse()
            assert bo.answers == []
            await settle(30)
            asked = next(e.seq for e in await of(house, Said) if e.by == "bo")
            explicit = addressing is Addressing.EXPLICIT
            await room.post("ana", "Friday.", reply_to=asked if explicit else None)
            await room.lapse()
            assert bo.answers == ["Friday."]

    plain()


@in_no_time
async def test_a_reply_is_an_answer_and_what_others_say_is_none() -> None:
    bo = Asks()
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo}, addressing=Addressing.EXPLICIT)
        await room.post("ana", "@bo book a table")
        await room.lapse()
        [asked] = [e for e in await of(house, Said) if e.by == "bo"]
        await room.post("cy", "@bo Monday!", reply_to=asked.seq)
        await settle()
        await room.post("ana", "@cy shush.")
        await settle()
        assert bo.answers == []
        await room.post("ana", "Friday.", reply_to=asked.seq)
        await room.lapse()
        assert bo.answers == ["Friday."]


@in_no_time
async def test_agents_are_asked_as_well() -> None:
    bo = Asks("eve")

    async def eve(turn: Turn) -> Reply:
        return Reply("Friday.")

    async with a_house() as house:
        room = await house.room("ana bo eve", {"bo": bo, "eve": eve})
        await room.post("ana", "@bo book a table")
        await room.lapse()
        assert bo.answers == ["Friday."]
        assert await texts(house.log) == [
            "ana: @bo book a table",
            "bo: Let me see. Which day?",
            "eve: Friday.",
            "bo: So: Friday.",
        ]
        assert await replays(house.log)


@in_no_time
async def test_nobody_is_waited_for_longer_than_that() -> None:
    bo = Asks(within_s=60)
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo book a table")
        await settle(61)
        await room.lapse()
        assert bo.answers == [None]
        assert (await texts(house.log))[-1] == "bo: So: None"
        [awaited] = await of(house, AnswerAwaited)
        [missed] = await of(house, AnswerMissed)
        assert missed.at == pytest.approx(awaited.at + 60)
        await room.post("ana", "@bo Friday")  # is asked anew
        await settle()
        assert [event.by for event in await of(house, TurnGranted)] == ["bo", "ana", "bo"]
        assert await replays(house.log)


@in_no_time
async def test_several_questions_are_asked_one_after_another() -> None:
    bo = Asks("ana", "Which day?", "And when?")
    async with a_house() as house:
        room = await house.room("ana bo", {"bo": bo})
        await room.post("ana", "@bo book a table")
        await room.lapse()
        await room.post("ana", "@bo Friday")
        await settle()
        await room.post("ana", "@bo at eight")
        await room.lapse()
        assert bo.answers == ["@bo Friday", "@bo at eight"]
        assert [t for t in await texts(house.log) if t.startswith("bo")] == [
            "bo: Let me see. Which day?",
            "bo: And when?",
            "bo: So: bo at eight",
        ]


# ---- whispers


@in_no_time
async def test_an_answer_that_not_all_of_the_hearers_hear_is_none() -> None:
    bo = Asks(within_s=60)
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": bo})
        await room.post("ana", "@bo book a table")
        await settle()
        await room.post("ana", "on Friday, but tell nobody", whisper=["bo"])
        await settle(100)
        await room.lapse()
        assert bo.answers[0] is None or "nobody" not in bo.answers[0]
        assert not any(
            "tell nobody" in event.text for event in await of(house, Said) if event.audience is None
        )


@in_no_time
async def test_in_a_whisper_only_who_hears_it_is_asked() -> None:
    async with a_house() as house:
        room = await house.room("ana cy bo", {"bo": Asks("cy")})
        await room.post("ana", "book a table", whisper=["bo"])
        await room.lapse()
        [(_, outcome, problem)] = await endings(house.log)
        assert outcome is Outcome.FAILED
        assert "may not ask 'cy' in this turn: those who hear it, and speak, are ana" in str(
            problem
        )


@pytest.mark.parametrize(
    ("who", "text", "told"),
    [
        ("nobody", "Which day?", "there is no participant 'nobody'"),
        ("zoe", "Which day?", "those who hear it, and speak, are ana"),
        ("bo", "Which day?", "those who hear it, and speak, are ana"),
        ("ana", " ", "empty content"),
    ],
)
def test_what_cannot_be_asked_is_told(who: str, text: str, told: str) -> None:
    @in_no_time
    async def wrong() -> None:
        async with a_house() as house:
            room = await house.room("ana bo zoe", {"bo": Asks(who, text)})
            await room.post("ana", "@bo book a table")
            await room.lapse()
            [(_, _, problem)] = await endings(house.log)
            assert told in str(problem)

    wrong()


# ---- crashes


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_crash_it_is_not_asked_again_and_the_answer_counts(when: str) -> None:
    @in_no_time
    async def crash() -> None:
        house = House()
        questions = ("Which day?", "And when?")
        room = await house.room("ana bo", {"bo": Asks("ana", *questions)})
        await room.post("ana", "@bo book a table")
        await room.lapse()
        await room.post("ana", "@bo Friday")
        await settle()
        if when == "before":
            await room.post("ana", "@bo at eight")
        house.crash()
        other, bo = House(house.memory), Asks("ana", *questions)
        again = await other.room("ana bo", {"bo": bo})
        await settle()
        if when == "after":
            await again.post("ana", "@bo at eight")
        await again.lapse()
        assert bo.answers == ["@bo Friday", "@bo at eight"]
        assert [t for t in await texts(other.log) if t.startswith("bo")] == [
            "bo: Let me see. Which day?",
            "bo: And when?",
            "bo: So: bo at eight",
        ]
        assert len(await of(other, AnswerAwaited)) == 2
        assert await replays(other.log)
        await other.scheduler.aclose()

    crash()
