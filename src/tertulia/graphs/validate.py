"""What is wrong with a graph, all of it at once, before it runs. Pure: it calls no node.

A misspelt name is reported once; for everything after that the name that was meant is taken.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TypeAlias

import networkx as nx

from tertulia.agents.state import TurnState
from tertulia.graphs.spec import END, START, Edge, TurnGraph, shown
from tertulia.orchestrator.errors import Invalid

Arrows: TypeAlias = "nx.DiGraph[str]"

RESERVED = "|:"
"""Characters that LangGraph keeps for itself in names."""


class BadGraph(Invalid):
    """A graph that cannot be run. ``problems`` has one sentence for each thing to change."""

    says = "{where}:{what}"

    def __init__(self, graph: str, problems: tuple[str, ...]) -> None:
        """Word all the problems of the graph with this name."""
        what = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(where=f"graph {graph!r}", what=what, graph=graph, problems=problems)


def check(graph: TurnGraph) -> None:
    """Make sure that a graph can be run. Raises ``BadGraph``."""
    if problems := problems_of(graph):
        raise BadGraph(graph.name, problems)


def problems_of(graph: TurnGraph) -> tuple[str, ...]:
    """Say everything that is wrong with a graph and those within; nothing, if it can be run."""
    return _problems(graph, ())


def _problems(graph: TurnGraph, around: tuple[TurnGraph, ...]) -> tuple[str, ...]:
    within: list[str] = []
    for name, inner in graph.within:
        if inner is graph or inner in around:
            within.append(f"node {name!r} is a graph that holds itself")
            continue
        told = _problems(inner, (*around, graph))
        within += [f"in node {name!r}: {problem}" for problem in told]
    return (*_own_problems(graph), *within)


def _own_problems(graph: TurnGraph) -> tuple[str, ...]:
    known = tuple(dict.fromkeys(node.name for node in graph.nodes))
    edges = tuple(_as_meant(edge, known) for edge in graph.edges)
    arrows = _arrows(known, edges)
    return (
        *_wrong_names(graph),
        *_wrong_ends(graph, known),
        *_nothing_to_run(graph, arrows),
        *_unreachable(arrows, known),
        *_dead_ends(arrows, known),
        *_endless(arrows, edges),
        *_wrong_bound(graph.bound, arrows),
    )


def circles(arrows: Arrows) -> list[set[str]]:
    """Sets of nodes among which one can go round for ever."""
    components = nx.strongly_connected_components(arrows)
    return sorted((c for c in components if arrows.subgraph(c).size()), key=min)


# ---- names


def _wrong_names(graph: TurnGraph) -> Iterator[str]:
    keys = {key for owner in graph.state.__mro__ for key in getattr(owner, "__annotations__", ())}
    keys |= set(getattr(graph.state, "__annotations__", ()))
    if missing := [key for key in TurnState.__annotations__ if key not in keys]:
        names = ", ".join(missing)
        yield f"the state {graph.state.__name__} lacks {names}: let it inherit from TurnState"
    for name, times in Counter(node.name for node in graph.nodes).items():
        if times > 1:
            yield f"node {name!r} is added {times} times"
        if not name or name in (START, END) or set(name) & set(RESERVED):
            yield f"node {name!r} cannot be called so: not empty, {START}, {END}, nor with | or :"


def _wrong_ends(graph: TurnGraph, known: tuple[str, ...]) -> Iterator[str]:
    for edge in graph.edges:
        for source in edge.sources:
            if source == END:
                yield f"edge {edge} leaves END, where the turn is over"
            elif source not in (*known, START):
                yield f"edge {edge} comes from {source!r}, which is no node{_hint(source, known)}"
        if edge.target == START:
            yield f"edge {edge} leads to START, where only the turn begins"
        elif edge.target not in (*known, END):
            yield (
                f"edge {edge} leads to {edge.target!r}, which is no node{_hint(edge.target, known)}"
            )


def _hint(name: str, known: tuple[str, ...]) -> str:
    close = _close(name, known)
    return f"; did you mean {shown(close)!r}?" if close else ""


def _close(name: str, known: tuple[str, ...]) -> str | None:
    written = {shown(node).casefold(): node for node in (*known, START, END)}
    close = get_close_matches(name.casefold(), written, n=1)
    return written[close[0]] if close else None


def _as_meant(edge: Edge, known: tuple[str, ...]) -> Edge:
    there = (*known, START, END)
    sources = tuple(name if name in there else _close(name, known) or name for name in edge.sources)
    target = edge.target if edge.target in there else _close(edge.target, known) or edge.target
    return replace(edge, sources=sources, target=target)


# ---- ways


def _arrows(known: Sequence[str], edges: Iterable[Edge]) -> Arrows:
    arrows: Arrows = nx.DiGraph()
    arrows.add_nodes_from([START, *known, END])
    for edge in edges:
        arrows.add_edges_from(
            (source, edge.target)
            for source in edge.sources
            if source in {START, *known} - {END} and edge.target in {END, *known} - {START}
        )
    return arrows


def _nothing_to_run(graph: TurnGraph, arrows: Arrows) -> Iterator[str]:
    if not graph.nodes:
        yield "there is no node: add one with add_node(name, step)"
    elif not arrows.out_degree(START):
        yield f"nothing begins it: add an edge, as in add_edge(START, {graph.nodes[0].name!r})"


def _unreachable(arrows: Arrows, known: tuple[str, ...]) -> Iterator[str]:
    if not arrows.out_degree(START):
        return
    reached = nx.descendants(arrows, START)
    for name in known:
        if name not in reached:
            yield f"node {name!r} is never reached from START"


def _dead_ends(arrows: Arrows, known: tuple[str, ...]) -> Iterator[str]:
    """Name where a way that does not come to END stops or goes round."""
    for name in known:
        if not arrows.out_degree(name):
            yield f"node {name!r} leads nowhere: add an edge from it, to END if it is the last"
    for circle in _without_exit(arrows):
        yield f"{_round(arrows, circle)} is a circle that nothing leaves: add a way out of it"


def _endless(arrows: Arrows, edges: Iterable[Edge]) -> Iterator[str]:
    """A circle of plain edges goes round for ever, whatever else leaves it."""
    single = [edge for edge in edges if not edge.conditional and len(edge.sources) == 1]
    plain = _arrows(list(arrows), single)
    told = set[str]().union(*_without_exit(arrows))
    for circle in circles(plain):
        if not circle <= told:
            yield f"{_round(plain, circle)} goes round for ever: make one of its edges conditional"


def _without_exit(arrows: Arrows) -> list[set[str]]:
    return [circle for circle in circles(arrows) if not any(nx.edge_boundary(arrows, circle))]


def _wrong_bound(bound: int | None, arrows: Arrows) -> Iterator[str]:
    if bound is None:
        if found := circles(arrows):
            way = _round(arrows, found[0])
            yield f"{way} is a circle: give the graph a bound, as in bound=20 for 20 steps a turn"
        return
    if bound < 1:
        yield f"a bound of {bound} steps lets nothing run: make it at least 1"
    elif nx.has_path(arrows, START, END):
        shortest = nx.shortest_path_length(arrows, START, END) - 1
        if bound < shortest:
            yield f"a bound of {bound} is less than the {shortest} steps of the shortest way"


def _round(arrows: Arrows, circle: set[str]) -> str:
    """Write one way round."""
    inner = arrows.subgraph(circle)
    way = [source for source, *_ in nx.find_cycle(inner, min(circle))]
    return " -> ".join(shown(name) for name in [*way, way[0]])
