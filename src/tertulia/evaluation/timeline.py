"""A conversation as a picture: who had the floor when, and who answered whom."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Outcome
from tertulia.orchestrator.metrics import Metrics
from tertulia.orchestrator.room import Kind, ParticipantId

FORMATS = (".png", ".svg", ".pdf")
INK, HELD, SILENT, CUT, POST = "#1f2933", "#4c7fb0", "#d5dde6", "#c0392b", "#e08e2b"


def paint(metrics: Metrics, path: Path, title: str = "") -> Path:
    """Draw the floor over time, and the network of answers, into a file.

    Raises ``Invalid`` for a file whose ending is not one of ``FORMATS``.
    """
    if path.suffix.lower() not in FORMATS:
        raise Invalid(
            where=f"picture {str(path)!r}", what=f"a picture ends in {', '.join(FORMATS)}"
        )
    rows = len(metrics.parts)
    figure = Figure(figsize=(12, max(3.2, 0.55 * rows + 1.6)), layout="constrained")
    timeline, network = figure.subplots(1, 2, width_ratios=(3, 1))
    figure.suptitle(title, color=INK, fontweight="bold")
    _timeline(timeline, metrics)
    _network(network, metrics)
    figure.savefig(path, dpi=150)
    return path


def _timeline(axes: Axes, metrics: Metrics) -> None:
    row = {part.participant: place for place, part in enumerate(reversed(metrics.parts))}
    began = min([s.start for s in metrics.spans] + [at for _, at in metrics.posts], default=0.0)
    for span in metrics.spans:
        y, width = row[span.participant], span.end - span.start
        colour = HELD if span.spoke else SILENT
        axes.barh(y, width, 0.6, left=span.start - began, color=colour, edgecolor="white")
        if span.outcome is Outcome.INTERRUPTED:
            axes.plot(span.end - began, y, "x", color=CUT, markersize=9, markeredgewidth=2.5)
    for who, at in metrics.posts:
        axes.plot(at - began, row[who], "o", color=POST, markersize=7)
    axes.set_yticks(list(row.values()), [_label(metrics, who) for who in row])
    axes.set_ylim(-0.7, len(row) - 0.3)
    axes.set_xlabel("seconds")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(axis="x", color="#e4e7eb")
    axes.set_axisbelow(True)
    _legend(axes)


def _legend(axes: Axes) -> None:
    marks: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("has the floor and speaks", {"marker": "s", "color": HELD}),
        ("has it and is silent", {"marker": "s", "color": SILENT}),
        ("says something without it", {"marker": "o", "color": POST}),
        ("is cut off", {"marker": "x", "color": CUT}),
    )
    for label, style in marks:
        axes.plot([], [], linestyle="", label=label, **style)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False, fontsize=8)


def _network(axes: Axes, metrics: Metrics) -> None:
    """Arrows from who answered to whom, as wide as often."""
    graph: nx.DiGraph[ParticipantId] = nx.DiGraph()
    graph.add_nodes_from(part.participant for part in metrics.parts)
    graph.add_edges_from(metrics.answers)
    places = nx.circular_layout(graph)
    sizes = [600 + 12 * part.words for part in metrics.parts]
    colours = ["#f6d6a8" if p.kind is Kind.HUMAN else "#bcd3ea" for p in metrics.parts]
    nx.draw_networkx_nodes(graph, places, ax=axes, node_size=sizes, node_color=colours)
    nx.draw_networkx_labels(graph, places, ax=axes, font_size=8, font_color=INK)
    widths = [1 + 0.5 * metrics.answers[edge] for edge in graph.edges]
    nx.draw_networkx_edges(
        graph,
        places,
        ax=axes,
        width=widths,
        node_size=sizes,
        edge_color="#616e7c",
        connectionstyle="arc3,rad=0.15",
    )
    axes.set_title("who answers whom", fontsize=9, color=INK)
    axes.margins(0.25)
    axes.set_axis_off()


def _label(metrics: Metrics, who: ParticipantId) -> str:
    part = next(part for part in metrics.parts if part.participant == who)
    return f"{who} ({part.words} words)"
