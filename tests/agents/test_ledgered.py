"""A graph that was written elsewhere, its tools wrapped: what they do is done on their terms."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph, add_messages
from langgraph.prebuilt import InjectedState, ToolNode, tools_condition
from tests.agents.turns import ANA, said, turn_in

from tertulia.agents import IdempotencyKey, Scripted, in_ledger, tool
from tertulia.compose import House, agent, human
from tertulia.graphs import Checkpoints, GraphSpeaker
from tertulia.orchestrator import Log, Reply, Turn
from tertulia.orchestrator.effects import EffectState
from tertulia.orchestrator.errors import Misbehaved
from tertulia.simulation import Crash, Crashed, Machine, VirtualClock, run
from tertulia.storage import Memory, MemoryLedger, MemoryLog


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def calling(*calls: tuple[str, dict[str, Any]]) -> AIMessage:
    wanted = [{"name": n, "args": a, "id": f"call-{i}"} for i, (n, a) in enumerate(calls, 1)]
    return AIMessage("", tool_calls=wanted)


def desk(lines: list[Any], tools: list[Any]) -> Any:
    """A model and its tools, as LangGraph's own pages have it."""
    model = Scripted(lines)

    async def think(state: Talk) -> Any:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(Talk).add_node("model", think).add_node("tools", ToolNode(tools))
    graph.add_edge(START, "model").add_conditional_edges("model", tools_condition)
    return graph.add_edge("tools", "model").compile()


def acting(ledger: MemoryLedger | None = None) -> Turn:
    turn = turn_in(said(1, ANA, "Book it."))
    turn.deeds.ledger = ledger
    return turn


# ---- in a turn


def test_a_tool_node_s_calls_are_effects_of_the_turn() -> None:
    @tool(effect="safe_retry")
    async def book(city: str) -> str:
        """Book a room."""
        return f"booked {city}"

    ledger = MemoryLedger()

    async def main() -> tuple[Reply, Any]:
        graph = desk([calling(("book", {"city": "Lyon"})), "Done."], in_ledger([book]))
        reply = await GraphSpeaker(graph)(acting(ledger))
        await asyncio.sleep(1)
        return reply, await ledger.of_turn(acting().id)

    reply, (effect,) = run(main())
    assert reply.text == "Done."
    assert (effect.id, effect.tool, effect.result) == ("kitchen/7/call-1", "book", "booked Lyon")
    assert effect.state is EffectState.SUCCEEDED


def test_what_a_graph_hands_its_tools_is_theirs_and_not_in_the_ledger() -> None:
    seen: list[Any] = []

    @tool
    async def count(word: str, state: Annotated[dict[str, Any], InjectedState]) -> int:
        """Count a word."""
        seen.append(len(state["messages"]))
        return 3

    ledger = MemoryLedger()

    async def main() -> Any:
        graph = desk([calling(("count", {"word": "a"})), "Three."], in_ledger([count]))
        await GraphSpeaker(graph)(acting(ledger))
        await asyncio.sleep(1)
        return await ledger.of_turn(acting().id)

    (effect,) = run(main())
    assert seen == [3]
    assert effect.arguments == '{"word": "a"}'


def test_an_idempotent_tool_gets_its_key() -> None:
    keys: list[str] = []

    @tool(effect="idempotent")
    async def pay(amount: int, key: IdempotencyKey) -> str:
        """Pay."""
        keys.append(key)
        return "paid"

    graph = desk([calling(("pay", {"amount": 5})), "Paid."], in_ledger([pay]))
    run(GraphSpeaker(graph)(acting(MemoryLedger())))
    assert keys == ["kitchen/7/call-1"]


def test_what_a_tool_raises_is_told_to_the_model() -> None:
    @tool
    async def book(city: str) -> str:
        """Book a room."""
        raise OSError("no power")

    got: list[AnyMessage] = []

    def finish(turn: Turn, state: Any) -> Reply:
        got.extend(state["messages"])
        return Reply()

    async def main() -> None:
        graph = desk([calling(("book", {"city": "Lyon"})), "Sorry."], in_ledger([book]))
        await GraphSpeaker(graph, finish=finish)(acting())

    run(main())
    (told,) = [one for one in got if isinstance(one, ToolMessage)]
    assert (told.status, told.content) == ("error", "error: OSError: no power")


def test_outside_of_turns_the_tools_are_what_they_were() -> None:
    @tool
    async def book(city: str) -> str:
        """Book a room."""
        return f"booked {city}"

    (wrapped,) = in_ledger([book])
    assert (wrapped.name, wrapped.description) == (book.name, book.description)
    assert wrapped.args == book.args
    assert run(wrapped.ainvoke({"city": "Lyon"})) == "booked Lyon"
    call = {"type": "tool_call", "id": "1", "name": "book", "args": {"city": "Nice"}}
    assert run(wrapped.ainvoke(call)) == run(book.ainvoke(call))


def test_a_call_that_does_not_wait_is_refused_in_a_turn() -> None:
    (book,) = in_ledger([tool(_noted)])

    def call(state: Talk) -> Any:
        return {"messages": [AIMessage(str(book.invoke({"city": "Lyon"})))]}

    graph = StateGraph(Talk).add_node(call).add_edge(START, "call").compile()
    with pytest.raises(Misbehaved, match="run it with ainvoke"):
        run(GraphSpeaker(graph)(acting()))


def _noted(city: str) -> str:
    """Book a room."""
    return city


# ---- crashes

BURIED = pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning"
)
"""LangGraph's runs begin to clean up when they are dropped, as no process that is killed does."""


@dataclass
class World:
    """What became of tools' calls, whatever becomes of the process that made them."""

    booked: list[str] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    saver: InMemorySaver = field(default_factory=InMemorySaver)

    async def book(self, city: str) -> str:
        """Book a room."""
        self.booked.append(city)
        await asyncio.sleep(1)
        return f"booked {city}"

    def tools(self, effect: str, *, wrapped: bool) -> list[BaseTool]:
        made = tool(effect=effect)(self.book)
        return in_ledger([made]) if wrapped else [made]

    async def live(self, log: Log, graph: Any) -> str:
        clock = VirtualClock()
        async with House(log, clock=clock) as house, Checkpoints.over(self.saver) as kept:
            bo = agent("Bo", GraphSpeaker(graph, kept))
            room = await house.room("kitchen", human("Ana"), bo)
            await room.post("ana", "Bo, book Lyon and Nice.", key="once")
            await room.lapse()
            return (await room.said())[-1].text


def by_hand(tools: list[BaseTool]) -> Any:
    """Calls its tools in a node of its own, the same one twice, without naming the calls."""
    (book,) = tools

    async def both(state: Talk) -> Any:
        cities = ("Lyon", "Nice", "Nice")
        done = [await book.ainvoke({"city": city}) for city in cities]
        return {"messages": [AIMessage(", ".join(map(str, done)))]}

    return StateGraph(Talk).add_node(both).add_edge(START, "both").compile()


def by_model(tools: list[BaseTool]) -> Any:
    cities = [("book", {"city": "Lyon"}), ("book", {"city": "Nice"})]
    return desk([calling(*cities), "Both.", calling(*cities), "Both.", "Both."], tools)


def twice(make: Callable[[list[BaseTool]], Any], effect: str, *, wrapped: bool) -> list[int]:
    """How often the most frequent call was made, for a crash at each step of the turn."""
    counts: list[int] = []
    for step in range(40, 100_000, 3):
        world = World()
        machine = Machine(lambda world=world: MemoryLog(world.memory))  # type: ignore[misc]
        graph = make(world.tools(effect, wrapped=wrapped))

        async def main(log: Log, world: World = world, graph: Any = graph) -> str:
            return await world.live(log, graph)

        with suppress(Crashed):
            machine.run(main, Crash(step))
            break
        said = machine.run(main)
        assert said, step
        cities = world.booked
        counts.append(max([cities.count(city) for city in set(cities)], default=0))
    gc.collect()  # what LangGraph leaves of a run that was dropped complains here, not later
    return counts


@BURIED
@pytest.mark.parametrize("make", [by_model, by_hand])
def test_wherever_it_crashes_what_may_be_done_once_is_done_once(make: Any) -> None:
    once = {by_model: 1, by_hand: 2}[make]
    counts = twice(make, "at_most_once", wrapped=True)
    assert len(counts) > 20
    assert max(counts) == once
    again = twice(make, "safe_retry", wrapped=True)
    assert max(again) == once + 1


@BURIED
@pytest.mark.parametrize("make", [by_model, by_hand])
def test_without_the_ledger_it_is_done_twice(make: Any) -> None:
    assert max(twice(make, "at_most_once", wrapped=False)) > {by_model: 1, by_hand: 2}[make]
