"""How long a graph will take, and how many tokens, going by how long its nodes took before.

Pure but for the seed: so many walks through the graph are drawn, each node's time from its own
past, each choice from what was chosen there before. What nobody has seen is told, not made up: a
node that was never timed takes no time (so the whole is a lower bound), and where nobody has seen
a choice, all of its ways are as likely.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from statistics import fmean
from typing import TypeAlias

import networkx as nx

from tertulia.graphs.compiler import Compiled
from tertulia.graphs.history import Timed, Timing
from tertulia.graphs.marks import Mark, Marks
from tertulia.graphs.sketch import Sketch, sketch
from tertulia.graphs.spec import END, START, TurnGraph

WALKS = 2_000
BOUND = 25
"""Steps of a graph that names no limit."""

Outcome: TypeAlias = Mapping[str, int]
"""What followed in the next step: how many executions of which node."""


@dataclass(frozen=True, slots=True)
class Range:
    """The middle, and what nineteen of twenty stay below."""

    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class NodeForecast:
    """One node: how often it was timed, how often a turn runs it, what one execution takes."""

    timed: int
    per_turn: float
    seconds: Range
    tokens: Range


@dataclass(frozen=True, slots=True)
class Forecast:
    """A turn of a graph: seconds, tokens, and its nodes.

    ``longest`` is the way through the graph that takes the longest time in the mean; ``unknown``
    are nodes that turns come to and that nobody has timed, ``guessed`` those after which nobody has
    seen what is chosen; ``cut`` is the share of turns that reach the graph's bound.
    """

    graph: str
    runs: int
    seconds: Range
    tokens: Range
    nodes: Mapping[str, NodeForecast]
    longest: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    guessed: tuple[str, ...] = ()
    cut: float = 0.0

    @property
    def marks(self) -> Marks:
        """The same, to be drawn on the graph."""
        marks = dict.fromkeys(self.longest, Mark.LONGEST) | dict.fromkeys(
            self.unknown, Mark.UNKNOWN
        )
        notes = {
            name: f"{spell(node.seconds.p50)} · p95 {spell(node.seconds.p95)}"
            for name, node in self.nodes.items()
            if node.timed
        }
        least = "at least " if self.unknown else ""
        took = f"p50 {spell(self.seconds.p50)} · p95 {spell(self.seconds.p95)}"
        return Marks(marks, notes, f"{least}{took} · from {self.runs} runs")


def forecast(
    graph: TurnGraph | Compiled, runs: Iterable[Timing], *, walks: int = WALKS, seed: int = 0
) -> Forecast:
    """Say what a turn will take, from earlier runs; those of another graph are left out."""
    seen, bound = sketch(graph), _bound(graph)
    known = [run for run in runs if {t.node for step in run.steps for t in step} <= {*seen.nodes}]
    past = _Past.of(seen, known)
    drawn = (Random(f"{seed}/{number}") for number in range(walks))  # noqa: S311 - no secret
    walked = [_walk(past, bound, one) for one in drawn]
    visits = Counter[str]()
    for walk in walked:
        visits.update(walk.visits)
    nodes = {
        name: _node(past.times.get(name, ()), visits[name] / walks)
        for name in seen.nodes
        if name not in (START, END)
    }
    return Forecast(
        seen.name,
        len(known),
        _range([walk.seconds for walk in walked]),
        _range([walk.tokens for walk in walked]),
        nodes,
        _longest(seen, nodes, past),
        tuple(name for name, node in nodes.items() if node.per_turn and not node.timed),
        tuple(n for n in seen.nodes if (visits[n] or n == START) and n in past.guessed),
        sum(walk.cut for walk in walked) / walks,
    )


def spell(seconds: float) -> str:
    """A time as people write it."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of a graph: each node's times, and what followed upon it."""

    times: Mapping[str, Sequence[Timed]]
    followed: Mapping[str, Sequence[Outcome]]
    plain: Mapping[str, Sequence[str]]
    chosen: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, seen: Sketch, runs: Iterable[Timing]) -> "_Past":
        plain: dict[str, list[str]] = {}
        chosen: dict[str, list[str]] = {}
        for arrow in seen.arrows:
            (chosen if arrow.dashed else plain).setdefault(arrow.source, []).append(arrow.target)
        times: dict[str, list[Timed]] = {}
        followed: dict[str, list[Outcome]] = {}
        for run in runs:
            for name, outcome in _outcomes(run, plain, chosen):
                followed.setdefault(name, []).append(outcome)
            for timed in (t for step in run.steps for t in step):
                times.setdefault(timed.node, []).append(timed)
        return cls(times, followed, plain, chosen)

    @property
    def guessed(self) -> frozenset[str]:
        """Those after which something is chosen, and nobody has seen what."""
        return frozenset(name for name in self.chosen if name not in self.followed)

    def next(self, name: str, drawn: Random) -> Outcome:
        """What follows, this time."""
        if name in self.followed:
            return drawn.choice(self.followed[name])
        ways = [*self.plain.get(name, ())]
        if self.chosen.get(name):
            ways.append(drawn.choice(self.chosen[name]))
        return Counter(way for way in ways if way != END)


def _outcomes(
    run: Timing, plain: Mapping[str, Sequence[str]], chosen: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Outcome]]:
    """What followed upon each node, step by step; nothing, where a run came to its end."""
    steps = [Counter([START])] if run.begun else []
    steps += [Counter(timed.node for timed in step) for step in run.steps]
    steps += [Counter()] if run.ended else []
    for now, then in pairwise(steps):
        for name in now:
            to = {*plain.get(name, ()), *chosen.get(name, ())}
            yield name, {node: then[node] for node in then if not to or node in to}


@dataclass(slots=True)
class _Walk:
    seconds: float = 0.0
    tokens: int = 0
    visits: Counter[str] = field(default_factory=Counter)
    cut: bool = False


def _walk(past: _Past, bound: int, drawn: Random) -> _Walk:
    """One turn, step by step: a step takes as long as the longest of what runs in it."""
    walk, now = _Walk(), Counter(past.next(START, drawn))
    for _ in range(bound + 1):  # LangGraph runs the step beyond the bound, and fails after it
        if not now:
            return walk
        took = [
            drawn.choice(past.times[name])
            for name, times in now.items()
            if name in past.times
            for _ in range(times)
        ]
        walk.seconds += max((timed.seconds for timed in took), default=0.0)
        walk.tokens += sum(timed.tokens for timed in took)
        walk.visits.update(now)
        then: Counter[str] = Counter()
        for name in now:
            then |= Counter(past.next(name, drawn))
        now = then
    walk.cut = True
    return walk


def _node(times: Sequence[Timed], per_turn: float) -> NodeForecast:
    seconds, tokens = [timed.seconds for timed in times], [timed.tokens for timed in times]
    return NodeForecast(len(times), round(per_turn, 3), _range(seconds), _range(tokens))


def _range(values: Sequence[float]) -> Range:
    """The nearest ranks; nothing is read into a few values that they do not say."""
    if not values:
        return Range(0.0, 0.0)
    ordered = sorted(values)
    last = len(ordered) - 1
    return Range(ordered[round(0.5 * last)], ordered[round(0.95 * last)])


def _longest(seen: Sketch, nodes: Mapping[str, NodeForecast], past: _Past) -> tuple[str, ...]:
    """The critical path: circles are taken as one, with all that a turn spends in them."""
    arrows: nx.DiGraph[str] = nx.DiGraph()
    arrows.add_nodes_from(name for name, node in nodes.items() if node.per_turn)
    arrows.add_edges_from(
        (a.source, a.target) for a in seen.arrows if a.source in arrows and a.target in arrows
    )
    takes = {
        name: fmean(timed.seconds for timed in past.times[name]) * node.per_turn
        for name, node in nodes.items()
        if name in past.times
    }
    order = list(nodes)
    circles = nx.condensation(arrows)
    circles.add_node(-1, members=set[str]())
    for one in [n for n in circles if n >= 0]:
        circles.add_edge(-1, one)
    for _, to, told in circles.edges(data=True):
        told["s"] = sum(takes.get(name, 0.0) for name in circles.nodes[to]["members"])
    way = nx.dag_longest_path(circles, weight="s")
    return tuple(n for c in way for n in sorted(circles.nodes[c]["members"], key=order.index))


def _bound(graph: TurnGraph | Compiled) -> int:
    if isinstance(graph, TurnGraph):
        return graph.bound or max(1, len(graph.nodes))
    return int((graph.config or {}).get("recursion_limit", BOUND + 1)) - 1
