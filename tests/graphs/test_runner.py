"""A graph takes a turn: what is said, what is heard, and what happens when it goes wrong."""

import asyncio
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph, add_messages
from tests.agents.turns import ANA, CY, said, turn_in

from tertulia.agents import Hang, InTurn, Scripted, TurnState, model_caller
from tertulia.graphs import END, START, BadGraph, GraphSpeaker, TurnGraph, answer, speaker_of
from tertulia.orchestrator import Reply, Turn
from tertulia.orchestrator.errors import Invalid, Misbehaved


def one_node(step: Any, **fields: Any) -> TurnGraph:
    graph = TurnGraph("one", **fields).add_node("step", step)
    return graph.add_edge(START, "step").add_edge("step", END)


async def test_a_turn_says_the_draft_and_is_heard_while_it_is_written() -> None:
    turn = turn_in(said(1, ANA, "Hello."))
    assert await GraphSpeaker(answer(Scripted(["Good morning."])))(turn) == Reply("Good morning.")
    assert turn.delivered == "Good morning."


async def test_the_turn_is_the_context_and_no_message_is_in_the_state() -> None:
    async def look(state: TurnState, runtime: InTurn) -> TurnState:
        assert state == {}
        return {"draft": f"{runtime.context.me.name} in {runtime.context.room}"}

    reply = await GraphSpeaker(one_node(look))(turn_in(said(1, ANA, "Hello.")))
    assert reply.text == "Bo in kitchen"


async def test_a_graph_hands_the_floor_on_and_can_ask_for_more() -> None:
    async def hand(state: TurnState) -> TurnState:
        return {"draft": "You.", "addressees": [CY], "more": True, "problem": "tired"}

    assert await GraphSpeaker(one_node(hand))(turn_in()) == Reply("You.", (CY,), True, "tired")


async def test_a_graph_without_a_draft_has_said_what_it_delivered() -> None:
    async def speak(state: TurnState, runtime: InTurn) -> TurnState:
        runtime.context.say("Aloud.")
        return {}

    assert await GraphSpeaker(one_node(speak))(turn_in()) == Reply("Aloud.")


async def test_users_bring_keys_of_their_own() -> None:
    class Mine(TurnState, total=False):
        mood: str

    async def feel(state: Mine) -> Mine:
        return {"mood": "merry"}

    async def speak(state: Mine) -> Mine:
        return {"draft": f"I am {state['mood']}."}

    graph = TurnGraph("mine", state=Mine).add_sequence([("feel", feel), ("speak", speak)])
    graph.add_edge(START, "feel").add_edge("speak", END)
    assert (await GraphSpeaker(graph)(turn_in())).text == "I am merry."


async def test_a_plain_function_runs_in_the_event_loops_own_thread() -> None:
    def step(state: TurnState, runtime: InTurn) -> TurnState:
        asyncio.get_running_loop()  # raises in any other thread
        runtime.context.say("Quick.")
        return {"draft": "Quick."}

    assert (await GraphSpeaker(one_node(step))(turn_in())).text == "Quick."


async def test_branches_run_at_the_same_time_and_an_edge_from_both_waits() -> None:
    met = asyncio.Barrier(2)

    class Found(TurnState, total=False):
        left: str
        right: str

    def side(name: str) -> Any:
        async def look(state: Found) -> dict[str, str]:
            await asyncio.wait_for(met.wait(), 60)
            return {name: name}

        return look

    async def tell(state: Found) -> Found:
        return {"draft": f"{state['left']} and {state['right']}"}

    graph = TurnGraph("both", state=Found).add_node("tell", tell)
    for name in ("left", "right"):
        graph.add_node(f"{name} side", side(name)).add_edge(START, f"{name} side")
    graph.add_edge(["left side", "right side"], "tell").add_edge("tell", END)
    assert (await GraphSpeaker(graph)(turn_in())).text == "left and right"


# ---- what goes wrong


def test_a_graph_that_cannot_run_is_refused_before_its_first_turn() -> None:
    async def step(state: TurnState) -> TurnState:
        return {}

    with pytest.raises(BadGraph, match="node 'step' leads nowhere"):
        GraphSpeaker(TurnGraph("endless").add_node("step", step).add_edge(START, "step"))


async def test_what_the_model_raises_comes_out_as_it_is() -> None:
    with pytest.raises(OSError, match="the line is cut"):
        await GraphSpeaker(answer(Scripted([OSError("the line is cut")])))(turn_in())


async def test_a_model_that_says_nothing_is_silent() -> None:
    assert await GraphSpeaker(answer(Scripted([""])))(turn_in()) == Reply("")


async def test_a_model_that_hangs_can_be_cancelled() -> None:
    turn = turn_in()
    speaking = asyncio.ensure_future(GraphSpeaker(answer(Scripted([Hang("I was")])))(turn))
    while not turn.delivered:  # noqa: ASYNC110 - nothing else says so
        await asyncio.sleep(0)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    assert turn.delivered == "I was"


@pytest.mark.parametrize(("bound", "enough"), [(3, False), (4, True)])
async def test_a_bound_lets_exactly_so_many_steps_run(bound: int, enough: bool) -> None:
    async def count(state: TurnState) -> TurnState:
        return {"draft": state.get("draft", "") + "."}

    graph = TurnGraph("counter", bound=bound).add_node("count", count).add_edge(START, "count")
    graph.add_conditional_edges(
        "count",
        lambda state: "enough" if len(state["draft"]) == 4 else "again",
        {"again": "count", "enough": END},
    )
    speaker = GraphSpeaker(graph)
    if enough:
        assert (await speaker(turn_in())).text == "...."
    else:
        with pytest.raises(Misbehaved, match=r"'counter'.* was not at its end after 3 steps"):
            await speaker(turn_in())


async def test_a_chain_needs_no_bound() -> None:
    async def step(state: TurnState) -> TurnState:
        return {"draft": state.get("draft", "") + "."}

    graph = TurnGraph("chain").add_sequence([(f"n{n}", step) for n in range(40)])
    graph.add_edge(START, "n0").add_edge("n39", END)
    assert (await GraphSpeaker(graph)(turn_in())).text == "." * 40


async def test_a_choice_that_leads_nowhere_names_the_label() -> None:
    graph = TurnGraph("choice").add_node("model", model_caller(Scripted(["Hm."])))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", lambda state: "don", {"done": END})
    with pytest.raises(Misbehaved, match="chose 'don'; did you mean 'done'"):
        await GraphSpeaker(graph)(turn_in())


# ---- graphs and functions from elsewhere


async def test_an_async_function_is_an_agent_as_it_is() -> None:
    async def speak(turn: Turn) -> str:
        return "Hello."

    class Speaking:
        async def __call__(self, turn: Turn) -> str:
            return "Hello."

    speaking = Speaking()
    assert speaker_of(speak) is speak
    assert speaker_of(speaking) is speaking


@pytest.mark.parametrize("thing", [print, "Bo", None, lambda turn: "Hello."])
def test_what_cannot_take_a_turn_is_refused(thing: object) -> None:
    with pytest.raises(Invalid, match="neither an async function"):
        speaker_of(thing)


async def test_a_turn_graph_becomes_an_agent() -> None:
    assert await speaker_of(answer(Scripted(["Hello."])))(turn_in()) == Reply("Hello.")


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def chatty() -> StateGraph[Any, Any, Any, Any]:
    """The kind of graph that people already have."""

    async def model(state: Talk) -> dict[str, list[AIMessage]]:
        heard = state["messages"][-1]
        return {"messages": [AIMessage(f"{heard.name} said {heard.text}")]}

    graph: StateGraph[Any, Any, Any, Any] = StateGraph(Talk)
    return graph.add_node("model", model).add_edge(START, "model").add_edge("model", END)


async def test_a_langgraph_graph_with_messages_hears_the_room_and_answers() -> None:
    for graph in (chatty(), chatty().compile()):
        turn = turn_in(said(1, ANA, "hello"))
        assert await speaker_of(graph)(turn) == Reply("Ana said hello")


async def test_a_langgraph_graph_keeps_its_own_saver_and_its_turns_are_forgotten_there() -> None:
    saver = InMemorySaver()
    speaker = GraphSpeaker(chatty().compile(checkpointer=saver))
    turn = turn_in(said(1, ANA, "hello"))
    await speaker(turn)
    assert list(saver.list(None))
    await speaker.ended(turn.id)
    assert not list(saver.list(None))


async def test_one_speaker_takes_turns_in_many_rooms_at_once() -> None:
    async def tell(state: TurnState, runtime: InTurn) -> TurnState:
        await asyncio.sleep(0)
        return {"draft": runtime.context.room}

    speaker = GraphSpeaker(one_node(tell))
    turns = [turn_in(turn=f"room-{n}/1") for n in range(50)]
    replies = await asyncio.gather(*(speaker(turn) for turn in turns))
    assert [reply.text for reply in replies] == [f"room-{n}" for n in range(50)]
