"""A graph to look at, as Mermaid text or as a picture in a file. It runs nothing."""

from pathlib import Path

from tertulia.graphs.compiler import Compiled
from tertulia.graphs.sketch import Sketch, sketch
from tertulia.graphs.spec import END, START, TurnGraph, shown
from tertulia.orchestrator.errors import Invalid

FORMATS = (".png", ".svg", ".pdf")


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


def _inner(seen: Sketch) -> list[str]:
    return [name for name in seen.nodes if name not in (START, END)]


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
