"""A graph as a person's router: LangGraph's or ours, asked in rooms, leaving nothing behind."""

from typing import TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from tests.orchestrator.rooms import a_house, in_no_time, log_of, replays, says

from tertulia.agents import InTurn, TurnState
from tertulia.graphs import END, START, BadGraph, TurnGraph, router_of
from tertulia.orchestrator import Router
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Advised, TurnGranted

ROUTED = {"name": "routed", "inner": {"name": "addressed"}}


async def advice(router: Router, text: str = "What now?") -> tuple[list[str | None], list[str]]:
    """What the router of Ana said, and who was granted the floor."""
    async with a_house() as house:
        speakers = {"bo": says("B."), "eve": says("E.")}
        room = await house.room("ana bo eve", speakers, policy=ROUTED)
        await room.route("ana", router)
        await room.post("ana", text)
        await room.lapse()
        assert await replays(house.log)
        events = await log_of(house.log)
        answers = [e.body for e in events if isinstance(e.body, Advised)]
        granted = [str(e.by) for e in events if isinstance(e.body, TurnGranted)]
        return [body.problem or body.choice for body in answers], granted


def a_graph(state: TurnState) -> TurnGraph:
    async def choose(_: TurnState, runtime: InTurn) -> TurnState:
        assert runtime.context.me.id == "ana"
        assert runtime.context.view[-1].text == "What now?"
        runtime.context.say("nobody hears this")
        return state

    graph = TurnGraph("router").add_node("choose", choose)
    return graph.add_edge(START, "choose").add_edge("choose", END)


@pytest.mark.parametrize(
    ("state", "choice"),
    [
        ({"addressees": ["eve"]}, "eve"),
        ({"draft": "Eve"}, "eve"),
        ({"draft": "bo."}, "bo"),
        ({"draft": "Everyone"}, "everyone"),
        ({"draft": "nobody"}, None),
        ({"draft": ""}, None),
        ({"draft": "Napoleon"}, "named 'Napoleon', which is none of: bo, eve, everyone, nobody"),
    ],
)
def test_a_graph_names_who_answers(state: TurnState, choice: str | None) -> None:
    @in_no_time
    async def once() -> None:
        named, granted = await advice(router_of(a_graph(state)))
        assert named == [choice]
        assert granted == ([choice] if choice in ("bo", "eve") else [])

    once()


class Chosen(TypedDict, total=False):
    draft: str


def test_a_graph_of_langgraph_s_keeps_nothing_of_its_runs() -> None:
    saver = InMemorySaver()
    builder = StateGraph(Chosen)
    builder.add_node("choose", lambda state: {"draft": "eve"})
    builder.add_edge(START, "choose")

    @in_no_time
    async def once() -> None:
        assert await advice(router_of(builder.compile(checkpointer=saver))) == (["eve"], ["eve"])

    once()
    assert list(saver.list(None)) == []
    assert router_of(builder) is not None


def test_what_is_no_router_is_refused() -> None:
    with pytest.raises(Invalid, match="router 'str': neither an async function from a Routing"):
        router_of("bo")
    with pytest.raises(BadGraph):
        router_of(TurnGraph("empty"))
