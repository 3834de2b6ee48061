"""A graph to look at: as Mermaid text, or as a picture in a file. It runs nothing, and no network.

Whatever is drawn is made into a `Sketch` first, so that our graphs and LangGraph's look alike.
"""

from dataclasses import dataclass
from pathlib import Path

from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from tertulia.graphs.compiler import Compiled
from tertulia.graphs.spec import END, START, TurnGraph, shown
from tertulia.orchestrator.errors import Invalid

FORMATS = (".png", ".svg", ".pdf")


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


def mermaid(graph: TurnGraph | Compiled) -> str:
    """Write a graph as Mermaid, for a README or a wiki. A graph with problems can be drawn too."""
    seen = sketch(graph)
    ids = {START: "START", END: "END"}
    ids |= {name: f"n{place}" for place, name in enumerate(_inner(seen), 1)}
    lines = ["flowchart TD"]
    for name in seen.nodes:
        text = f'(["{shown(name)}"])' if name in (START, END) else f'["{_quoted(name)}"]'
        lines.append(f"    {ids[name]}{text}")
    for arrow in seen.arrows:
        line = "-.->" if arrow.dashed else "-->"
        label = f'|"{_quoted(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    {ids[arrow.source]} {line}{label} {ids[arrow.target]}")
    return "\n".join(lines) + "\n"


def draw(graph: TurnGraph | Compiled, path: str | Path) -> Path:
    """Draw a graph into a file whose ending says how: png, svg or pdf. Needs no display.

    Raises ``Invalid`` for another ending. A graph with problems can be drawn too.
    """
    from tertulia.graphs.picture import paint  # matplotlib takes a second to import

    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        what = f"a picture ends in {', '.join(FORMATS)}"
        raise Invalid(where=f"picture {str(path)!r}", what=what)
    paint(sketch(graph), file)
    return file


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
    return Sketch(name, tuple(names), arrows)


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


def _inner(seen: Sketch) -> list[str]:
    return [name for name in seen.nodes if name not in (START, END)]


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
