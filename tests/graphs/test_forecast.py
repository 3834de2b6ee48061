"""What a turn will take is said from what turns took, and what nobody knows is said too."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agents.turns import turn_in
from tests.graphs.foreign import ITEMS, trip
from tests.graphs.test_foreign import Room, tripping

from tertulia import House, agent, human
from tertulia.agents import Scripted, TurnState, model_caller
from tertulia.graphs import (
    END,
    START,
    GraphSpeaker,
    History,
    Manners,
    TurnGraph,
    forecast,
    speaker_of,
)
from tertulia.graphs.forecast import Range
from tertulia.graphs.history import KEPT, Timed, Timing
from tertulia.graphs.marks import Mark
from tertulia.orchestrator.errors import Misbehaved
from tertulia.simulation import VirtualClock, run


def porter(seed: int = 3, bound: int = 9) -> TurnGraph:
    """Thinks for a second, looks for two (three times in four) and thinks again, then speaks."""
    drawn = Random(seed)

    async def think(state: TurnState) -> TurnState:
        await asyncio.sleep(1)
        return {}

    async def look(state: TurnState) -> TurnState:
        await asyncio.sleep(2)
        return {}

    async def speak(state: TurnState) -> TurnState:
        await asyncio.sleep(0.5)
        return {"draft": "There."}

    graph = TurnGraph("porter", bound=bound).add_node("think", think).add_node("look", look)
    graph.add_node("speak", speak).add_node("regret", speak).add_edge(START, "think")
    graph.add_edge("look", "think").add_edge("regret", END)
    graph.add_conditional_edges("speak", lambda state: "fine", {"fine": END, "bad": "regret"})
    ways = {"see": "look", "say": "speak"}
    return graph.add_conditional_edges("think", lambda s: drawn.choice(["see"] * 3 + ["say"]), ways)


def recorded(graph: Any, times: int, history: History) -> History:
    async def main() -> None:
        speaker = GraphSpeaker(graph, manners=Manners(history=history))
        for number in range(times):
            turn = turn_in(turn=f"kitchen/{number}")
            turn.clock = VirtualClock()
            try:
                await speaker(turn)
            except Misbehaved:  # it came to its bound
                continue

    run(main())
    return history


# ---- recording


def test_each_run_is_remembered_node_by_node() -> None:
    runs = recorded(porter(), 1, History()).of("porter")
    think, look, speak = (Timed(n, s, 0) for n, s in [("think", 1), ("look", 2), ("speak", 0.5)])
    again = ((look,), (think,)) * 3
    assert runs == [Timing("porter", ((think,), *again, (speak,)))]


async def test_tokens_are_those_of_the_node_whose_model_took_them() -> None:
    history = History()
    graph = TurnGraph("one").add_node("speak", model_caller(Scripted(["Hello."])))
    graph.add_node("then", lambda state: {})
    graph.add_edge(START, "speak").add_edge("speak", "then").add_edge("then", END)
    turn = turn_in()
    await GraphSpeaker(graph, manners=Manners(history=history))(turn)
    ((speak,), (then,)) = history.of("one")[0].steps
    assert (speak.tokens, then.tokens) == (turn.spent.tokens, 0)
    assert speak.tokens > 0


async def test_what_runs_side_by_side_is_of_one_step_and_waiting_is_no_work() -> None:
    history = History()
    await tripping(manners=Manners(history=history))(Room().turn())
    (timing,) = history.of("LangGraph")
    assert [sorted({timed.node for timed in step}) for step in timing.steps] == [
        ["plan"], ["look"], ["ask"], ["ask_drink", "ask_food"], ["review"], ["memory"],
    ]  # fmt: skip
    assert len(timing.steps[1]) == len(ITEMS)
    assert timing.ended


@pytest.mark.db
def test_a_file_keeps_the_last_runs_also_if_a_line_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "talk.db.history"
    one = Timing("porter", ((Timed("think", 1.0, 3),),), begun=False, ended=True)
    with History(path) as history:
        history.add(one)
    with path.open("a") as file:
        file.write('{"graph":"porter","beg')
    assert History(path).of("porter") == [one]
    path.write_text(path.read_text().splitlines()[0] + "\n")
    with History(path) as history:
        for _ in range(3 * KEPT):
            history.add(one)
    assert len(History(path).of("porter")) == KEPT
    assert len(path.read_text().splitlines()) == KEPT


@pytest.mark.db
async def test_a_house_keeps_it_beside_its_database(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'talk.db'}"
    async with House(url) as house:
        graph = TurnGraph("one").add_node("speak", model_caller(Scripted(["Hello."])))
        graph.add_edge(START, "speak").add_edge("speak", END)
        bo = speaker_of(graph, manners=Manners(history=house.history()))
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "Bo?")
        await room.lapse()
    assert len(History(tmp_path / "talk.db.history").of("one")) == 1


# ---- forecasting


def test_a_forecast_is_what_turns_really_take() -> None:
    runs = recorded(porter(3), 300, History()).of("porter")
    told = forecast(porter(), runs)
    fresh = recorded(porter(5), 300, History()).of("porter")
    took = sorted(sum(step[0].seconds for step in timing.steps) for timing in fresh)
    assert told.seconds.p50 == pytest.approx(took[150], abs=1.5)
    assert told.seconds.p95 == pytest.approx(took[285], abs=1.5)
    assert told.cut == pytest.approx(0.75**5, abs=0.1)
    assert told.nodes["look"].seconds == Range(2.0, 2.0)
    assert told.longest == ("think", "look", "speak")
    assert told.unknown == ()
    assert told.marks.marks["look"] is Mark.LONGEST


def test_the_same_seed_gives_the_same_forecast() -> None:
    runs = recorded(porter(), 20, History()).of("porter")
    assert forecast(porter(), runs, seed=1) == forecast(porter(), runs, seed=1)
    assert forecast(porter(), runs, seed=1) != forecast(porter(), runs, seed=2)


def test_what_nobody_knows_is_said() -> None:
    told = forecast(porter(), [])
    assert told.runs == 0
    assert set(told.unknown) == {"think", "look", "speak", "regret"}
    assert set(told.guessed) == {"think", "speak"}
    assert told.marks.line.startswith("at least ")


def test_a_node_that_turns_come_to_and_nobody_timed_makes_it_a_lower_bound() -> None:
    think = (Timed("think", 1.0, 10),)
    told = forecast(porter(), [Timing("porter", (think,), ended=False)])
    assert "speak" in told.unknown
    assert told.seconds.p50 >= 1.0


def test_runs_of_another_graph_of_that_name_are_left_out() -> None:
    other = Timing("porter", ((Timed("dance", 9.0, 0),),))
    assert forecast(porter(), [other]).runs == 0


async def test_a_fan_out_takes_as_long_as_its_slowest_and_costs_all_of_it() -> None:
    steps = [
        ("plan",),
        ("look",) * 3,
        ("ask",),
        ("ask_food", "ask_drink"),
        ("review",),
        ("memory",),
    ]
    seconds = {"plan": 1.0, "look": 5.0, "ask_food": 2.0, "ask_drink": 7.0}
    timed = tuple(tuple(Timed(n, seconds.get(n, 0.0), 10) for n in step) for step in steps)
    told = forecast(trip(), [Timing("LangGraph", timed)])
    assert told.seconds == Range(13.0, 13.0)
    assert told.tokens == Range(90, 90)
    assert told.nodes["look"].per_turn == 3.0
    assert told.longest[:4] == ("plan", "look", "ask", "ask_drink")


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30))
def test_a_chain_of_one_node_is_forecast_as_it_was(times: list[float]) -> None:
    graph = TurnGraph("one").add_node("step", lambda state: {})
    graph.add_edge(START, "step").add_edge("step", END)
    runs = [Timing("one", ((Timed("step", seconds, 1),),)) for seconds in times]
    told = forecast(graph, runs, walks=50)
    assert min(times) <= told.seconds.p50 <= told.seconds.p95 <= max(times)
    assert told.tokens == Range(1, 1)
