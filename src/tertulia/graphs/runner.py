"""A graph as an agent: one run of it is one turn. It keeps nothing from turn to turn.

The turn is the run's context, never part of its state. Without checkpoints a run leaves no trace;
with them its thread is the turn's id, and a turn that a crash cut short goes on where it was.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphRecursionError
from langgraph.types import Command, Interrupt

from tertulia.agents.cards import Card
from tertulia.agents.present import Run, present
from tertulia.agents.prompts import prompt
from tertulia.graphs.breakpoints import has_breakpoints, stop_of
from tertulia.graphs.checkpoints import Checkpoints
from tertulia.graphs.compiler import Compiled, Saver, compiled
from tertulia.graphs.history import Stopwatch
from tertulia.graphs.manners import MANNERS, Manners
from tertulia.graphs.pauses import Unanswered, answers_to, may_go_on
from tertulia.graphs.spec import TurnGraph
from tertulia.graphs.voice import Voice, last_nodes, with_last_words
from tertulia.orchestrator.errors import Invalid, Misbehaved
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ParticipantId, TurnId
from tertulia.orchestrator.turns import Turn

Begin: TypeAlias = Callable[[Turn], Any]
"""From a turn to the state that its run begins with."""
Finish: TypeAlias = Callable[[Turn, Any], Reply]
"""From the state at the end to what is said."""

FOREIGN_BOUND = 25
"""Steps for a graph that was compiled elsewhere and names no limit."""

_Came: TypeAlias = tuple[Any, Sequence[Interrupt[Any]]]
"""The state that a run came to, and what it waits for there."""


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
    as it is, with its own saver unless ``checkpoints`` are given (one without any keeps its turns
    in memory, so that it may stop to ask). One whose state has ``messages`` and no ``draft`` is
    given the room as messages, and says its last one. ``begin`` and ``finish`` translate for other
    states, ``manners`` for the rest. Raises ``BadGraph``, and ``Invalid`` for a graph whose nodes
    want another context than a turn.
    """

    __slots__ = (
        "_aloud",
        "_limit",
        "_running",
        "_static",
        "_stops",
        "begin",
        "finish",
        "graph",
        "manners",
        "saver",
    )

    def __init__(
        self,
        graph: TurnGraph | Compiled,
        checkpoints: Checkpoints | None = None,
        *,
        card: Card | None = None,
        begin: Begin | None = None,
        finish: Finish | None = None,
        manners: Manners = MANNERS,
    ) -> None:
        """Compile the graph if it is not; ``card`` is for graphs that are given messages."""
        saver = checkpoints.saver if checkpoints is not None else None
        self.graph, self._limit = _ready(graph, saver)
        own = self.graph.checkpointer
        self.saver: Saver | None = own if isinstance(own, BaseCheckpointSaver) else None
        self.manners = _fitting(self.graph, manners)
        self._static: RunnableConfig = {"recursion_limit": self._limit}
        self._running: dict[str, asyncio.Event] = {}
        self._stops = self.saver is not None and has_breakpoints(self.graph)
        by_messages = "messages" in self.graph.channels and "draft" not in self.graph.channels
        self.begin = begin or (_messages(card) if by_messages else nothing_yet)
        self.finish = finish or (last_message if by_messages else reply_of)
        aloud = manners.aloud
        if aloud is None:
            aloud = last_nodes(self.graph) if by_messages and finish is None else ()
        self._aloud = aloud if isinstance(aloud, bool) else frozenset(aloud)

    async def __call__(self, turn: Turn) -> Reply:
        """Take one turn. Raises what a node raises, ``Misbehaved`` when the bound is reached."""
        running, ended = present.set(Run(turn)), False
        history = self.manners.history
        watch = None if history is None else Stopwatch(turn.clock)
        try:
            state, waits = await self._run(turn, watch)
            ended = not waits
        except GraphRecursionError as error:
            what = f"was not at its end after {self._limit - 1} steps"
            raise Misbehaved(who=self._who, what=what) from error
        except Unanswered as why:
            return Reply(turn.delivered, problem=str(why))
        finally:
            present.reset(running)
            if history is not None and watch is not None:
                begun = turn.attempt == 1
                history.add(watch.timing(self.graph.get_name(), begun=begun, ended=ended))
        if waits:
            what = "stops to ask somebody, and has nowhere to go on from: give it checkpoints"
            raise Misbehaved(who=self._who, what=what)
        return self.finish(turn, {} if state is None else state)  # None: no node wrote anything

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

    async def reached(self, turn: TurnId) -> int:
        """How many steps are kept of a turn that is not over."""
        if self.saver is None:
            return 0
        kept = await self.saver.aget_tuple({"configurable": {"thread_id": turn}})
        return 0 if kept is None else kept.metadata.get("step", 0) + 2

    async def _run(self, turn: Turn, watch: Stopwatch | None) -> _Came:
        """Run it to its end; without anywhere to keep it, at most until it waits."""
        config = self._static if watch is None else {**self._static, "callbacks": [watch]}
        if self.saver is None:
            return await self._once(turn, self.begin(turn), config)
        return await self._resumably(turn, self.saver, config), ()

    async def _resumably(self, turn: Turn, saver: Saver, static: RunnableConfig) -> Any:
        """Go on after the last step that was kept, or begin; the state at the end.

        Whether anything is kept decides, not ``StateSnapshot.next``: after a kill at the wrong
        moment that is empty though the graph is half done. What it waits for is found out by
        running it: what the last checkpoint tells of that may be out of date too.
        """
        over = self._running[turn.id] = asyncio.Event()
        config: RunnableConfig = {**static, "configurable": {"thread_id": turn.id}}
        try:
            kept = await saver.aget_tuple(config)
            step = self.begin(turn) if kept is None else None
            if kept is not None:
                await self._pass_stop(turn, config, ran=False)
            while True:
                state, waits = await self._once(turn, step, config, durability="sync")
                if waits:
                    step = Command(resume=await answers_to(turn, waits, self.manners))
                elif await self._pass_stop(turn, config, ran=True):
                    step = None
                else:
                    return state
        finally:
            over.set()
            if self._running.get(turn.id) is over:
                del self._running[turn.id]

    async def _pass_stop(self, turn: Turn, config: RunnableConfig, *, ran: bool) -> bool:
        """Whether the graph has stopped at a breakpoint, and it was approved that it goes on."""
        stop = await stop_of(self.graph, config, ran=ran) if self._stops else None
        if stop is not None:
            await may_go_on(turn, stop.nodes, stop.id, self.manners)
        return stop is not None

    async def _once(self, turn: Turn, step: Any, config: RunnableConfig, **more: Any) -> _Came:
        """Run it until it is at its end, or waits."""
        told = self.manners.context
        more["context"] = turn if told is None else told(turn)
        if self._aloud:
            return await self._aloud_once(turn, step, config, more)
        state = await self.graph.ainvoke(step, config, **more)
        waits = state.pop("__interrupt__", ()) if isinstance(state, dict) else ()
        return state, waits

    async def _aloud_once(
        self, turn: Turn, step: Any, config: RunnableConfig, more: Mapping[str, Any]
    ) -> _Came:
        """The same, while what its models write is heard."""
        voice, state = Voice(turn, self._aloud), None
        waits: dict[str, Interrupt[Any]] = {}
        modes: Any = ["messages", "updates", "values"]
        stream: Any = self.graph.astream(step, config, stream_mode=modes, subgraphs=True, **more)
        async with aclosing(stream) as coming:
            async for inside, mode, what in coming:
                if mode == "messages":
                    voice.hear(*what)
                elif not inside and mode == "values":
                    state = what
                elif not inside:
                    waits |= {one.id: one for one in what.get("__interrupt__", ())}
        return state, tuple(waits.values())

    @property
    def _who(self) -> str:
        return f"graph {self.graph.get_name()!r}"


def last_message(turn: Turn, state: Mapping[str, Any]) -> Reply:
    """Say the last message, if it is the model's; what the models told they took is the turn's.

    What was heard before it stands, too.
    """
    messages = state.get("messages") or [None]
    said = [one for one in messages if isinstance(one, AIMessage)]
    used = [one.usage_metadata for one in said if one.usage_metadata is not None]
    tokens = sum(usage["total_tokens"] for usage in used)
    last = str(said[-1].text) if said and said[-1] is messages[-1] else ""
    return Reply(with_last_words(turn.delivered, last), tokens=tokens)


def _messages(card: Card | None) -> Begin:
    return lambda turn: {"messages": prompt(turn, card)}


def _ready(graph: TurnGraph | Compiled, saver: Saver | None) -> tuple[Compiled, int]:
    """The compiled graph, and LangGraph's limit: one more than the steps that a turn may take."""
    if isinstance(graph, TurnGraph):
        return compiled(graph, saver), graph.longest + 1
    limit = (graph.config or {}).get("recursion_limit", FOREIGN_BOUND + 1)
    if saver is None and graph.checkpointer is None:
        saver = InMemorySaver()
    return (graph if saver is None else graph.copy(update={"checkpointer": saver})), limit


def _fitting(graph: Compiled, manners: Manners) -> Manners:
    """The same manners, if they give the graph's nodes the context that these were written for."""
    wanted = graph.context_schema
    if wanted is None or manners.context is not None or wanted is Turn:
        return manners
    what = (
        f"its nodes want a context of {wanted.__name__}; say how a turn makes one: "
        f"manners=Manners(context=lambda turn: {wanted.__name__}(…))"
    )
    raise Invalid(where=f"graph {graph.get_name()!r}", what=what)
