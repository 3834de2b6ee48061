"""A graph of LangGraph's as somebody else would write it, who has never heard of rooms.

It fans out with ``Send``, jumps with ``Command``, stops to ask (twice in one node, in two nodes at
once, and in graphs in it, of which one keeps its own checkpoints), and has a state of its own.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Interrupt, Send, interrupt

ITEMS = ("boots", "tent", "rope")


class Trip(TypedDict, total=False):
    goal: str
    found: Annotated[list[str], operator.add]
    told: Annotated[list[str], operator.add]
    verdict: str


class Look(TypedDict):
    item: str


def plan(state: Trip) -> Command[Any]:
    sends = [Send("look", {"item": item}) for item in ITEMS]
    return Command(update={"told": [f"to {state['goal']}"]}, goto=sends)


async def look(state: Look) -> Trip:
    return {"found": [f"{state['item']}: found"]}


async def ask(state: Trip) -> Trip:
    count = interrupt({"question": f"How many of {len(state['found'])}?"})
    colour = interrupt("Which colour?")
    return {"told": [f"{count} in {colour}"]}


async def ask_food(state: Trip) -> Trip:
    return {"told": [f"food: {interrupt('What food?')}"]}


async def ask_drink(state: Trip) -> Trip:
    return {"told": [f"drink: {interrupt('What drink?')}"]}


def review() -> Any:
    """A graph within: it works, asks, and works again."""

    async def read(state: Trip) -> Trip:
        return {"told": [f"read {len(state['told'])}"]}

    async def judge(state: Trip) -> Trip:
        first = interrupt("Is it good?")
        return {"verdict": f"{first}, {interrupt('Sure?')}"}

    inner = StateGraph(Trip).add_sequence([("read", read), ("judge", judge)])
    return inner.add_edge(START, "read").compile()


def memory() -> Any:
    """A graph within that keeps its own checkpoints."""

    async def recall(state: Trip) -> Trip:
        return {"told": [f"memory: {interrupt('What do you remember?')}"]}

    return StateGraph(Trip).add_node(recall).add_edge(START, "recall").compile(checkpointer=True)


def trip(**compiled: Any) -> Any:
    """The whole graph, compiled."""
    graph = StateGraph(Trip)
    graph.add_node("plan", plan, destinations=("look",))
    graph.add_node("look", look)
    graph.add_node("ask", ask)
    graph.add_node("ask_food", ask_food)
    graph.add_node("ask_drink", ask_drink)
    graph.add_node("review", review())
    graph.add_node("memory", memory())
    graph.add_edge(START, "plan").add_edge("look", "ask")
    graph.add_edge("ask", "ask_food").add_edge("ask", "ask_drink")
    graph.add_edge(["ask_food", "ask_drink"], "review")
    graph.add_edge("review", "memory").add_edge("memory", END)
    return graph.compile(**compiled)


BEGIN = {"goal": "the sea"}
QUESTIONS = 7


def answer_to(question: str) -> str:
    """What whoever is asked says."""
    return f"<{question}>"


async def alone(
    graph: Callable[..., Any], begin: Any = None, answer: Callable[[Any], Any] | None = None
) -> Any:
    """The state that the graph comes to without a room: what it has to come to in one."""
    compiled, config = graph(checkpointer=InMemorySaver()), {"configurable": {"thread_id": "1"}}
    state = await compiled.ainvoke(BEGIN if begin is None else begin, config)
    while waits := state.pop("__interrupt__", None):
        resume = {one.id: (answer or answered)(one.value) for one in waits}
        state = await compiled.ainvoke(Command(resume=resume), config)
    while (await compiled.aget_state(config)).next:
        state = await compiled.ainvoke(None, config)
    return state


def answered(value: Any) -> str:
    return answer_to(value["question"] if isinstance(value, dict) else value)


def asked(waits: Sequence[Interrupt[Any]]) -> list[Any]:
    return [one.value for one in waits]
