"""A conversation as a picture: who had the floor when, how turns meet, and who answers whom."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tertulia.evaluation.looks import (
    CUT,
    FALSE_CUT,
    GRID,
    HAND,
    HELD,
    INK,
    OVERLAP,
    POST,
    SILENT,
    WHISPERED,
    bare,
    clock,
)
from tertulia.evaluation.meeting import FEW, paint_answers, paint_offsets
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.metrics import Metrics, Span
from tertulia.orchestrator.room import ParticipantId

FORMATS = (".png", ".svg", ".pdf")

BAR = 0.56
"""How much of a row's height a turn takes."""

ROOMY = 12
"""With more participants than this, rows are lower and the letters smaller."""


def paint(metrics: Metrics, path: Path, title: str = "") -> Path:
    """Draw the floor over time, the network of answers and how turns meet, into a file.

    Raises ``Invalid`` for a file whose ending is not one of ``FORMATS``.
    """
    if path.suffix.lower() not in FORMATS:
        what = f"a picture ends in {', '.join(FORMATS)}"
        raise Invalid(where=f"picture {str(path)!r}", what=what)
    rows = len(metrics.parts)
    height = max(4.8, (0.55 if rows <= ROOMY else 0.34) * rows + 1.8)
    many = rows > FEW
    room = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1)
    figure = Figure(figsize=(18 if many else 15, height), layout=room, facecolor="white")
    widths, heights = (2.3 if many else 2.6, 1), (height - 2.3, 2.3)
    grid = figure.add_gridspec(2, 2, width_ratios=widths, height_ratios=heights)
    figure.suptitle(_title(metrics, title), color=INK, fontweight="bold", x=0.01, ha="left")
    paint_timeline(figure.add_subplot(grid[:, 0]), metrics)
    paint_answers(figure.add_subplot(grid[0, 1]), metrics)
    paint_offsets(figure.add_subplot(grid[1, 1]), metrics)
    figure.savefig(path, dpi=150)
    return path


def _title(metrics: Metrics, title: str) -> str:
    even = "" if metrics.evenness is None else f" · evenness {metrics.evenness:.2f}"
    share = metrics.overlap_share
    overlap = "" if share is None else f" · overlap {share:.0%}"
    return f"{title}   {clock(metrics.seconds)}{even}{overlap}".strip()


def paint_timeline(axes: Axes, metrics: Metrics) -> None:
    """Draw a row for each participant, from first to last as they came in."""
    row = {part.participant: place for place, part in enumerate(reversed(metrics.parts))}
    _overlaps(axes, metrics, len(row) - 0.25)
    for hand in metrics.hands:
        _hand(axes, row[hand.participant], hand.start - metrics.began, hand.end - metrics.began)
    bar = BAR * min(1.0, (len(row) + 1) / 5)
    for span in metrics.spans:
        _turn(axes, row[span.participant], bar, span, metrics.began)
    for who, at in metrics.posts:
        axes.plot(at - metrics.began, row[who], "o", color=POST, ms=5.5, mec="white", mew=0.8)
    for cut in metrics.interruptions:
        colour = CUT if cut.won else FALSE_CUT
        edge = bar / 2 + 0.07
        _barge_in(axes, row[cut.by], (row[cut.whom], edge), cut.at - metrics.began, colour)
    small = len(row) > ROOMY
    axes.set_yticks(list(row.values()), [_label(metrics, who) for who in row])
    axes.tick_params(axis="y", length=0, labelsize=8 if small else 10, labelcolor=INK)
    axes.set_ylim(-0.6, len(row) - 0.1)
    axes.set_xlim(-0.01 * metrics.seconds, max(metrics.seconds, 1.0) * 1.01)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, place: clock(at)))
    axes.xaxis.set_major_locator(MaxNLocator(10, steps=[1, 2, 3, 6, 10]))
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    for place in row.values():
        axes.axhline(place - 0.5, color=GRID, linewidth=0.8)
    bare(axes)
    _legend(axes, metrics)


def _turn(axes: Axes, y: int, bar: float, span: Span, began: float) -> None:
    look: dict[str, Any] = {"color": HELD if span.spoke else SILENT}
    if span.audience is not None:
        look = {"facecolor": "white", "edgecolor": WHISPERED, "hatch": "/////", "linewidth": 0.8}
    axes.barh(y, span.end - span.start, bar, left=span.start - began, zorder=3, **look)


def _hand(axes: Axes, y: int, start: float, end: float) -> None:
    at = y + BAR / 2 + 0.1
    axes.plot([start, end], [at, at], color=HAND, lw=1.6, zorder=4, solid_capstyle="butt")
    axes.plot(start, at, "^", color=HAND, ms=5.5, mec="white", mew=0.6, zorder=4)


def _barge_in(axes: Axes, by: int, bar: tuple[int, float], at: float, colour: str) -> None:
    """A line from the row of the one who cut in to the bar that it cut, and across that."""
    whom, edge = bar
    axes.plot([at, at], [by, whom], color=colour, linewidth=0.9, alpha=0.55, zorder=5)
    axes.plot(at, by, "D", color=colour, ms=4.5, mec="white", mew=0.6, zorder=7)
    axes.plot([at, at], [whom - edge, whom + edge], color=colour, linewidth=2.4, zorder=6)


def _overlaps(axes: Axes, metrics: Metrics, top: float) -> None:
    """Show on a rail above all rows when two or more speak."""
    spoken = [span for span in metrics.spans if span.spoke]
    edges = sorted([(s.start, 1) for s in spoken] + [(s.end, -1) for s in spoken])
    speakers, since = 0, 0.0
    for at, change in edges:
        if speakers >= 2 and at > since:
            start = since - metrics.began
            axes.barh(top, at - since, 0.16, left=start, color=OVERLAP, zorder=3)
        speakers, since = speakers + change, at


def _legend(axes: Axes, metrics: Metrics) -> None:
    """Name the marks that are there."""
    spoke = any(s.spoke and s.audience is None for s in metrics.spans)
    marks: tuple[tuple[bool, str, Mapping[str, Any]], ...] = (
        (spoke, "has the floor and speaks", {"marker": "s", "color": HELD}),
        (
            any(not s.spoke and s.audience is None for s in metrics.spans),
            "has it and is silent",
            {"marker": "s", "color": SILENT},
        ),
        (
            any(s.audience is not None for s in metrics.spans),
            "in a whisper",
            {"marker": "s", "color": "white", "markeredgecolor": WHISPERED},
        ),
        (bool(metrics.posts), "speaks without it", {"marker": "o", "color": POST}),
        (bool(metrics.hands), "hand is up", {"marker": "^", "color": HAND}),
        (
            bool(metrics.overlap_share),
            "two or more speak",
            {"marker": "_", "color": OVERLAP, "markersize": 10, "markeredgewidth": 4},
        ),
        (
            any(cut.won for cut in metrics.interruptions),
            "cuts in and speaks",
            {"marker": "D", "color": CUT, "markersize": 5},
        ),
        (
            any(not cut.won for cut in metrics.interruptions),
            "cuts in for nothing",
            {"marker": "D", "color": FALSE_CUT, "markersize": 5},
        ),
    )
    for there, label, style in marks:
        if there:
            axes.plot([], [], linestyle="", label=label, **style)
    if any(there for there, _, _ in marks):
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(-0.01, 1.0),
            ncols=8,
            frameon=False,
            fontsize=8.5,
            labelcolor=INK,
            handletextpad=0.2,
            columnspacing=1.1,
        )


def _label(metrics: Metrics, who: ParticipantId) -> str:
    part = next(part for part in metrics.parts if part.participant == who)
    total = sum(part.words for part in metrics.parts)
    share = f"  {part.words / total:.0%}" if total else ""
    return f"{metrics.names.get(who, who)[:24]}{share}"
