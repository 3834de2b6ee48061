"""A graph to look at, as Mermaid text or as a picture in a file. It runs nothing."""

from pathlib import Path

from tertulia.graphs.compiler import Compiled
from tertulia.graphs.marks import EDGE, FILL, PLAIN, Marks
from tertulia.graphs.sketch import Sketch, sketch
from tertulia.graphs.spec import END, START, TurnGraph, shown
from tertulia.orchestrator.errors import Invalid

FORMATS = (".png", ".svg", ".pdf")


def mermaid(graph: TurnGraph | Compiled, marks: Marks = PLAIN) -> str:
    """Write a graph as Mermaid, for a README or a wiki. A graph with problems can be drawn too.

    ``marks`` are those of a ``Progress`` or a ``Forecast``. A node that is a graph itself has a
    double border.
    """
    seen = sketch(graph)
    ids = {START: "START", END: "END"}
    ids |= {name: f"n{place}" for place, name in enumerate(_inner(seen), 1)}
    lines = ["flowchart TD"]
    for name in seen.nodes:
        note = f"<br/>{_quoted(marks.notes[name])}" if name in marks.notes else ""
        text = f'(["{shown(name)}"])' if name in (START, END) else f'["{_quoted(name)}{note}"]'
        text = f"[{text}]" if name in seen.graphs else text
        lines.append(f"    {ids[name]}{text}")
    for arrow in seen.arrows:
        line = "-.->" if arrow.dashed else "-->"
        label = f'|"{_quoted(arrow.label)}"|' if arrow.label else ""
        lines.append(f"    {ids[arrow.source]} {line}{label} {ids[arrow.target]}")
    for mark in marks.used:
        marked = ",".join(ids[n] for n in seen.nodes if marks.marks.get(n) is mark)
        lines.append(f"    classDef {mark} fill:{FILL[mark]},stroke:{EDGE[mark]}")
        lines.append(f"    class {marked} {mark}")
    return "\n".join(lines) + "\n"


def draw(graph: TurnGraph | Compiled, path: str | Path, marks: Marks = PLAIN) -> Path:
    """Draw a graph into a file whose ending says how: png, svg or pdf. Needs no display.

    ``marks`` are those of a ``Progress`` or a ``Forecast``. A graph with problems can be drawn too.
    Raises ``Invalid`` for another ending.
    """
    from tertulia.graphs.picture import paint  # matplotlib takes a second to import

    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        what = f"a picture ends in {', '.join(FORMATS)}"
        raise Invalid(where=f"picture {str(path)!r}", what=what)
    paint(sketch(graph), file, marks)
    return file


def _inner(seen: Sketch) -> list[str]:
    return [name for name in seen.nodes if name not in (START, END)]


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
