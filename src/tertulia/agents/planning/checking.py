"""What is wrong with a plan, all of it at once, before anything is done. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import networkx as nx

from tertulia.agents.planning.fitting import misfits
from tertulia.agents.planning.plan import (
    LIMITS,
    Executor,
    ExecutorId,
    Plan,
    PlanLimits,
    Task,
    TaskId,
    kind_of,
)
from tertulia.agents.planning.references import TASK_NAME, malformed, referred
from tertulia.orchestrator.errors import Invalid

_ID = re.compile(TASK_NAME)


class BadPlan(Invalid):
    """A plan that cannot be carried out; ``flaws`` has everything that is wrong with it."""

    says = "{where} cannot be carried out:\n  {what}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong: with which task (``None``: the plan), in which field."""

    task: str | None
    field: str
    what: str

    def __str__(self) -> str:
        """As a person or a model reads it."""
        whose = "plan" if self.task is None else f"task {self.task!r}"
        return f"{whose}, {self.field}: {self.what}"


def checked(plan: Plan, executors: Iterable[Executor], limits: PlanLimits = LIMITS) -> Plan:
    """The plan, if it can be carried out by these. Raises ``BadPlan``."""
    flaws = flaws_of(plan, executors, limits)
    if flaws:
        raise bad(flaws)
    return plan


def bad(flaws: Sequence[Flaw]) -> BadPlan:
    """The error that tells these flaws."""
    return BadPlan(where="the plan", what="\n  ".join(map(str, flaws)), flaws=tuple(flaws))


def flaws_of(
    plan: Plan, executors: Iterable[Executor], limits: PlanLimits = LIMITS
) -> tuple[Flaw, ...]:
    """Everything that is wrong with a plan, in the order of its tasks."""
    known = {executor.id: executor for executor in executors}
    graph = graph_of(plan)
    names = {task.id: None for task in plan.tasks}
    return (
        *_of_ids(plan),
        *(flaw for task in plan.tasks for flaw in _of_task(task, names, known)),
        *_of_order(graph),
        *_of_size(plan, graph, known, limits),
    )


def graph_of(plan: Plan) -> "nx.DiGraph[TaskId]":
    """The plan's tasks, with an arrow from each to those that need it."""
    graph: nx.DiGraph[TaskId] = nx.DiGraph()
    graph.add_nodes_from(task.id for task in plan.tasks)
    graph.add_edges_from(
        (before, task.id) for task in plan.tasks for before in task.needs if before in graph
    )
    return graph


def _of_ids(plan: Plan) -> Iterator[Flaw]:
    seen: set[TaskId] = set()
    for task in plan.tasks:
        if not _ID.fullmatch(task.id):
            what = "is a letter and up to 39 letters, digits, _ and -"
            yield Flaw(task.id, "id", what)
        elif task.id in seen:
            yield Flaw(task.id, "id", "another task bears it already")
        seen.add(task.id)


def _of_task(
    task: Task, names: Mapping[TaskId, None], known: Mapping[ExecutorId, Executor]
) -> Iterator[Flaw]:
    executor = known.get(task.executor)
    if executor is None:
        yield Flaw(task.id, "executor", _nobody(task.executor, known))
    else:
        for where, what in misfits(dict(task.arguments), executor.schema):
            yield Flaw(task.id, f"arguments.{where}" if where else "arguments", what)
    for before in dict.fromkeys(task.after):
        if before not in names:
            yield Flaw(task.id, "after", _no_task(before, names))
    for mark in malformed(task.arguments):
        yield Flaw(task.id, "arguments", f"{mark!r} is no reference; write ${{TASK.PATH}}")
    for name in dict.fromkeys(reference.task for reference in referred(task.arguments)):
        if name not in names:
            yield Flaw(task.id, "arguments", _no_task(name, names))


def _of_order(graph: "nx.DiGraph[TaskId]") -> Iterator[Flaw]:
    """Circles, and what waits for one in vain."""
    told: set[TaskId] = set()
    place = {name: number for number, name in enumerate(graph)}
    for knot in list(nx.strongly_connected_components(graph)):
        first = min(knot, key=place.__getitem__)
        if len(knot) == 1 and not graph.has_edge(first, first):
            continue
        circle = [edge[0] for edge in nx.find_cycle(graph.subgraph(knot), first)]
        way = " -> ".join([*circle, circle[0]])
        yield Flaw(circle[0], "after", f"waits for itself: {way}")
        behind = {after for name in knot for after in nx.descendants(graph, name)} - knot - told
        for name in sorted(behind, key=place.__getitem__):
            yield Flaw(name, "after", f"is never reached, since it waits for the circle {way}")
        told |= knot | behind


def _of_size(
    plan: Plan,
    graph: "nx.DiGraph[TaskId]",
    known: Mapping[ExecutorId, Executor],
    limits: PlanLimits,
) -> Iterator[Flaw]:
    if len(plan.tasks) > limits.tasks:
        yield Flaw(None, "tasks", f"there are {len(plan.tasks)}, and at most {limits.tasks} may be")
    if nx.is_directed_acyclic_graph(graph):
        depth = sum(1 for _ in nx.topological_generations(graph))
        if depth > limits.depth:
            what = f"{depth} follow one another, and at most {limits.depth} may"
            yield Flaw(None, "tasks", what)
    used = [known[task.executor] for task in plan.tasks if task.executor in known]
    tokens, cost = sum(one.tokens for one in used), sum(one.cost for one in used)
    if limits.tokens is not None and tokens > limits.tokens:
        yield Flaw(None, "tokens", f"it would take {tokens:,}, and may take {limits.tokens:,}")
    if limits.cost is not None and cost > limits.cost:
        yield Flaw(None, "cost", f"it would cost {cost:g}, and may cost {limits.cost:g}")


def _nobody(wanted: ExecutorId, known: Mapping[ExecutorId, Executor]) -> str:
    close = get_close_matches(wanted, known, n=1)
    if close:
        return f"there is no {wanted!r}; did you mean {close[0]!r}?"
    same = [name for name in known if name.endswith(f":{wanted}")]
    if same and kind_of(wanted) is None:
        return f"there is no {wanted!r}; did you mean {same[0]!r}?"
    return f"there is no {wanted!r}; there are {', '.join(known) or 'none'}"


def _no_task(wanted: str, names: Iterable[str]) -> str:
    close = get_close_matches(wanted, names, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names)}"
    return f"there is no task {wanted!r}; {hint}"
