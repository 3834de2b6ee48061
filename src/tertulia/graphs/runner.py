"""A graph as an agent: one run of it is one turn. It keeps nothing from turn to turn.

The turn is the run's context, never part of its state. Without checkpoints a run leaves no trace;
with them its thread is the turn's id, and a turn that a crash cut short goes on where it was.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.errors import GraphRecursionError

from tertulia.agents.cards import Card
from tertulia.agents.prompts import prompt
from tertulia.graphs.checkpoints import Checkpoints
from tertulia.graphs.compiler import Compiled, Saver, compiled
from tertulia.graphs.spec import TurnGraph
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ParticipantId, TurnId
from tertulia.orchestrator.turns import Turn

Begin: TypeAlias = Callable[[Turn], dict[str, Any]]
"""From a turn to the state that its run begins with."""
Finish: TypeAlias = Callable[[Turn, Mapping[str, Any]], Reply]
"""From the state at the end to what is said."""

FOREIGN_BOUND = 25
"""Steps for a graph that was compiled elsewhere and names no limit."""


def nothing_yet(turn: Turn) -> dict[str, Any]:
    """Begin with an empty state."""
    return {}


def reply_of(turn: Turn, state: Mapping[str, Any]) -> Reply:
    """Say the draft; a graph that keeps none has said what it delivered."""
    draft = state.get("draft")
    return Reply(
        turn.delivered if draft is None else draft,
        tuple(map(ParticipantId, state.get("addressees") or ())),
        more=bool(state.get("more")),
        problem=state.get("problem"),
        keeps=state.get("keeps"),
    )


class GraphSpeaker:
    """Takes turns by running a graph.

    A ``TurnGraph`` is checked and compiled here, once; a graph that was compiled elsewhere is taken
    as it is, with its own saver unless ``checkpoints`` are given. One whose state has ``messages``
    and no ``draft`` is given the room as messages, and says its last one. ``begin`` and ``finish``
    translate for other states. Raises ``BadGraph``.
    """

    __slots__ = ("_limit", "_running", "_static", "begin", "finish", "graph", "saver")

    def __init__(
        self,
        graph: TurnGraph | Compiled,
        checkpoints: Checkpoints | None = None,
        *,
        card: Card | None = None,
        begin: Begin | None = None,
        finish: Finish | None = None,
    ) -> None:
        """Compile the graph if it is not; ``card`` is for graphs that are given messages."""
        saver = checkpoints.saver if checkpoints is not None else None
        self.graph, self._limit = _ready(graph, saver)
        own = self.graph.checkpointer
        self.saver: Saver | None = own if isinstance(own, BaseCheckpointSaver) else None
        self._static: RunnableConfig = {"recursion_limit": self._limit}
        self._running: dict[str, asyncio.Event] = {}
        by_messages = "messages" in self.graph.channels and "draft" not in self.graph.channels
        self.begin = begin or (_messages(card) if by_messages else nothing_yet)
        self.finish = finish or (last_message if by_messages else reply_of)

    async def __call__(self, turn: Turn) -> Reply:
        """Take one turn. Raises what a node raises, ``Misbehaved`` when the bound is reached."""
        try:
            if self.saver is None:
                state = await self.graph.ainvoke(self.begin(turn), self._static, context=turn)
            else:
                state = await self._resumably(turn, self.saver)
        except GraphRecursionError as error:
            what = f"was not at its end after {self._limit - 1} steps"
            raise Misbehaved(who=self._who, what=what) from error
        state = state or {}  # None, if no node has written anything
        if "__interrupt__" in state:
            raise Misbehaved(who=self._who, what="waits for an answer that nobody here can give")
        return self.finish(turn, state)

    async def ended(self, turn: TurnId) -> None:
        """Forget a turn that has ended, in whatever way. Called after that was committed.

        A run that is still being cancelled is waited for, since its last checkpoint may come late.
        """
        if self.saver is None:
            return
        running = self._running.get(turn)
        if running is not None:
            await running.wait()
        await self.saver.adelete_thread(turn)

    async def _resumably(self, turn: Turn, saver: Saver) -> dict[str, Any]:
        """Go on after the last step that was kept, or begin.

        Whether anything is kept decides, not ``StateSnapshot.next``: after a kill at the wrong
        moment that is empty though the graph is half done.
        """
        over = self._running[turn.id] = asyncio.Event()
        config: RunnableConfig = {**self._static, "configurable": {"thread_id": turn.id}}
        try:
            kept = await saver.aget_tuple(config)
            start = self.begin(turn) if kept is None else None
            return await self.graph.ainvoke(start, config, context=turn, durability="sync")
        finally:
            over.set()
            if self._running.get(turn.id) is over:
                del self._running[turn.id]

    @property
    def _who(self) -> str:
        return f"graph {self.graph.get_name()!r}"


def last_message(turn: Turn, state: Mapping[str, Any]) -> Reply:
    """Say the last message, if it is the model's; what the models told they took is the turn's."""
    messages = state.get("messages") or [None]
    said = [one for one in messages if isinstance(one, AIMessage)]
    used = [one.usage_metadata for one in said if one.usage_metadata is not None]
    tokens = sum(usage["total_tokens"] for usage in used)
    return Reply(str(said[-1].text) if said and said[-1] is messages[-1] else "", tokens=tokens)


def _messages(card: Card | None) -> Begin:
    return lambda turn: {"messages": prompt(turn, card)}


def _ready(graph: TurnGraph | Compiled, saver: Saver | None) -> tuple[Compiled, int]:
    """The compiled graph, and LangGraph's limit: one more than the steps that a turn may take."""
    if isinstance(graph, TurnGraph):
        return compiled(graph, saver), (graph.bound or len(graph.nodes)) + 1
    limit = (graph.config or {}).get("recursion_limit", FOREIGN_BOUND + 1)
    return (graph if saver is None else graph.copy(update={"checkpointer": saver})), limit
