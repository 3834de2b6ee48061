"""A graph as names and arrows: what a picture needs to know of it, whoever made the graph."""

from dataclasses import dataclass

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from tertulia.graphs.compiler import Compiled
from tertulia.graphs.spec import END, START, TurnGraph
from tertulia.orchestrator.errors import Invalid


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line from one node to another; dashed if it is taken by choice."""

    source: str
    target: str
    label: str = ""
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Sketch:
    """Names and arrows, and nothing that could run."""

    name: str
    nodes: tuple[str, ...]
    arrows: tuple[Arrow, ...]
    graphs: frozenset[str] = frozenset()
    """The nodes that are graphs themselves."""


def sketch(graph: TurnGraph | Compiled) -> Sketch:
    """Take the names and arrows of a graph of ours or of LangGraph's.

    Raises ``Invalid`` for anything else.
    """
    if isinstance(graph, StateGraph):
        graph = graph.compile()
    if isinstance(graph, TurnGraph):
        name, arrows = graph.name, _of_ours(graph)
    elif isinstance(graph, Pregel):
        name, arrows = graph.get_name(), _of_theirs(graph)
    else:
        raise Invalid(where=f"drawing of {type(graph).__name__}", what="is no graph")
    ends = {name for arrow in arrows for name in (arrow.source, arrow.target)}
    own = [node.name for node in graph.nodes] if isinstance(graph, TurnGraph) else list(graph.nodes)
    names = dict.fromkeys([START, *own, *sorted(ends), END])
    inner = [name for name, _ in graph.within] if isinstance(graph, TurnGraph) else ()
    return Sketch(name, tuple(names), arrows, frozenset(inner))


def _of_ours(graph: TurnGraph) -> tuple[Arrow, ...]:
    return tuple(
        Arrow(source, edge.target, _telling(edge.label, edge.target), edge.conditional)
        for edge in graph.edges
        for source in edge.sources
    )


def _of_theirs(graph: Compiled) -> tuple[Arrow, ...]:
    return tuple(
        Arrow(
            edge.source,
            edge.target,
            _telling("" if edge.data is None else str(edge.data), edge.target),
            edge.conditional,
        )
        for edge in graph.get_graph().edges
    )


def _telling(label: str, target: str) -> str:
    """A label that says no more than where the arrow leads is left out."""
    return "" if label == target else label
