"""Graphs within graphs: run, checked, bounded and drawn as one."""

from typing import Any

import pytest
from tests.orchestrator.rooms import House, a_house, endings, in_no_time, settle, texts

from tertulia.graphs import (
    END,
    START,
    BadGraph,
    Checkpoints,
    InTurn,
    TurnGraph,
    TurnState,
    mermaid,
    problems_of,
    speaker_of,
)


def adds(word: str) -> Any:
    def step(state: TurnState) -> TurnState:
        return {"draft": f"{state.get('draft', '')} {word}".strip()}

    return step


def inner(*words: str) -> TurnGraph:
    graph = TurnGraph("inner").add_sequence([(word, adds(word)) for word in words])
    return graph.add_edge(START, words[0]).add_edge(words[-1], END)


def outer(within: TurnGraph) -> TurnGraph:
    graph = TurnGraph("outer").add_node("first", adds("one")).add_node("think", within)
    graph.add_node("last", adds("four"))
    return (
        graph.add_edge(START, "first")
        .add_edge("first", "think")
        .add_edge("think", "last")
        .add_edge("last", END)
    )


@in_no_time
async def test_a_graph_is_a_node_of_another_and_has_its_turn() -> None:
    seen: list[str] = []

    async def look(state: TurnState, runtime: InTurn) -> TurnState:
        seen.append(runtime.context.view[-1].text)
        return {}

    within = (
        inner("two", "three").add_node("look", look).add_edge(START, "look").add_edge("look", END)
    )
    async with a_house() as house:
        room = await house.room(speakers={"bo": speaker_of(outer(within))})
        await room.post("ana", "Bo, count!")
        await room.lapse()
        assert await texts(house.log) == ["ana: Bo, count!", "bo: one two three four"]
        assert seen == ["Bo, count!"]


def test_what_is_wrong_within_is_told_with_where_it_is() -> None:
    broken = TurnGraph("broken").add_node("a", adds("a"))
    told = problems_of(outer(outer(broken)))
    assert all(problem.startswith("in node 'think': in node 'think': ") for problem in told)
    assert told
    with pytest.raises(BadGraph, match="in node 'think'"):
        speaker_of(outer(broken))


def test_a_graph_that_holds_itself_is_told() -> None:
    graph = TurnGraph("snake")
    graph.add_node("tail", graph).add_edge(START, "tail").add_edge("tail", END)
    assert problems_of(graph) == ("node 'tail' is a graph that holds itself",)


@in_no_time
async def test_a_circle_within_keeps_to_its_own_bound() -> None:
    def more(state: TurnState) -> str:
        return "again" if len(state["draft"].split()) < 6 else "enough"

    def circle(bound: int) -> TurnGraph:
        graph = TurnGraph("circle", bound=bound).add_node("go", adds("round")).add_edge(START, "go")
        return graph.add_conditional_edges("go", more, {"again": "go", "enough": END})

    async with a_house() as house:
        for bound, outcome in [(5, "committed"), (4, "failed")]:
            room = await house.room(
                speakers={"bo": speaker_of(outer(circle(bound)))}, name=f"r{bound}"
            )
            await room.post("ana", "Bo, go!")
            await room.lapse()
            assert [ended for _, ended, _ in await endings(house.log, f"r{bound}")] == [outcome]


@in_no_time
async def test_after_a_crash_in_a_graph_within_finished_steps_do_not_run_again() -> None:
    ran: list[str] = []
    async with Checkpoints.in_memory() as kept:

        def steps() -> TurnGraph:
            async def two(state: TurnState, runtime: InTurn) -> TurnState:
                ran.append("two")
                return {"draft": "two"}

            async def hangs_once(state: TurnState, runtime: InTurn) -> TurnState:
                ran.append("three")
                if len(ran) < 3:
                    await runtime.context.clock.sleep(1_000)
                return {"draft": f"{state['draft']} three"}

            graph = TurnGraph("inner").add_sequence([("two", two), ("three", hangs_once)])
            return outer(graph.add_edge(START, "two").add_edge("three", END))

        first = House()
        room = await first.room(speakers={"bo": speaker_of(steps(), kept)})
        await room.post("ana", "Bo, count!")
        await settle(1)
        first.crash()
        second = House(first.memory)
        room = await second.room(speakers={"bo": speaker_of(steps(), kept)})
        await room.lapse()
        assert ran == ["two", "three", "three"]
        assert (await texts(second.log))[-1] == "bo: two three four"
        await second.scheduler.aclose()


def test_a_node_that_is_a_graph_is_drawn_with_a_double_border() -> None:
    assert '    n2[["think"]]' in mermaid(outer(inner("two")))
