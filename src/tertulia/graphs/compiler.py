"""From a checked graph to one that LangGraph runs. Compile once, run often.

Functions that are not async run in line: a thread for each would cost more than they do, would
speak into the room from elsewhere, and would make a simulation's order a matter of luck.
"""

import inspect
from collections.abc import Hashable
from functools import wraps
from typing import Any, TypeAlias

from langchain_core.runnables import Runnable
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph

from tertulia.agents.nodes import router
from tertulia.graphs.spec import Step, TurnGraph
from tertulia.graphs.validate import check
from tertulia.orchestrator.turns import Turn

Compiled: TypeAlias = CompiledStateGraph[Any, Any, Any, Any]
Saver: TypeAlias = BaseCheckpointSaver[Any]


def compiled(graph: TurnGraph, saver: Saver | None = None) -> Compiled:
    """Compile a graph, with LangGraph's ``saver`` if its turns are to survive a crash.

    Raises ``BadGraph`` with everything that is wrong with it.
    """
    check(graph)
    builder: StateGraph[Any, Any, Any, Any] = StateGraph(graph.state, context_schema=Turn)
    for node in graph.nodes:
        jumps = node.destinations or None
        builder.add_node(node.name, in_line(node.step), destinations=jumps)
    for edge in graph.plain:
        builder.add_edge(
            edge.sources[0] if len(edge.sources) == 1 else [*edge.sources], edge.target
        )
    for branch in graph.branches:
        routes: dict[Hashable, str] = dict(branch.routes.items())
        builder.add_conditional_edges(branch.source, router(branch.choose, branch.routes), routes)
    return builder.compile(checkpointer=saver, name=graph.name)


def in_line(step: Step) -> Any:
    """Let a plain function run in the event loop instead of a thread; a graph is compiled."""
    if isinstance(step, TurnGraph):
        return compiled(step)
    if isinstance(step, Runnable) or is_async(step):
        return step

    @wraps(step)
    async def run(*args: Any, **kwargs: Any) -> Any:
        return step(*args, **kwargs)

    return run


def is_async(thing: object) -> bool:
    """Whether calling it gives something to await."""
    call = getattr(thing, "__call__", None)  # noqa: B004 - its kind is asked, not whether it is there
    return inspect.iscoroutinefunction(thing) or inspect.iscoroutinefunction(call)
