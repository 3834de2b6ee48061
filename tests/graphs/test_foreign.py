"""A graph that was compiled elsewhere gives in a turn what it gives alone."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph, add_messages
from langgraph.runtime import Runtime
from langgraph.types import interrupt
from tests.agents.turns import ANA, MEMBERS, said, turn_in
from tests.graphs.foreign import BEGIN, QUESTIONS, Trip, alone, answer_to, trip

from tertulia.agents import Scripted
from tertulia.graphs import Checkpoints, GraphSpeaker, Manners
from tertulia.orchestrator import Event, Reply, Turn, WallClock
from tertulia.orchestrator.approvals import Asking, Ruling, Verdict
from tertulia.orchestrator.errors import Invalid, Misbehaved
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.room import ParticipantId, TurnId


@dataclass
class Room:
    """What a room keeps of questions and approvals, whatever becomes of a process."""

    answer: Callable[[str], str | None] = answer_to
    verdict: Callable[[Asking], Verdict] = lambda asking: Verdict(Ruling.APPROVED, asking.arguments)
    asked: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[int, Event | None] = field(default_factory=dict)
    approvals: dict[str, Asking] = field(default_factory=dict)

    def turn(self, attempt: int = 1) -> "Asked":
        hold = Hold(TurnId("kitchen/7"), ParticipantId("bo"), 99, 0.0, 1e12, None, None, attempt)
        turn = Asked(hold, MEMBERS, (said(1, ANA, "Go."),), WallClock(), lambda delta: None)
        turn.around = self
        return turn


class Asked(Turn):
    """A turn in it."""

    around: Room

    async def ask(  # type: ignore[override,unused-ignore]
        self, who: str, text: str, *, within_s: float = 300.0, number: int | None = None
    ) -> Event | None:
        assert number is not None
        await asyncio.sleep(0)
        if number not in self.around.answers:
            self.around.asked.append((who, text))
            words = self.around.answer(text)
            place = len(self.around.answers) + 10
            self.around.answers[number] = None if words is None else said(place, who, words)
        return self.around.answers[number]

    async def approval(self, asking: Asking) -> Verdict:
        await asyncio.sleep(0)
        self.around.approvals.setdefault(asking.id, asking)
        assert self.around.approvals[asking.id] == asking
        return self.around.verdict(asking)


class Dying(InMemorySaver):
    """A saver whose process ends at a certain write."""

    def __init__(self, at_write: int) -> None:
        super().__init__()
        self.left = at_write

    def _live(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise ConnectionResetError("the process ended")

    async def aput(self, *args: Any) -> Any:
        self._live()
        return await super().aput(*args)

    async def aput_writes(self, config: Any, writes: Sequence[Any], *args: Any) -> None:
        self._live()
        await super().aput_writes(config, writes, *args)


def begin(turn: Turn) -> Any:
    return dict(BEGIN)


def as_json(turn: Turn, state: Any) -> Reply:
    return Reply(json.dumps(state, default=str))


def tripping(kept: Checkpoints | None = None, **more: Any) -> GraphSpeaker:
    return GraphSpeaker(trip(), kept, begin=begin, finish=as_json, **more)


# ---- the same as alone


async def test_interrupts_subgraphs_and_sends_come_to_what_they_come_to_alone() -> None:
    room = Room()
    reply = await tripping()(room.turn())
    assert json.loads(reply.text) == await alone(trip)
    assert len(room.asked) == QUESTIONS
    assert {who for who, _ in room.asked} == {"ana"}
    assert [text for _, text in room.asked][:2] == ["How many of 3?", "Which colour?"]


async def test_wherever_a_process_ends_it_comes_to_the_same_and_asks_nothing_twice() -> None:
    wanted, at_write = await alone(trip), 0
    while True:
        at_write += 1
        saver, room = Dying(at_write), Room()
        async with Checkpoints.over(saver) as kept:
            try:
                await tripping(kept)(room.turn())
            except ConnectionResetError:
                pass
            else:
                break
            saver.left = 10_000
            reply = await tripping(kept)(room.turn(attempt=2))
            await tripping(kept).ended(TurnId("kitchen/7"))
            assert await kept.unfinished() == set()
        assert json.loads(reply.text) == wanted, at_write
        assert len(room.asked) == QUESTIONS, at_write
    assert at_write > 40


async def test_a_run_that_waits_in_vain_ends_the_turn_and_says_so() -> None:
    room = Room(answer=lambda text: None if "colour" in text else answer_to(text))
    reply = await tripping(manners=Manners(within_s=5))(room.turn())
    assert reply == Reply("", problem="ana did not answer within 5 s")


async def test_who_is_asked_and_what_is_understood_can_be_said() -> None:
    class State(TypedDict, total=False):
        sure: bool

    async def check(state: State) -> State:
        return {"sure": interrupt({"to": "cy", "ok?": 1})}

    graph = StateGraph(State).add_node(check).add_edge(START, "check").compile()
    manners = Manners(
        asks=lambda turn, value: (value["to"], "Is it fine?"),
        hears=lambda value, answer: answer.text == "Yes.",
    )
    room = Room(answer=lambda text: "Yes.")
    speaker = GraphSpeaker(
        graph, begin=lambda turn: {"sure": False}, finish=as_json, manners=manners
    )
    assert (await speaker(room.turn())).text == '{"sure": true}'
    assert room.asked == [("cy", "Is it fine?")]


async def test_without_anywhere_to_keep_it_a_graph_that_asks_fails() -> None:
    speaker = GraphSpeaker(trip(checkpointer=False), begin=begin, finish=as_json)
    with pytest.raises((Misbehaved, RuntimeError)):
        await speaker(Room().turn())


# ---- breakpoints


@pytest.mark.parametrize(
    "stops",
    [{"interrupt_before": ["ask"]}, {"interrupt_after": ["look"]}, {"interrupt_before": "*"}],
)
async def test_what_a_graph_stops_before_has_to_be_approved(stops: Any) -> None:
    def stopping(**more: Any) -> Any:
        return trip(**stops, **more)

    wanted, at_write = await alone(trip), 0
    undisturbed = Room()
    await GraphSpeaker(stopping(), begin=begin, finish=as_json)(undisturbed.turn())
    approved = [asking.tool for asking in undisturbed.approvals.values()]
    assert "ask" in approved
    assert approved == ["ask"] or stops == {"interrupt_before": "*"}
    while True:
        at_write += 3
        saver, room = Dying(at_write), Room()
        async with Checkpoints.over(saver) as kept:
            speaker = GraphSpeaker(stopping(), kept, begin=begin, finish=as_json)
            try:
                reply = await speaker(room.turn())
            except ConnectionResetError:
                saver.left = 10_000
                reply = await speaker(room.turn(attempt=2))
            else:
                break
        assert json.loads(reply.text) == wanted
        assert [asking.tool for asking in room.approvals.values()] == approved, at_write
        assert len(room.asked) == QUESTIONS


async def test_what_is_not_approved_is_not_done() -> None:
    room = Room(verdict=lambda asking: Verdict(Ruling.REFUSED, "{}", (ANA,), "too early"))
    speaker = GraphSpeaker(trip(interrupt_before=["ask"]), begin=begin, finish=as_json)
    reply = await speaker(room.turn())
    assert reply.problem == "stopped before ask: refused by ana: too early"
    assert room.asked == []


async def test_a_breakpoint_in_a_graph_within_is_one_too() -> None:
    async def step(state: Trip) -> Trip:
        return {"told": ["inside"]}

    inner = StateGraph(Trip).add_sequence([("one", step), ("two", step)]).add_edge(START, "one")
    outer = StateGraph(Trip).add_node("in", inner.compile(interrupt_before=["two"]))
    graph = outer.add_edge(START, "in").compile()
    room = Room()
    reply = await GraphSpeaker(graph, begin=begin, finish=as_json)(room.turn())
    assert json.loads(reply.text)["told"] == ["inside", "inside"]
    assert [asking.tool for asking in room.approvals.values()] == ["two"]


# ---- people in the loop, as LangChain words it


async def test_action_requests_are_approved_edited_and_refused_one_by_one() -> None:
    class State(TypedDict, total=False):
        decided: Any

    async def tools(state: State) -> State:
        wanted = [
            {"name": "pay", "args": {"sum": 5}, "description": "Pay the bill"},
            {"name": "book", "args": {"room": 1}},
            {"name": "shout", "args": {}},
        ]
        allowed = [{"action_name": one["name"], "allowed_decisions": []} for one in wanted]
        return {"decided": interrupt({"action_requests": wanted, "review_configs": allowed})}

    def verdict(asking: Asking) -> Verdict:
        if asking.tool == "book":
            return Verdict(Ruling.APPROVED, '{"room": 2}', (ANA,))
        return Verdict(
            Ruling.EXPIRED if asking.tool == "shout" else Ruling.APPROVED, asking.arguments
        )

    graph = StateGraph(State).add_node(tools).add_edge(START, "tools").compile()
    room = Room(verdict=verdict)
    speaker = GraphSpeaker(graph, begin=lambda turn: {"decided": None}, finish=as_json)
    assert json.loads((await speaker(room.turn())).text)["decided"] == {
        "decisions": [
            {"type": "approve"},
            {"type": "edit", "edited_action": {"name": "book", "args": {"room": 2}}},
            {"type": "reject", "message": "nobody approved it in time"},
        ]
    }
    assert next(iter(room.approvals.values())).why == "Pay the bill"


# ---- what is heard


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def talking(**compiled: Any) -> Any:
    """Thinks, then speaks; each with a model of its own."""
    thinker, talker = Scripted(["I think a lot."]), Scripted(["It is noon."])

    async def think(state: Talk) -> Any:
        return {"messages": [await thinker.ainvoke(state["messages"])]}

    async def speak(state: Talk) -> Any:
        return {"messages": [await talker.ainvoke(state["messages"])]}

    graph = StateGraph(Talk).add_sequence([("think", think), ("speak", speak)])
    return graph.add_edge(START, "think").add_edge("speak", END).compile(**compiled)


@pytest.mark.parametrize(
    ("aloud", "heard", "whole"),
    [
        (None, "It is noon.", "It is noon."),
        ((), "", "It is noon."),
        (("think",), "I think a lot.", "I think a lot.\n\nIt is noon."),
        (True, "I think a lot.\n\nIt is noon.", "I think a lot.\n\nIt is noon."),
    ],
)
async def test_the_last_models_are_heard_while_they_write_unless_others_are_named(
    aloud: Any, heard: str, whole: str
) -> None:
    pieces: list[str] = []
    turn = turn_in(said(1, ANA, "What time is it?"))
    turn._deliver = pieces.append
    reply = await GraphSpeaker(talking(), manners=Manners(aloud=aloud))(turn)
    assert "".join(pieces) == heard
    assert len(pieces) > 1 or not heard
    assert reply.text == whole


async def test_a_message_that_no_model_wrote_is_said_at_the_end() -> None:
    async def speak(state: Talk) -> Any:
        return {"messages": [HumanMessage("psst"), AIMessage("Good day.")]}

    graph = StateGraph(Talk).add_node(speak).add_edge(START, "speak").add_edge("speak", END)
    turn = turn_in(said(1, ANA, "Hello"))
    assert (await GraphSpeaker(graph.compile())(turn)).text == "Good day."


# ---- other contexts


@dataclass
class Customer:
    number: int


def knowing() -> Any:
    async def tell(state: Trip, runtime: Runtime[Customer]) -> Trip:
        return {"verdict": f"customer {runtime.context.number}"}

    return (
        StateGraph(Trip, context_schema=Customer).add_node(tell).add_edge(START, "tell").compile()
    )


async def test_a_graph_gets_the_context_that_its_nodes_were_written_for() -> None:
    manners = Manners(context=lambda turn: Customer(len(turn.view)))
    speaker = GraphSpeaker(knowing(), begin=begin, finish=as_json, manners=manners)
    reply = await speaker(turn_in(said(1, ANA, "Hello")))
    assert json.loads(reply.text)["verdict"] == "customer 1"


def test_a_graph_whose_context_nobody_makes_is_refused() -> None:
    with pytest.raises(Invalid, match=r"want a context of Customer; say how .*Manners\(context="):
        GraphSpeaker(knowing())
