"""How people and agents meet, as pictures: who answers whom, and with which gap or overlap."""

from math import atan2, ceil, cos, degrees, pi, sin
from typing import TypeAlias

import networkx as nx
from matplotlib.axes import Axes

from tertulia.evaluation.looks import AGENT, FAINT, HELD, INK, OBSERVER, OVERLAP, PERSON, bare
from tertulia.orchestrator.metrics import Metrics
from tertulia.orchestrator.room import Kind, ParticipantId

COLOURS = {Kind.HUMAN: PERSON, Kind.AGENT: AGENT, Kind.OBSERVER: OBSERVER}

Places: TypeAlias = dict[ParticipantId, tuple[float, float]]

FEW = 8
"""Up to so many names stand in their circles; more stand around the ring."""

BINS = 24


def paint_answers(axes: Axes, metrics: Metrics) -> None:
    """Arrows from who answered to whom, as wide and dark as often."""
    graph: nx.DiGraph[ParticipantId] = nx.DiGraph()
    shown = [part for part in metrics.parts if part.kind is not Kind.OBSERVER]
    graph.add_nodes_from(part.participant for part in shown)
    known = {
        edge: n for edge, n in metrics.answers.items() if edge[0] in graph and edge[1] in graph
    }
    graph.add_edges_from(known)
    places = _ring([part.participant for part in shown])
    words = max((part.words for part in shown), default=0) or 1
    few = len(shown) <= FEW
    largest, least = (2200.0, 900.0) if few else (380.0, 60.0)
    sizes = [least + (largest - least) * part.words / words for part in shown]
    circles = nx.draw_networkx_nodes(
        graph,
        places,
        ax=axes,
        node_size=sizes,
        node_color=[COLOURS[part.kind] for part in shown],
        edgecolors="white",
    )
    circles.set_clip_on(False)
    most = max(known.values(), default=1)
    weights = [known[edge] / most for edge in graph.edges]
    nx.draw_networkx_edges(
        graph,
        places,
        ax=axes,
        width=[0.5 + (3.5 if few else 2.0) * weight for weight in weights],
        alpha=[(0.35 if few else 0.08) + 0.55 * weight**1.5 for weight in weights],
        node_size=sizes,
        edge_color=INK,
        arrowsize=12 if few else 8,
        connectionstyle="arc3,rad=0.18",
    )
    _names(axes, metrics, places, few=few)
    axes.set_title("who answers whom", fontsize=10, color=INK)
    reach = 1.35 if few else 1.42
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _ring(members: list[ParticipantId]) -> Places:
    """On a ring, the first at the top, clockwise; two side by side."""
    start = pi if len(members) == 2 else pi / 2
    step = 2 * pi / max(len(members), 1)
    angles = {who: start - place * step for place, who in enumerate(members)}
    return {who: (cos(angle), sin(angle)) for who, angle in angles.items()}


def _names(axes: Axes, metrics: Metrics, places: Places, *, few: bool) -> None:
    """Names in their circles; around the ring, where there are many, each along its own ray."""
    for who, (x, y) in places.items():
        name = metrics.names.get(who, who)
        if few:
            axes.text(x, y, name[:10], ha="center", va="center", fontsize=9, color=INK, zorder=9)
            continue
        angle = degrees(atan2(y, x))
        left = abs(angle) > 90
        axes.text(
            1.1 * x,
            1.1 * y,
            name[:14],
            ha="right" if left else "left",
            va="center",
            rotation=angle + 180 if left else angle,
            rotation_mode="anchor",
            fontsize=8,
            color=INK,
        )


def paint_offsets(axes: Axes, metrics: Metrics) -> None:
    """How one turn follows upon another: gaps to the right of nothing, overlaps to the left."""
    axes.set_title("from one turn to the next, in seconds", fontsize=10, color=INK)
    bare(axes)
    axes.set_yticks([])
    offsets, spread = metrics.offsets_s, metrics.offsets
    if spread is None:
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        told = "no turn followed upon another's"
        axes.text(0.5, 0.5, told, transform=axes.transAxes, ha="center", color=FAINT, fontsize=9)
        return
    reach = max(spread.p90 - spread.p10, 0.5)  # what is far out stands in the last bar
    low = min(0.0, max(min(offsets), spread.p10 - reach)) - reach / BINS
    high = max(0.0, min(max(offsets), spread.p90 + reach)) + reach / BINS
    width = (high - low) / BINS
    below = ceil(-low / width)
    edges = [(place - below) * width for place in range(below + ceil(high / width) + 1)]
    shown = [min(max(offset, edges[0]), edges[-1]) for offset in offsets]
    _, _, bars = axes.hist(shown, bins=edges, rwidth=0.92)
    for bar, edge in zip(bars, edges, strict=False):  # type: ignore[arg-type]
        bar.set_color(OVERLAP if edge + width / 2 < 0 else HELD)
    axes.axvline(0, color=INK, linewidth=1)
    for at in (spread.p10, spread.p50, spread.p90):
        axes.axvline(at, color=FAINT, linewidth=0.9, linestyle=":")
    told = f"n {spread.n}   p10 {spread.p10:.2g}   median {spread.p50:.2g}   p90 {spread.p90:.2g}"
    axes.set_xlabel(told, fontsize=8.5, color=INK)
