"""Graphs in rooms: from a person's question to an answer in the log, also across a crash."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from tests.agents.turns import ANA

from tertulia.agents import Card, InTurn, Scripted, TurnState
from tertulia.graphs import END, START, Checkpoints, GraphSpeaker, TurnGraph, tool_user
from tertulia.orchestrator import Kind, Participant, Room, RoomSettings, Said, Scheduler, WallClock
from tertulia.orchestrator.room import InputPolicy, TurnId
from tertulia.storage import MemoryLog
from tertulia.storage.memory import Memory

PEOPLE = [Participant(ANA, "Ana", Kind.HUMAN), Card("Bo").participant]


async def talk(log: MemoryLog, room: Room) -> list[tuple[str, str]]:
    events = await log.read(room.id, 0, 100)
    return [(event.by, event.body.text) for event in events if isinstance(event.body, Said)]


async def weather(city: str) -> str:
    """Look at the sky."""
    return f"sun in {city}"


async def test_a_person_is_answered_and_the_turn_leaves_no_checkpoint() -> None:
    log = MemoryLog()
    scheduler = Scheduler(log, WallClock())
    async with Checkpoints.in_memory() as kept:
        bo = GraphSpeaker(tool_user(Scripted(["Take a hat."]), [weather]), kept)
        room = await scheduler.open("kitchen", participants=PEOPLE, speakers={"bo": bo})
        await room.post("ana", "Bo, hat or umbrella?")
        await room.lapse()
        assert await talk(log, room) == [("ana", "Bo, hat or umbrella?"), ("bo", "Take a hat.")]
        await scheduler.aclose()
        assert await kept.unfinished() == set()


async def test_the_rooms_next_owner_goes_on_in_the_middle_of_the_graph() -> None:
    memory, ran, stuck = Memory(), list[str](), asyncio.Event()

    def half(*, hangs: bool) -> TurnGraph:
        async def look(state: TurnState) -> TurnState:
            ran.append("look")
            return {"draft": "I looked"}

        async def tell(state: TurnState) -> TurnState:
            if hangs:
                stuck.set()
                await asyncio.Event().wait()
            return {"draft": state["draft"] + ": sun."}

        graph = TurnGraph("half").add_sequence([("look", look), ("tell", tell)])
        return graph.add_edge(START, "look").add_edge("tell", END)

    async with Checkpoints.in_memory() as kept:
        first = Scheduler(MemoryLog(memory), WallClock())
        bo = GraphSpeaker(half(hangs=True), kept)
        room = await first.open("kitchen", participants=PEOPLE, speakers={"bo": bo})
        await room.post("ana", "Bo, what is the weather?")
        await stuck.wait()
        (hold,) = room.floor.holds
        await first.aclose(grace_s=0)
        assert await kept.prune(MemoryLog(memory).unfinished) == set()
        assert await kept.unfinished() == {TurnId(hold.turn)}

        log = MemoryLog(memory)
        second = Scheduler(log, WallClock())
        bo = GraphSpeaker(half(hangs=False), kept)
        room = await second.open("kitchen", speakers={"bo": bo})
        await room.lapse()
        assert (await talk(log, room))[-1] == ("bo", "I looked: sun.")
        await second.aclose()
        assert await kept.unfinished() == set()
    assert ran == ["look"]


async def test_an_interrupted_turn_is_not_resumed_and_keeps_what_was_heard() -> None:
    log, heard = MemoryLog(), asyncio.Event()
    scheduler = Scheduler(log, WallClock())

    async def drone(state: TurnState, runtime: InTurn) -> TurnState:
        runtime.context.say("Let me first")
        heard.set()
        await asyncio.Event().wait()
        return {}

    graph = TurnGraph("drone").add_node("drone", drone)
    graph.add_edge(START, "drone").add_edge("drone", END)
    async with Checkpoints.in_memory() as kept:
        bo = GraphSpeaker(graph, kept)
        room = await scheduler.open("kitchen", participants=PEOPLE, speakers={"bo": bo})
        await room.post("ana", "Bo, speak.")
        await heard.wait()
        await room.interrupt("ana")
        assert (await talk(log, room))[-1] == ("bo", "Let me first")
        await scheduler.aclose()
        assert await kept.unfinished() == set()


class Overheard:
    """A scripted model, and all that it was sent."""

    def __init__(self, *script: AIMessage | str) -> None:
        self.sent: list[list[BaseMessage]] = []
        self._inner = Scripted(list(script))

    def bind_tools(self, tools: list[Any]) -> "Overheard":
        return self

    def astream(self, messages: list[BaseMessage], /) -> AsyncIterator[Any]:
        self.sent.append(messages)
        return self._inner.astream(messages)


async def test_a_turn_cut_off_in_the_middle_of_a_tool_leaves_no_call_without_its_result() -> None:
    looking = asyncio.Event()

    async def look(city: str) -> str:
        """Look at the sky."""
        looking.set()
        await asyncio.Event().wait()
        return "sun"

    asks = AIMessage(
        "Let me look. ", tool_calls=[{"name": "look", "args": {"city": "Porto"}, "id": "1"}]
    )
    model = Overheard(asks, "Take a hat.")
    log = MemoryLog()
    scheduler = Scheduler(log, WallClock())
    async with Checkpoints.in_memory() as kept:
        bo = GraphSpeaker(tool_user(model, [look]), kept)
        settings = RoomSettings(input=InputPolicy.INTERRUPT)
        room = await scheduler.open("kitchen", settings, participants=PEOPLE, speakers={"bo": bo})
        await room.post("ana", "Bo, hat or umbrella?")
        await looking.wait()
        await room.post("ana", "Bo, be quick.")
        await room.lapse()
        assert await talk(log, room) == [
            ("ana", "Bo, hat or umbrella?"),
            ("bo", "Let me look."),
            ("ana", "Bo, be quick."),
            ("bo", "Take a hat."),
        ]
        again = model.sent[1]
        assert not any(getattr(message, "tool_calls", None) for message in again)
        assert not any(isinstance(message, ToolMessage) for message in again)
        assert any("[cut off by Ana]" in str(message.content) for message in again)
        await scheduler.aclose()
        assert await kept.unfinished() == set()


async def test_a_tool_user_is_told_between_two_calls_what_people_said_meanwhile() -> None:
    async def look(city: str) -> str:
        """Look at the sky."""
        await room.post("ana", "For two days.")
        return "sun"

    asks = AIMessage("", tool_calls=[{"name": "look", "args": {"city": "Porto"}, "id": "1"}])
    model = Overheard(asks, "Then take two hats.")
    scheduler = Scheduler(MemoryLog(), WallClock())
    settings = RoomSettings(input=InputPolicy.INFORM)
    bo = GraphSpeaker(tool_user(model, [look]))
    room = await scheduler.open("kitchen", settings, participants=PEOPLE, speakers={"bo": bo})
    await room.post("ana", "Bo, hat or umbrella?")
    await room.lapse()
    assert any(message.content == "For two days." for message in model.sent[1])
    assert room.floor.grants == 1
    await scheduler.aclose()
