"""Paints a sketch of a graph into a file, with matplotlib and without a display.

It decides colours, letters and lines; where they lie is the layout's concern. This module is
imported only when something is painted.
"""

import textwrap
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from tertulia.graphs.layout import Box, Point, lay_out
from tertulia.graphs.marks import EDGE, FILL, LEGEND, PLAIN, Mark, Marks
from tertulia.graphs.sketch import Arrow, Sketch
from tertulia.graphs.spec import END, START, shown

INK, LINE, CHOICE = "#1f2933", "#52606d", "#2f6f9f"
PAPER, NODE, TERMINAL = "#ffffff", "#eef4f9", "#1f2933"
LETTERS, LETTER_INCHES, ROW_INCHES = 10.5, 0.092, 0.19
WRAP_AT = 24
MARGIN = 0.45
LEGEND_INCHES = 0.24
DOTS_PER_INCH = 160


def paint(seen: Sketch, file: Path, marks: Marks = PLAIN) -> None:
    """Write the picture. The same sketch with the same marks gives the same file."""
    texts = {name: _wrapped(shown(name)) for name in seen.nodes}
    notes = {name: _wrapped(note) for name, note in marks.notes.items()}
    sizes = {name: _size(text, notes.get(name, "")) for name, text in texts.items()}
    laid = lay_out(sizes, [(arrow.source, arrow.target) for arrow in seen.arrows], END)
    leaving = Counter(arrow.source for arrow in seen.arrows)
    arriving = Counter(arrow.target for arrow in seen.arrows)
    figure, axes = _canvas(list(laid.boxes.values()), laid.ways, seen.name, marks)
    for arrow, way in zip(seen.arrows, laid.ways, strict=True):
        points = way or _loop(laid.boxes[arrow.source])
        _paint_line(axes, arrow, points, looping=not way)
        if arrow.label:
            crowded = leaving[arrow.source] >= arriving[arrow.target]
            x, y = _reading(points, near_end=crowded, looping=not way)
            _paint_label(axes, arrow, x, y)
    for name, box in laid.boxes.items():
        mark = marks.marks.get(name)
        _paint_box(axes, box, terminal=name in (START, END), mark=mark)
        _paint_text(axes, box, texts[name], notes.get(name, ""), terminal=name in (START, END))
    about = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    kind = file.suffix.lower().removeprefix(".")
    with mpl.rc_context({"svg.hashsalt": "tertulia"}):
        figure.savefig(file, format=kind, metadata=about[kind], facecolor=PAPER)


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, WRAP_AT) or [text])


def _size(text: str, note: str) -> tuple[float, float]:
    """How large a box has to be for its text, and the note under it, in inches."""
    rows = f"{text}\n{note}".rstrip("\n").split("\n")
    longest = max(sum(2 if east_asian_width(letter) in "WF" else 1 for letter in r) for r in rows)
    return max(0.95, longest * LETTER_INCHES + 0.4), len(rows) * ROW_INCHES + 0.26


def _canvas(boxes: list[Box], ways: Any, title: str, marks: Marks) -> tuple[Figure, Axes]:
    """A sheet that fits, measured in inches, y downwards."""
    xs = [x for way in ways for x, _ in way]
    left = min([box.x - box.width / 2 for box in boxes] + xs) - MARGIN
    right = max([box.x + box.width / 2 + (0.5 if [] in ways else 0) for box in boxes] + xs) + MARGIN
    top = min(box.y - box.height / 2 for box in boxes) - MARGIN - (0.6 if marks.line else 0.35)
    lowest = max(box.y + box.height / 2 for box in boxes) + MARGIN
    bottom = lowest + len(marks.used) * LEGEND_INCHES
    said = max(len(title) * 0.12, len(marks.line) * 0.085, 2.0 if marks.used else 0)
    wide = max(right - left, said + 2 * MARGIN)
    middle = (left + right) / 2
    figure = Figure(figsize=(wide, bottom - top), dpi=DOTS_PER_INCH)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(middle - wide / 2, middle + wide / 2), ylim=(bottom, top))
    axes.set_axis_off()
    axes.text(
        middle, top + 0.38, title, size=13, weight="bold", color=INK, ha="center", parse_math=False
    )
    axes.text(middle, top + 0.62, marks.line, size=9.5, color=LINE, ha="center", parse_math=False)
    for place, mark in enumerate(marks.used):
        y = lowest + place * LEGEND_INCHES
        _paint_box(axes, Box(middle - 0.9, y, 0.22, 0.14), terminal=False, mark=mark)
        axes.text(middle - 0.7, y, LEGEND[mark], size=8.5, color=LINE, va="center_baseline")
    return figure, axes


def _paint_box(axes: Axes, box: Box, *, terminal: bool, mark: Mark | None) -> None:
    rounding = box.height / 2 if terminal else min(0.09, box.height / 3)
    fill, edge = (NODE, LINE) if mark is None else (FILL[mark], EDGE[mark])
    axes.add_patch(
        FancyBboxPatch(
            (box.x - box.width / 2, box.y - box.height / 2),
            box.width,
            box.height,
            boxstyle=f"round,pad=0,rounding_size={rounding}",
            facecolor=TERMINAL if terminal else fill,
            edgecolor=TERMINAL if terminal else edge,
            linewidth=1.1 if mark is None else 1.6,
            zorder=3,
        )
    )


def _paint_text(axes: Axes, box: Box, text: str, note: str, *, terminal: bool) -> None:
    """The name, and the note in smaller letters under it."""
    below = len(note.split("\n")) * ROW_INCHES if note else 0.0
    said: dict[str, Any] = {
        "ha": "center",
        "va": "center_baseline",
        "linespacing": 1.25,
        "parse_math": False,
    }
    axes.text(
        box.x,
        box.y - below / 2,
        text,
        size=9 if terminal else LETTERS,
        weight="bold" if terminal or note else "normal",
        color=PAPER if terminal else INK,
        zorder=4,
        **said,
    )
    rows = len(text.split("\n")) * ROW_INCHES
    axes.text(box.x, box.y + rows / 2, note, size=8.5, color=LINE, zorder=4, **said)


def _paint_line(axes: Axes, arrow: Arrow, way: list[Point], *, looping: bool) -> None:
    axes.add_patch(
        FancyArrowPatch(
            path=_loose(way) if looping else _upright(way),
            arrowstyle="-|>,head_length=5,head_width=2.6",
            linestyle=(0, (4, 2.5)) if arrow.dashed else "solid",
            linewidth=1.3,
            color=CHOICE if arrow.dashed else LINE,
            shrinkA=0,
            shrinkB=0,
            zorder=1,
        )
    )


def _paint_label(axes: Axes, arrow: Arrow, x: float, y: float) -> None:
    axes.text(
        x,
        y,
        arrow.label,
        size=9,
        style="italic",
        color=CHOICE if arrow.dashed else LINE,
        ha="center",
        va="center",
        bbox={"facecolor": PAPER, "edgecolor": "none", "boxstyle": "round,pad=0.18"},
        parse_math=False,
        zorder=2,
    )


def _upright(way: list[Point]) -> Curve:
    """A smooth line through the points that leaves and arrives upright."""
    points, codes = [way[0]], [Curve.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(way):
        middle = (y0 + y1) / 2
        points += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [Curve.CURVE4] * 3
    return Curve(points, codes)


def _loop(box: Box) -> list[Point]:
    """From the right side of a box out and back into it."""
    right, half = box.x + box.width / 2, box.height / 2
    return [
        (right, box.y - half * 0.5),
        (right + 0.6, box.y - half * 1.6),
        (right + 0.6, box.y + half * 1.6),
        (right, box.y + half * 0.5),
    ]


def _loose(way: list[Point]) -> Curve:
    """A smooth line from the first point to the last, drawn by the two between."""
    return Curve(way, [Curve.MOVETO, *[Curve.CURVE4] * 3])


def _reading(way: list[Point], *, near_end: bool, looping: bool) -> Point:
    """A point on the line where a label is far from the labels of its neighbours."""
    if looping:
        return way[1][0] - 0.15, (way[1][1] + way[2][1]) / 2
    share = 0.66 if near_end else 0.34
    first = min(1, len(way) - 2)
    (x0, y0), (x1, y1) = way[first], way[first + 1]
    bent = share * share * (3 - 2 * share)
    return x0 + (x1 - x0) * bent, y0 + (y1 - y0) * share
