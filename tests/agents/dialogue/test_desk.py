"""Tasks talked over in rooms: groups, whispers, questions beside, crashes."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.agents.dialogue.forms import CODE, DISHES, PARTY, TABLE
from tests.orchestrator.rooms import House, a_house, endings, in_no_time, log_of, replays, texts

from tertulia import House as Composed
from tertulia import agent, human
from tertulia.agents import tool
from tertulia.agents.dialogue import (
    ByWords,
    Desk,
    Form,
    Intent,
    IntentRouter,
    Rules,
    Slot,
    with_intents,
)
from tertulia.agents.nodes import model_caller
from tertulia.agents.scripted import Scripted
from tertulia.graphs import desk_talk, speaker_of
from tertulia.orchestrator import Room, Turn, policies
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Kept
from tertulia.orchestrator.turns import Speaker
from tertulia.simulation import VirtualClock
from tertulia.testing import assert_no_leak, plant

NOTE = Form("note", (Slot("text", str, "What shall I note?"),), opens=("a note",))


def speaks(desk: Desk, otherwise: Any = None) -> Speaker:
    return speaker_of(desk_talk(desk, otherwise))


async def talk(room: Room, *said: str) -> list[str]:
    """Let people say things, ``who: words`` or ``who>whom: words``; what the agent said to each."""
    answers: list[str] = []
    for line in said:
        who, _, words = line.partition(": ")
        by, _, whom = who.partition(">")
        await room.post(by, words, whisper=[whom] if whom else [])
        await room.lapse()
        answers.append(next((e.text for e in reversed(await room.said()) if e.by == "bo"), ""))
    return answers


@in_no_time
async def test_a_group_books_a_table_and_it_is_used_once_it_is_confirmed() -> None:
    used: list[Mapping[str, Any]] = []

    async def book(turn: Turn, values: Mapping[str, Any]) -> str:
        used.append(values)
        return "It is booked."

    async with a_house() as house:
        room = await house.room(speakers={"bo": speaks(Desk([TABLE], then={"table": book}))})
        answers = await talk(
            room,
            "ana: Bo, we want a table on 2030-05-03.",
            "cy: Bo, for four.",
            "ana: Bo, on the terrace.",
            "cy: Bo, yes.",
            "ana: Bo, yes.",
        )
        whole = "The table: day Friday, 3 May; people 4; place terrace. Ana, is that right?"
        assert answers == [
            "Noted: day Friday, 3 May. For how many?",
            "Noted: people 4. Inside or outside?",
            f"Noted: place terrace. {whole}",
            f"Only Ana can confirm it. {whole}",
            "It is booked.",
        ]
        assert [values["people"] for values in used] == [4]
        assert await replays(house.log)


@in_no_time
async def test_a_question_beside_the_form_is_answered_and_the_form_goes_on() -> None:
    model = Scripted(["Behind the house."])
    async with a_house() as house:
        desk = Desk([TABLE])
        room = await house.room(speakers={"bo": speaks(desk, model_caller(model))})
        answers = await talk(
            room,
            "ana: Bo, we want a table.",
            "ana: Bo, is there parking?",
            "ana: Bo, on 2030-05-03.",
            "ana: Bo, hello!",
        )
        assert answers == [
            "Which day?",
            "Behind the house. Back to the table: Which day?",
            "Noted: day Friday, 3 May. For how many?",
            "I did not understand that. For how many?",
        ]


@in_no_time
async def test_an_intent_has_an_answer_of_its_own_and_what_is_no_task_is_left_to_others() -> None:
    async def parking(turn: Turn) -> str:
        return "Behind the house."

    understand = with_intents(Rules([TABLE]), ByWords([Intent("parking", words=("park",))]))
    desk = Desk([TABLE], understand, answers={"parking": parking})
    async with a_house() as house:
        model = Scripted(["Good morning."])
        room = await house.room(speakers={"bo": speaks(desk, model_caller(model))})
        assert await talk(room, "ana: Bo, good morning!", "ana: Bo, where can I park?") == [
            "Good morning.",
            "Behind the house.",
        ]


@in_no_time
async def test_what_is_said_while_the_agent_speaks_is_heard_all_the_same() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": speaks(Desk([TABLE]))})
        await talk(room, "ana: Bo, we want a table.")
        await asyncio.gather(
            room.post("ana", "Bo, on 2030-05-03"),
            room.post("cy", "for four", to=["bo"]),
            room.post("cy", "inside", to=["bo"]),
        )
        await room.lapse()
        [task] = room.floor.kept[0].what["dialogue"]["open"]
        assert sorted(task["voices"]) == ["day", "people", "place"]
        assert task["stage"] == "confirming"


@in_no_time
async def test_what_people_say_to_each_other_fills_nothing() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": speaks(Desk([TABLE]))})
        await talk(room, "ana: Bo, we want a table.", "ana: Cy, is 2030-05-03 right for you?")
        [task] = room.floor.kept[0].what["dialogue"]["open"]
        assert "voices" not in task


@in_no_time
async def test_each_audience_has_tasks_of_its_own_and_nothing_whispered_is_said_aloud() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": speaks(Desk([NOTE, TABLE]))})
        await talk(room, "ana: Bo, we want a table.", "cy>bo: Bo, make a note")
        canary = await plant(room, "cy", whisper=["bo"], text="Bo, {word}")
        await room.lapse()
        answers = await talk(room, "ana: Bo, on 2030-05-03", "cy: Bo, for four", "cy: Bo, what?")
        assert answers[0] == "Noted: day Friday, 3 May. For how many?"
        [whispered] = [k for k in room.floor.kept if k.audience]
        assert canary.word in str(whispered.what)
        await assert_no_leak(house.log, canaries=[canary])


@in_no_time
async def test_what_is_whispered_for_a_form_that_all_talk_over_goes_into_none() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": speaks(Desk([TABLE]))})
        answers = await talk(
            room, "ana: Bo, we want a table.", "ana>bo: Bo, on 2030-05-03", "ana: Bo, for four"
        )
        assert answers[1].startswith("The table is for all of you to talk over: say it to everyb")
        assert answers[2] == "Noted: people 4. Which day?"


@in_no_time
async def test_a_form_for_each_and_another_s_confirmation_call_upon_whom_they_need() -> None:
    dishes = replace(DISHES, opens=("dinner",))
    code = replace(CODE, opens=("the code",))
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": speaks(Desk([dishes, code]))})
        await talk(room, "ana: Bo, dinner!", "ana: Bo, fish")
        last = (await room.said())[-1]
        assert (last.text, last.body.addressees) == (  # type: ignore[union-attr]
            "Noted: dish fish (Ana). Cy and Dov: What will you eat?",
            ("cy", "dov"),
        )
        answers = await talk(room, "cy: soup", "dov: rice", "ana: Bo, the code", "cy: 77")
        assert answers[1:] == [
            "Noted: dish rice (Dov). Done: the dishes.",
            "Cy: The code?",
            "Noted: code 77 (Cy). The code: code 77. Dov, is that right?",
        ]


@in_no_time
async def test_a_task_that_is_stuck_is_handed_to_whoever_helps_with_what_is_known() -> None:
    async with a_house() as house:
        room = await house.room("ana dov bo", {"bo": speaks(Desk([TABLE], hand_to="dov"))})
        answers = await talk(room, "ana: Bo, a table for four", *["ana: Bo, hm"] * 3)
        assert answers[-1] == (
            "I did not understand that. I am stuck with the table. Until now: people 4. "
            "Dov, please help."
        )
        assert (await room.said())[-1].body.addressees == ("dov",)  # type: ignore[union-attr]


@in_no_time
async def test_a_yes_goes_to_the_task_that_waits_for_it_and_the_rest_to_the_speaker_s_own() -> None:
    party = replace(PARTY, opens=("a party",))
    async with a_house() as house:
        room = await house.room("ana cy dov bo", {"bo": speaks(Desk([party, NOTE]))})
        answers = await talk(
            room,
            "ana: Bo, a party on 2030-05-03 for four",
            "dov: Bo, a note",
            "cy: Bo, yes",
            "dov: Bo, yes",
            "ana: Bo, yes",
            "dov: Bo, milk",
        )
        assert answers[2:] == [
            "Thank you. Ana and Dov, do you agree as well?",
            "Thank you. Ana, do you agree as well?",
            "Done: the party. Back to the note: What shall I note?",
            "Noted: text milk. The note: text milk. Dov, is that right?",
        ]


@in_no_time
async def test_after_a_crash_the_form_goes_on_where_it_was() -> None:
    first = House()
    room = await first.room(speakers={"bo": speaks(Desk([PARTY, TABLE]))})
    await talk(room, "ana: Bo, a table on 2030-05-03")
    first.crash()
    second = House(first.memory)
    room = await second.room(speakers={"bo": speaks(Desk([PARTY, TABLE]))})
    assert await talk(room, "cy: Bo, for two") == ["Noted: people 2. Inside or outside?"]
    await second.scheduler.aclose()


@pytest.mark.parametrize("when", ["cut", "crashed", "failed"])
def test_what_was_begun_is_not_begun_again_and_the_doubt_is_told(when: str) -> None:
    @in_no_time
    async def proof() -> None:
        begun: list[str] = []

        async def use(turn: Turn, values: Mapping[str, Any]) -> str:
            begun.append(turn.id)
            if when == "failed":
                raise ValueError
            await asyncio.sleep(60)
            return "done"

        desk = Desk([replace(NOTE, confirm=None)], then={"note": use})
        house = House()
        room = await house.room(speakers={"bo": speaks(desk)})
        await talk(room, "ana: Bo, make a note")
        await room.post("ana", "Bo, milk")
        await asyncio.sleep(1)
        if when == "crashed":
            house.crash()
            house = House(house.memory)
            room = await house.room(speakers={"bo": speaks(desk)})
            await room.lapse()
        elif when == "cut":
            await room.interrupt("ana")
        answers = await talk(room, "ana: Bo, well?", "ana: Bo, well?")
        assert len(begun) == 1
        told = [line for line in await texts(house.log) if "I do not know whether" in line]
        assert len(told) == 1
        assert "dialogue" in room.floor.kept[0].what
        assert "open" not in room.floor.kept[0].what["dialogue"]
        assert answers
        assert len([1 for _, outcome, _ in await endings(house.log) if outcome == "failed"]) == (
            when == "failed"
        )
        await house.scheduler.aclose()

    proof()


@in_no_time
async def test_a_tool_is_called_once_and_a_later_turn_knows_what_became_of_it() -> None:
    called: list[str] = []

    @tool(effect="at_most_once")
    async def note(text: str) -> str:
        """Note something down."""
        called.append(text)
        await asyncio.sleep(5)
        return f"{text} is noted"

    desk = Desk([replace(NOTE, confirm=None)], then={"note": note})
    async with Composed(clock=VirtualClock()) as house:
        bo = agent("Bo", speaks(desk))
        room = await house.room("kitchen", human("Ana"), bo, policy="addressed")
        assert (await talk(room, "ana: Bo, make a note", "ana: Bo, milk"))[1] == (
            "Noted: text milk. milk is noted"
        )
        await talk(room, "ana: Bo, make a note")
        await room.post("ana", "Bo, eggs")
        await asyncio.sleep(1)
        await room.interrupt("ana")
        await asyncio.sleep(9)
        assert (await talk(room, "ana: Bo, well?"))[0] == "eggs is noted"
        assert called == ["milk", "eggs"]


@in_no_time
async def test_an_agent_without_tasks_is_silent_and_what_it_keeps_is_small() -> None:
    async with a_house() as house:
        room = await house.room(speakers={"bo": speaks(Desk([TABLE]))})
        await room.post("ana", "Bo, good morning!")
        await room.lapse()
        assert await texts(house.log) == ["ana: Bo, good morning!"]
        kept = [event.body for event in await log_of(house.log) if isinstance(event.body, Kept)]
        assert [body.what for body in kept] == [{"dialogue": {"as_of": 5}}]


@in_no_time
async def test_an_intent_router_sends_people_to_whoever_looks_after_what_they_want() -> None:
    wants = ByWords([Intent("food", words=("hungry",)), Intent("rest", words=("tired",))])
    router = IntentRouter(wants, {"food": "bo", "rest": "nobody"}, otherwise="eve")

    async def here(turn: Turn) -> str:
        return f"{turn.me.name} is here."

    async with a_house() as house:
        routed = policies.Routed(inner=policies.Addressed())
        room = await house.room("ana cy bo eve", {"bo": here, "eve": here})
        await room.change_policy(routed)
        await room.route("ana", router)
        for words in ["I am hungry.", "I am tired.", "Well, well."]:
            await room.post("ana", words)
            await room.lapse()
        said = [line for line in await texts(house.log) if not line.startswith("ana")]
        assert said == ["bo: Bo is here.", "eve: Eve is here."]


def test_a_desk_that_cannot_be_says_so() -> None:
    async def use(turn: Turn, values: Mapping[str, Any]) -> str:
        return ""

    with pytest.raises(Invalid, match="has two forms 'table'"):
        Desk([TABLE, TABLE])
    with pytest.raises(Invalid, match="there is no form 'tabel'"):
        Desk([TABLE], then={"tabel": use})
