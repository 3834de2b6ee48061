"""How far a turn in flight has come in its graph is read from its checkpoints, and drawn."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.agents.turns import turn_in
from tests.graphs.foreign import answer_to, trip
from tests.graphs.test_foreign import Room, tripping

from tertulia.agents import TurnState
from tertulia.graphs import (
    END,
    START,
    Checkpoints,
    GraphSpeaker,
    Progress,
    TurnGraph,
    draw,
    mermaid,
    progress_of,
)
from tertulia.graphs.marks import Mark
from tertulia.orchestrator.room import TurnId

TURN = TurnId("kitchen/7")


async def nothing(state: TurnState) -> TurnState:
    return {}


def rounds(stuck: asyncio.Event) -> TurnGraph:
    """Thinks three times, then speaks, for ever."""

    async def think(state: TurnState) -> TurnState:
        return {"draft": state.get("draft", "") + "."}

    async def speak(state: TurnState) -> TurnState:
        stuck.set()
        await asyncio.Event().wait()
        return {}

    graph = TurnGraph("rounds", bound=9).add_node("think", think).add_node("speak", speak)
    graph.add_node("regret", nothing).add_edge("regret", END).add_edge("speak", END)
    graph.add_edge(START, "think")
    ways = {"more": "think", "done": "speak", "bad": "regret"}
    return graph.add_conditional_edges(
        "think", lambda state: "done" if len(state["draft"]) == 3 else "more", ways
    )


async def test_what_ran_how_often_and_what_runs_now_is_told() -> None:
    stuck = asyncio.Event()
    graph = rounds(stuck)
    async with Checkpoints.in_memory() as kept:
        assert await progress_of(graph, kept, TURN) is None
        run = asyncio.ensure_future(GraphSpeaker(graph, kept)(turn_in()))
        await stuck.wait()
        come = await progress_of(graph, kept, TURN)
        run.cancel()
        await asyncio.wait([run])
    assert come == Progress(TURN, {"think": 3}, ("speak",))
    assert come.marks.marks == {"think": Mark.RAN, "speak": Mark.NEXT}
    assert come.marks.notes == {"think": "3 times"}


@pytest.mark.parametrize(
    ("silent_at", "ran", "waits", "within"),
    [
        ("What food?", {"plan", "look", "ask"}, {"ask_food", "ask_drink"}, {}),
        (
            "Sure?",
            {"plan", "look", "ask", "ask_food", "ask_drink"},
            {"review"},
            {"review": "judge"},
        ),
    ],
)
async def test_what_waits_and_for_what_is_told(
    silent_at: str, ran: set[str], waits: set[str], within: Any
) -> None:
    room = Room(answer=lambda text: None if text == silent_at else answer_to(text))
    async with Checkpoints.in_memory() as kept:
        await tripping(kept)(room.turn())
        come = await progress_of(trip(), kept, TURN)
    assert come is not None
    assert set(come.ran) == ran
    assert set(come.waits) == waits
    assert silent_at in come.waits.values()
    assert come.within == within


async def test_it_is_drawn_with_colours_and_the_same_every_time(tmp_path: Path) -> None:
    come = Progress(TURN, {"plan": 1}, ("look",), {}, {"ask": 'Which "one"?' + "?" * 100})
    text = mermaid(trip(), come.marks)
    assert '    n3["ask<br/>Which &quot;one&quot;?' in text
    assert "    class n1 ran\n" in text
    assert "    class n2 next\n" in text
    assert "    class n3 waits\n" in text
    plain, *marked = (
        draw(trip(), tmp_path / f"{n}.png", *more).read_bytes()
        for n, more in enumerate([(), (come.marks,), (come.marks,)])
    )
    assert marked[0] == marked[1] != plain
