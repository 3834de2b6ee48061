"""Tools that act on the room: as the agent, with its rights, once, to those who may know."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from langchain_tests.unit_tests import ToolsUnitTests
from tests.agents.turns import turn_in

from tertulia import House, Turn, agent, human
from tertulia.agents import Bounds, Scripted, carry_out, room_tools
from tertulia.compose import Member
from tertulia.graphs import speaker_of, tool_user
from tertulia.orchestrator import Room, Said
from tertulia.orchestrator.effects import EffectState
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Joined, Noted, SubRoomClosed, SubRoomOpened
from tertulia.testing import assert_no_leak, plant

Act = Callable[[Turn], Awaitable[str]]


def box(**how: Any) -> dict[str, BaseTool]:
    return {one.name: one for one in room_tools(**how)}


def doing(tool: BaseTool, arguments: dict[str, Any], seen: list[str] | None = None) -> Act:
    """An agent that calls a tool in its turn, and says what came of it."""

    async def act(turn: Turn) -> str:
        carried = await carry_out(turn, tool, arguments, call="c1")
        if seen is not None:
            seen.append(carried.text)
        return carried.text

    return act


async def silent(turn: Turn) -> str:
    return ""


async def room_of(house: House, bo: Act, *more: Member, **rights: Any) -> Room:
    members = [human("Ana"), human("Cem"), agent("Bo", bo, **rights), agent("Cy", silent), *more]
    return await house.room("kitchen", *members)


async def bodies(room: Room, kind: type) -> list[Any]:
    return [e for e in await room._log.read(room.id, 0, 1000) if isinstance(e.body, kind)]


async def test_an_agent_whispers_to_some_of_the_room() -> None:
    async with House() as house:
        whisper = box()["whisper"]
        room = await room_of(house, doing(whisper, {"to": ["Ana"], "text": "The cake is for Cem."}))
        await room.post("ana", "Bo, plan the party.")
        await room.lapse()
        assert [e.text for e in await room.said("ana")] == [
            "Bo, plan the party.",
            "The cake is for Cem.",
            "whispered to ana (event 8)",
        ]
        assert "The cake is for Cem." not in [e.text for e in await room.said("cem")]
        await assert_no_leak(house)


async def test_in_a_whispered_turn_nobody_else_is_told() -> None:
    seen: list[str] = []
    tools = box()
    acts = iter(
        [
            doing(tools["whisper"], {"to": ["cem"], "text": "I know something."}, seen),
            doing(tools["hand_over"], {"to": "cem"}, seen),
            doing(
                tools["start_sub_room"],
                {"name": "aside", "members": ["cem"], "task": "Listen to this."},
                seen,
            ),
            doing(tools["take_note"], {"about": "ana", "text": "likes surprises"}, seen),
            doing(tools["whisper"], {"to": ["ana"], "text": "Between us."}, seen),
        ]
    )

    async def bo(turn: Turn) -> str:
        return await next(acts)(turn)

    async with House() as house:
        room = await room_of(house, bo)
        canaries = []
        for _ in range(5):
            canaries.append(await plant(room, "ana", whisper=["bo"], text="Bo, {word}."))
            await room.lapse()
        refusal = "what it knows in this turn is for ana, bo alone"
        assert [refusal in text for text in seen] == [True, True, True, False, False]
        assert [e.audience for e in await bodies(room, Noted)] == [("ana", "bo")]
        assert await bodies(room, SubRoomOpened) == []
        await assert_no_leak(house, canaries=canaries)


async def test_an_agent_brings_in_a_guest_and_nobody_else() -> None:
    seen: list[str] = []
    guests = [human("Dov"), agent("Eve", silent)]

    async def bo(turn: Turn) -> str:
        for name in ("Dov", "eve", "dov", "Zoe"):
            tool = box(guests=guests)["invite"]
            seen.append((await carry_out(turn, tool, {"who": name}, call=name)).text)
        return "Done."

    async with House() as house:
        room = await room_of(house, bo)
        await room.post("ana", "Bo, get the others.")
        await room.lapse()
        assert seen == [
            "Dov is in the room",
            "Eve is in the room",
            "Dov is in the room",
            "error: Unknown: there is no guest 'Zoe'; there are dov, eve",
        ]
        came = [e for e in await bodies(room, Joined) if e.body.invited_by is not None]
        assert [(e.by, e.body.invited_by) for e in came] == [("dov", "bo"), ("eve", "bo")]


async def test_an_agent_without_the_right_is_refused_as_a_person_would_be() -> None:
    seen: list[str] = []
    invite = box(guests=[human("Dov")])["invite"]
    async with House() as house:
        room = await room_of(house, doing(invite, {"who": "Dov"}, seen), permissions=["note"])
        await room.post("ana", "Bo, get Dov.")
        await room.lapse()
        assert "dov" not in room.floor.members
        effects = await room.effects()
    assert seen == ["error: NotAllowed: 'bo' may not bring somebody in: ana, cem, cy may"]
    assert [(e.tool, e.state) for e in effects] == [("invite", EffectState.FAILED)]


async def test_the_floor_is_handed_on_by_the_reply_also_when_the_turn_runs_again() -> None:
    call = {"name": "hand_over", "args": {"to": "Cy"}, "id": "c1"}
    model = Scripted([AIMessage("", tool_calls=[call]), "Cy knows better."])
    heard: list[str] = []

    async def cy(turn: Turn) -> str:
        heard.append(turn.answers.text if turn.answers else "")
        return "Yes, I do."

    async with House() as house:
        bo = agent("Bo", speaker_of(tool_user(model, room_tools("hand_over"))))
        room = await house.room("kitchen", human("Ana"), bo, agent("Cy", cy))
        await room.post("ana", "Bo, which oven?")
        await room.lapse()
        said = [(e.by, e.text) for e in await room.said()]
    assert said == [
        ("ana", "Bo, which oven?"),
        ("bo", "Cy knows better."),
        ("cy", "Yes, I do."),
    ]
    assert heard == ["Cy knows better."]


async def test_whoever_asks_for_the_floor_goes_on_when_nobody_else_speaks() -> None:
    call = {"name": "ask_for_the_floor", "args": {}, "id": "c1"}
    model = Scripted([AIMessage("", tool_calls=[call]), "First.", "Second."])
    async with House() as house:
        bo = agent("Bo", speaker_of(tool_user(model, room_tools("ask_for_the_floor"))))
        room = await house.room("kitchen", human("Ana"), bo)
        await room.post("ana", "Bo, tell me everything.")
        await room.lapse()
        assert [e.text for e in await room.said()][1:] == ["First.", "Second."]


async def test_a_sub_room_is_opened_with_a_task_worked_in_and_closed_with_a_summary() -> None:
    tools = box()

    async def bo(turn: Turn) -> str:
        if ":" not in turn.room:
            asked = {"name": "oven", "members": ["Cy"], "task": "Cy, which oven do we take?"}
            return (await carry_out(turn, tools["start_sub_room"], asked, call="open")).text
        asked = {"summary": "We take the left one."}
        return (await carry_out(turn, tools["close_sub_room"], asked, call="close")).text

    async def cy(turn: Turn) -> str:
        return "Bo, the left one." if ":" in turn.room else ""

    async with House() as house:
        members = [human("Ana"), agent("Bo", bo), agent("Cy", cy)]
        room = await house.room("kitchen", *members)
        await room.post("ana", "Bo, find out about the oven.")
        await room.lapse()
        small = await house.scheduler.live("kitchen:oven")
        if small is not None:
            await small.lapse()
        await room.lapse()
        below = await room._log.read("kitchen:oven", 0, 100)  # type: ignore[arg-type]
        assert [e.text for e in below if isinstance(e.body, Said)][:2] == [
            "Cy, which oven do we take?",
            "Bo, the left one.",
        ]
        assert [e.text for e in await room.said("cy")][2:3] == ["We take the left one."]
        assert "We take the left one." not in [e.text for e in await room.said("ana")]
        assert len(await bodies(room, SubRoomClosed)) == 1
        assert room.breakouts() == ()
        await assert_no_leak(house)


async def test_an_agent_opens_no_more_rooms_than_it_may() -> None:
    tools = box(bounds=Bounds(sub_rooms=2, depth=1, members=1))
    seen: list[str] = []

    async def bo(turn: Turn) -> str:
        for name, members in (("a", ["cy"]), ("b", ["cy"]), ("a", ["cy"]), ("c", ["cy"])):
            asked = {"name": name, "members": members, "task": "Think."}
            tool = tools["start_sub_room"]
            seen.append((await carry_out(turn, tool, asked, call=f"c{len(seen)}")).text)
        return ""

    async with House() as house:
        room = await room_of(house, bo)
        await room.post("ana", "Bo, go.")
        await room.lapse()
        assert [sub.room for sub in room.breakouts()] == ["kitchen:a", "kitchen:b"]
    assert seen[2] == "room kitchen:a is open for cy and you"
    assert "not more than 2 at a time; close one first" in seen[3]


async def test_below_a_sub_room_there_is_none_and_too_many_are_refused() -> None:
    tools = box(bounds=Bounds(members=1))
    seen: list[str] = []

    async def bo(turn: Turn) -> str:
        members = ["cy"] if ":" in turn.room else ["cy", "ana"]
        asked = {"name": "x", "members": members, "task": "Think."}
        seen.append((await carry_out(turn, tools["start_sub_room"], asked, call="c")).text)
        return ""

    async with House() as house:
        room = await room_of(house, bo)
        await room.post("ana", "Bo, go.")
        await room.lapse()
        small = await room.breakout("ana", "small", ["bo", "cy"])
        await small.post("ana", "Bo, go deeper.")
        await small.lapse()
    assert "not one of more than 1 members" in seen[0]
    assert "not one beside a room that lies beside another" in seen[1]


async def test_what_was_done_before_a_crash_is_not_done_again() -> None:
    tools = box(guests=[human("Dov")])

    async def bo(turn: Turn) -> str:
        own = {"turn": turn, "key": "kitchen/6/c1"}
        for _ in range(2):  # the first attempt, and the one after the process ended in mid-call
            for name, asked in (
                ("whisper", {"to": ["ana"], "text": "Psst."}),
                ("invite", {"who": "dov"}),
                ("take_note", {"about": "ana", "text": "is patient"}),
                ("start_sub_room", {"name": "a", "members": ["cy"], "task": "Think."}),
            ):
                await tools[name].ainvoke({**asked, **own})
        return ""

    async with House() as house:
        room = await room_of(house, bo)
        await room.post("ana", "Bo, go.")
        await room.lapse()
        small = await house.scheduler.live("kitchen:a")
        assert small is not None
        assert [e.text for e in await small.said()] == ["Think."]
        assert [e.text for e in await room.said()] == ["Bo, go.", "Psst."]
        assert len(await bodies(room, Noted)) == 1
        assert [e.by for e in await bodies(room, Joined)].count("dov") == 1


async def test_names_that_mean_nobody_are_told() -> None:
    with pytest.raises(Unknown, match="'wisper' of a room; there are whisper, invite"):
        room_tools("wisper")
    assert "invite" not in box()
    carried = await carry_out(turn_in(), box()["ask_for_the_floor"], {}, call="c")
    assert carried.value["more"] is True
    carried = await carry_out(turn_in(), box()["take_note"], {"about": "a", "text": "b"}, call="d")
    assert carried.text == "error: Invalid: room tools: there is no room around this turn"


class TestTakeNote(ToolsUnitTests):
    """They need a turn to be called; so the suite that calls tools without one is not theirs."""

    @property
    def tool_constructor(self) -> BaseTool:
        return box()["take_note"]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"about": "Ana", "text": "is patient", "turn": turn_in(), "key": "k"}
