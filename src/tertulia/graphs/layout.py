"""Where the boxes of a picture lie and which way its lines go. Pure; it draws nothing.

After Sugiyama, Tagawa and Toda (1981): lines that lead back are turned round, every box gets the
layer below its farthest predecessor, long lines are cut where they pass a layer, each layer is
ordered by where its neighbours lie, and all are then moved towards their neighbours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import TypeAlias

import networkx as nx

Spot: TypeAlias = tuple[str, int]
"""A box (name, -1), or the place where line ``n`` passes a layer (``layer``, n)."""
Point: TypeAlias = tuple[float, float]
Spots: TypeAlias = "nx.DiGraph[Spot]"

LAYER = 1.2
"""Inches from one layer to the next."""
GAP = 0.5
"""Inches between two neighbours in a layer, at least."""
PORT = 0.6
"""Inches between two lines at the same side of a box, at most."""
SWEEPS = 40


@dataclass(frozen=True, slots=True)
class Box:
    """The place of a node: its middle and its size, in inches; y grows downwards."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything lies. ``ways`` has, for each line, its points from box to box."""

    boxes: Mapping[str, Box]
    ways: Sequence[list[Point]]


def lay_out(
    sizes: Mapping[str, tuple[float, float]], lines: Sequence[tuple[str, str]], last: str
) -> Layout:
    """Place boxes of these sizes (width, height in inches), ``last`` in the last layer.

    A line from a box to itself gets an empty way.
    """
    back = turned(sizes, lines, last)
    downward = [(b, a) if (a, b) in back else (a, b) for a, b in lines]
    layers = layered(sizes, downward, last)
    chains = [_chain(n, *pair, layers) for n, pair in enumerate(downward)]
    spots: Spots = nx.DiGraph()
    spots.add_nodes_from(((name, -1), {"layer": layers[name]}) for name in sizes)
    for chain in chains:
        for step, spot in enumerate(chain):
            spots.add_node(spot, layer=layers[chain[0][0]] + step)
        spots.add_edges_from(pairwise(chain))
    x = _placed(_ordered(spots), spots, sizes)
    boxes = {n: Box(x[n, -1], layers[n] * LAYER, *sizes[n]) for n in sizes}
    ways = _ways(chains, spots, x, boxes)
    return Layout(
        boxes, [w[::-1] if pair in back else w for w, pair in zip(ways, lines, strict=True)]
    )


def turned(
    names: Iterable[str], lines: Iterable[tuple[str, str]], last: str
) -> set[tuple[str, str]]:
    """The lines that lead back to where one has come from; the others make no circle."""
    back = {(source, target) for source, target in lines if source == last != target}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from(line for line in lines if line not in back)
    above: set[str] = set()
    for source, target, kind in nx.dfs_labeled_edges(graph):
        if kind == "forward":
            above.add(target)
        elif kind == "reverse":
            above.discard(target)
        elif target in above and source != target:
            back.add((source, target))
    return back


def layered(names: Iterable[str], lines: Iterable[tuple[str, str]], last: str) -> dict[str, int]:
    """Each box below all boxes from which a line leads to it. ``lines`` make no circle."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names)
    graph.add_edges_from((a, b) for a, b in lines if a != b)
    layers: dict[str, int] = {}
    for name in nx.lexicographical_topological_sort(graph, key=list(graph).index):
        layers[name] = max((layers[before] + 1 for before in graph.predecessors(name)), default=0)
    others = [layer for name, layer in layers.items() if name != last]
    return layers | {last: max([layers.get(last, 0), *(layer + 1 for layer in others)])}


def _chain(line: int, upper: str, lower: str, layers: Mapping[str, int]) -> list[Spot]:
    """The spots of a line, from the upper box to the lower."""
    if upper == lower:
        return []
    between = range(layers[upper] + 1, layers[lower])
    return [(upper, -1), *((str(layer), line) for layer in between), (lower, -1)]


def _ordered(spots: Spots) -> list[list[Spot]]:
    """The spots of each layer from left to right, with as few crossings as sweeping finds."""
    rows: dict[int, list[Spot]] = {}
    for spot in spots:
        rows.setdefault(spots.nodes[spot]["layer"], []).append(spot)
    order = [rows[layer] for layer in sorted(rows)]
    best = [list(row) for row in order]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in order if down else order[::-1]:
            place = {spot: n for line in order for n, spot in enumerate(line)}
            near = spots.predecessors if down else spots.successors
            middle = {s: _mean((place[other] for other in near(s)), place[s]) for s in row}
            row.sort(key=middle.__getitem__)
        if _crossings(order, spots) < _crossings(best, spots):
            best = [list(row) for row in order]
    return best


def _crossings(order: Sequence[Sequence[Spot]], spots: Spots) -> int:
    place = {spot: n for row in order for n, spot in enumerate(row)}
    count = 0
    for row in order:
        pairs = sorted((place[a], place[b]) for a in row for b in spots.successors(a))
        count += sum(a < c and b > d for n, (a, b) in enumerate(pairs) for c, d in pairs[n:])
    return count


def _placed(
    order: Sequence[Sequence[Spot]], spots: Spots, sizes: Mapping[str, tuple[float, float]]
) -> dict[Spot, float]:
    """Move each spot towards the middle of its neighbours, as far as its layer has room."""
    width = {s: sizes[s[0]][0] if s[1] < 0 else 0.0 for row in order for s in row}
    x = {spot: 0.0 for row in order for spot in row}
    for _ in range(SWEEPS):
        for rows in (order, order[::-1]):
            for row in rows:
                wish = {spot: _mean((x[o] for o in _pulling(spot, spots)), x[spot]) for spot in row}
                x.update(_apart(row, wish, width))
    return x


def _pulling(spot: Spot, spots: Spots) -> list[Spot]:
    """Its neighbours; a bend is drawn most by other bends, so that long lines run straight."""
    near = list(nx.all_neighbors(spots, spot))
    return near + [other for other in near if spot[1] >= 0 and other[1] >= 0] * 5


def _apart(
    row: Sequence[Spot], wish: Mapping[Spot, float], width: Mapping[Spot, float]
) -> dict[Spot, float]:
    """As near to the wishes as keeping order and distance allows."""
    right: list[float] = []
    for n, spot in enumerate(row):
        room = right[-1] + (width[row[n - 1]] + width[spot]) / 2 + GAP if right else wish[spot]
        right.append(max(room, wish[spot]))
    shift = fmean(wish[spot] - x for spot, x in zip(row, right, strict=True))
    return {spot: x + shift for spot, x in zip(row, right, strict=True)}


def _ways(
    chains: Sequence[list[Spot]], spots: Spots, x: Mapping[Spot, float], boxes: Mapping[str, Box]
) -> list[list[Point]]:
    """The points of each line from its upper to its lower box, each at a port of its own."""
    ports: dict[tuple[Spot, bool], list[tuple[float, int]]] = {}
    for line, chain in enumerate(chains):
        if chain:
            ports.setdefault((chain[0], True), []).append((x[chain[1]], line))
            ports.setdefault((chain[-1], False), []).append((x[chain[-2]], line))
    at: dict[tuple[Spot, bool, int], Point] = {}
    for (spot, below), users in ports.items():
        box = boxes[spot[0]]
        step = min(PORT, box.width / (len(users) + 1))
        y = box.y + (box.height / 2 if below else -box.height / 2)
        for n, (_, line) in enumerate(sorted(users)):
            at[spot, below, line] = (box.x + (n - (len(users) - 1) / 2) * step, y)
    return [
        [
            at[chain[0], True, line],
            *((x[bend], spots.nodes[bend]["layer"] * LAYER) for bend in chain[1:-1]),
            at[chain[-1], False, line],
        ]
        if chain
        else []
        for line, chain in enumerate(chains)
    ]


def _mean(values: Iterable[float], otherwise: float) -> float:
    found = list(values)
    return fmean(found) if found else otherwise
