"""The agents that are measured: a plain function, and a graph of one node."""

import asyncio

from tertulia.bench.meter import TEXT
from tertulia.graphs import END, START, TurnGraph, TurnState
from tertulia.orchestrator import Speaker, Turn


def plain(delay_s: float = 0.0) -> Speaker:
    """Says the same in every turn, after a while."""

    async def speak(turn: Turn) -> str:
        if delay_s:
            await asyncio.sleep(delay_s)
        return TEXT

    return speak


def one_node(delay_s: float = 0.0) -> TurnGraph:
    """The graph of one node that says the same."""

    async def say(state: TurnState) -> TurnState:
        if delay_s:
            await asyncio.sleep(delay_s)
        return {"draft": TEXT}

    return TurnGraph("one node").add_node("say", say).add_edge(START, "say").add_edge("say", END)
