"""Where a graph was told to stop: LangGraph's ``interrupt_before`` and ``interrupt_after``.

A graph that has stopped goes on by itself when it is run again, so a turn that a crash cut short
has to know whether it had come to such a place.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from tertulia.graphs.compiler import Compiled
from tertulia.graphs.spec import START


@dataclass(frozen=True, slots=True)
class Stop:
    """Before which nodes it has stopped, and a name for this stop that no other one has."""

    nodes: tuple[str, ...]
    id: str


def has_breakpoints(graph: Compiled) -> bool:
    """Whether it, or a graph in it, was told to stop anywhere."""
    graphs = [graph, *(inner for _, inner in graph.get_subgraphs(recurse=True))]
    return any(_before(one) or _after(one) for one in graphs)


async def stop_of(graph: Compiled, config: RunnableConfig, *, ran: bool) -> Stop | None:
    """Where it has stopped, if it has.

    ``ran``: it has just run and come back, so that whatever is still to be done is a stop. Else a
    crash may have cut it short anywhere, and only places at which it was told to stop count. Either
    way the same stop has the same nodes and the same name.
    """
    snapshot = await graph.aget_state(config, subgraphs=True)
    if ran and not snapshot.next:
        return None
    places = [place async for place in _reached(graph, snapshot)]
    if ran and not places:
        places = [_Place(task.name, _checkpoint(snapshot)) for task in snapshot.tasks]
    if not places:
        return None
    seal = blake2b("/".join(sorted({at for _, at in places})).encode(), digest_size=6)
    return Stop(tuple(dict.fromkeys(name for name, _ in places)), seal.hexdigest())


class _Place(NamedTuple):
    """A node that comes next, and the checkpoint of its graph."""

    node: str
    checkpoint: str


async def _reached(graph: Any, snapshot: StateSnapshot) -> AsyncIterator[_Place]:
    """The places at which it was told to stop, of those to which it has come."""
    before, after = _before(graph), _after(graph)
    done: Collection[str] = ()
    if after and snapshot.parent_config is not None:
        earlier = await graph.aget_state(snapshot.parent_config)
        done = [task.name for task in earlier.tasks]
    told = any(_names(after, name) for name in done)
    inner = dict(graph.get_subgraphs())
    for task in snapshot.tasks:
        if told or _names(before, task.name):
            yield _Place(task.name, _checkpoint(snapshot))
        if isinstance(task.state, StateSnapshot) and task.name in inner:
            async for place in _reached(inner[task.name], task.state):
                yield place


def _checkpoint(snapshot: StateSnapshot) -> str:
    return str(snapshot.config["configurable"].get("checkpoint_id"))


def _before(graph: Any) -> Collection[str] | str:
    return getattr(graph, "interrupt_before_nodes", ())


def _after(graph: Any) -> Collection[str] | str:
    return getattr(graph, "interrupt_after_nodes", ())


def _names(told: Collection[str] | str, name: str) -> bool:
    return name in told or (told == "*" and name != START)
