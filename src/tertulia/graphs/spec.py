"""A graph as its author writes it down: nodes, edges, a bound. It runs nothing and checks nothing.

The methods are those of LangGraph's ``StateGraph``, so that nothing has to be learned anew; what is
written here is checked as a whole (``validate``), drawn (``draw``) and compiled (``compiler``).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, Union

from langchain_core.runnables import Runnable

from tertulia.agents.nodes import Chooser
from tertulia.agents.state import TurnState

START = "__start__"
"""Where every turn begins: LangGraph's own name for it."""
END = "__end__"
"""Where every turn ends: LangGraph's own name for it."""

# A name in quotes cannot be joined by |.
Step: TypeAlias = Union[Callable[..., Any], Runnable[Any, Any], "TurnGraph"]
"""A node: from the state, or ``(state, runtime)``, to what changes in the state; or a graph."""


@dataclass(frozen=True, slots=True)
class Node:
    """A named step. ``destinations`` are where it may jump by returning a ``Command``."""

    name: str
    step: Step
    destinations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Branch:
    """A choice made after ``source``: ``choose`` gives a label, ``routes`` the node for each."""

    source: str
    choose: Chooser
    routes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow. With several sources it waits for all; a conditional one is taken by choice."""

    sources: tuple[str, ...]
    target: str
    conditional: bool = False
    label: str = ""

    def __str__(self) -> str:
        """Name it as an error should."""
        label = f" ({self.label})" if self.label not in ("", self.target) else ""
        return f"{' + '.join(map(shown, self.sources))} -> {shown(self.target)}{label}"


class TurnGraph:
    """How one turn is thought through.

    ``state`` is a ``TypedDict`` that inherits from ``TurnState``. ``bound`` is the most steps that
    a turn may take; a graph with a circle in it needs one. Methods give the graph back, so that
    they can be chained. Nothing is refused before the graph is used: then all at once.
    """

    def __init__(
        self, name: str = "graph", *, state: type[Any] = TurnState, bound: int | None = None
    ) -> None:
        """Begin with an empty graph."""
        self.name, self.state, self.bound = name, state, bound
        self.nodes: list[Node] = []
        self.plain: list[Edge] = []
        self.branches: list[Branch] = []

    def add_node(self, name: str, step: Step, *, destinations: Iterable[str] = ()) -> Self:
        """Add a step; async, or so quick that the room can wait for it. A graph is one as well."""
        self.nodes.append(Node(name, step, tuple(destinations)))
        return self

    def add_edge(self, source: str | Sequence[str], target: str) -> Self:
        """Go from ``source`` to ``target``; of several sources, when all of them are done."""
        sources = (source,) if isinstance(source, str) else tuple(source)
        self.plain.append(Edge(sources, target))
        return self

    def add_conditional_edges(
        self, source: str, choose: Chooser, routes: Mapping[str, str] | Iterable[str]
    ) -> Self:
        """After ``source``, go where the label that ``choose`` gives leads.

        ``choose`` takes the state, or the state and the runtime. ``routes`` without labels are
        nodes that are chosen by their names.
        """
        labelled = routes if isinstance(routes, Mapping) else {node: node for node in routes}
        self.branches.append(Branch(source, choose, dict(labelled)))
        return self

    def add_sequence(self, steps: Iterable[tuple[str, Step]]) -> Self:
        """Add steps that follow one another."""
        before: str | None = None
        for name, step in steps:
            self.add_node(name, step)
            if before is not None:
                self.add_edge(before, name)
            before = name
        return self

    @property
    def within(self) -> "tuple[tuple[str, TurnGraph], ...]":
        """The nodes that are graphs themselves."""
        return tuple((n.name, n.step) for n in self.nodes if isinstance(n.step, TurnGraph))

    @property
    def longest(self) -> int:
        """The most steps that a turn may take, here or in a graph within, each for itself."""
        own = self.bound or len(self.nodes)
        return max([own, *(graph.longest for _, graph in self.within)])

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Every arrow, plain and conditional, in the order of adding."""
        chosen = (
            Edge((branch.source,), target, True, label)
            for branch in self.branches
            for label, target in branch.routes.items()
        )
        jumps = (Edge((node.name,), to, True) for node in self.nodes for to in node.destinations)
        return (*self.plain, *chosen, *jumps)


def shown(name: str) -> str:
    """A node's name as people write it."""
    return {START: "START", END: "END"}.get(name, name)
