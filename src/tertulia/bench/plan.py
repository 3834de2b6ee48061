"""A plan of many small tasks: how long it takes over its longest chain, beside bare asyncio."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

import networkx as nx
from langchain_core.tools import BaseTool

from tertulia.agents.planning import Conduct, Plan, PlanLimits, task
from tertulia.agents.planning.checking import graph_of
from tertulia.agents.planning.execution import PlanRun
from tertulia.agents.planning.executors import Toolbox
from tertulia.agents.terms import IdempotencyKey, tool
from tertulia.bench.ledger import ledger_cpu_ms_per_call
from tertulia.bench.meter import calm_collector, database
from tertulia.compose import House, agent, human
from tertulia.orchestrator import Turn
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.plans import PlanState

TASK_S = 0.020
"""How long each task takes, in seconds."""

ROUNDS = 5
"""How often everything is measured; the median is told. The first round does not count."""


def bench_plan(tasks: int, width: int) -> dict[str, Any]:
    """Measure plans of ``tasks`` tasks of 20 ms, ``width`` beside each other.

    Every task needs two of the layer before. ``makespan_ratio`` is the time that the plan takes, in
    a room in SQLite (WAL, ``synchronous=FULL``), over that of its longest chain of tasks.
    """
    policies = ("at_most_once", "idempotent", "safe_retry")
    with calm_collector():
        plans = {policy: layered(tasks, width, policy) for policy in policies}
        ideal_s = TASK_S * (nx.dag_longest_path_length(graph_of(plans[policies[0]])) + 1)
        measured = {policy: _carried_out(plans[policy], width) for policy in policies}
        gathered = _median(lambda: gather(plans[policies[0]]))
        sent = _median(lambda: send(plans[policies[0]]))
        call_ms = ledger_cpu_ms_per_call()
    found: dict[str, Any] = {
        "bench": "plan",
        "tasks": tasks,
        "width": width,
        "task_ms": 1000 * TASK_S,
        "ideal_ms": 1000 * ideal_s,
        "makespan_ratio": measured["at_most_once"] / ideal_s,
    }
    found |= {f"makespan_ratio_{policy}": wall / ideal_s for policy, wall in measured.items()}
    found["ledger_cpu_ms_per_call"] = call_ms
    found |= {"gather_ratio": gathered / ideal_s, "send_ratio": sent / ideal_s}
    return {k: round(v, 4) if isinstance(v, float) else v for k, v in found.items()}


def layered(tasks: int, width: int, policy: str) -> Plan:
    """A plan whose tasks each need two of the layer before."""
    made = []
    for number in range(tasks):
        layer, place = divmod(number, width)
        before = {(layer - 1) * width + place, (layer - 1) * width + (place + 1) % width}
        after = sorted(f"t{one}" for one in before if layer)
        made.append(task(f"t{number}", f"tool:{policy}", {"number": number}, after=after))
    return Plan("as fast as can be", tuple(made))


# ---- ours


def _carried_out(plan: Plan, width: int) -> float:
    """The median of the seconds that it takes in a room whose log and ledger are durable."""
    took: list[float] = []
    conduct = Conduct(at_once=width, limits=PlanLimits(len(plan.tasks), len(plan.tasks)))
    box = Toolbox(_tools())

    async def carry_out(turn: Turn) -> str:
        began = time.perf_counter()
        outcome = await PlanRun(turn, plan, box, conduct).run()
        took.append(time.perf_counter() - began)
        if outcome.state is not PlanState.DONE:
            raise Misbehaved(who="the benchmark's plan", what=outcome.summary)
        return "Done."

    async def turns() -> None:
        with database() as path:
            async with House(f"sqlite:///{path}") as house:
                room = await house.room("bench", human("Ana"), agent("Bo", carry_out))
                for _ in range(ROUNDS + 1):
                    await room.post("ana", "Bo, please.")
                    await room.lapse()

    asyncio.run(turns())
    return median(took[1:])


def _tools() -> list[BaseTool]:
    """Tools that take 20 ms and do nothing, one of each policy."""

    async def work(number: int) -> int:
        """Take 20 ms."""
        await asyncio.sleep(TASK_S)
        return number

    @tool(name="idempotent", effect="idempotent")
    async def keyed(number: int, key: IdempotencyKey) -> int:
        """Take 20 ms."""
        return await work(number)

    others = ("at_most_once", "safe_retry")
    return [keyed, *(tool(name=policy, effect=policy)(work) for policy in others)]


# ---- the floors


def _median(run: Callable[[], Awaitable[float]]) -> float:
    async def rounds() -> list[float]:
        return [await run() for _ in range(ROUNDS + 1)]

    return median(asyncio.run(rounds())[1:])


async def gather(plan: Plan) -> float:
    """The seconds that bare asyncio takes, each task in a task of its own; nothing is kept."""
    done: dict[str, asyncio.Task[None]] = {}

    async def work(needs: tuple[str, ...]) -> None:
        await asyncio.gather(*(done[name] for name in needs))
        await asyncio.sleep(TASK_S)

    began = time.perf_counter()
    for one in plan.tasks:  # in the order of its layers: what each needs is there before it
        done[one.id] = asyncio.create_task(work(one.needs))
    await asyncio.gather(*done.values())
    return time.perf_counter() - began


async def send(plan: Plan) -> float:
    """The seconds that LangGraph takes, a superstep of ``Send`` for each layer; nothing is kept."""
    graph = _graph_of(plan)
    began = time.perf_counter()
    await graph.ainvoke({"layer": 0, "done": []}, {"recursion_limit": 2 * len(plan.tasks) + 5})
    return time.perf_counter() - began


def _graph_of(plan: Plan) -> Any:
    from operator import add
    from typing import Annotated, TypedDict

    from langgraph.graph import END, START, StateGraph
    from langgraph.types import Send

    layers = [list(layer) for layer in nx.topological_generations(graph_of(plan))]

    class State(TypedDict):
        layer: int
        done: Annotated[list[str], add]

    class One(TypedDict):
        name: str

    async def work(state: One) -> dict[str, Any]:
        await asyncio.sleep(TASK_S)
        return {"done": [state["name"]]}

    async def join(state: State) -> dict[str, Any]:
        return {"layer": state["layer"] + 1}

    def fan_out(state: State) -> Any:
        if state["layer"] >= len(layers):
            return END
        return [Send("work", {"name": name}) for name in layers[state["layer"]]]

    graph = StateGraph(State)
    graph.add_node("work", work)
    graph.add_node("join", join)
    graph.add_conditional_edges(START, fan_out, ["work", END])
    graph.add_edge("work", "join")
    graph.add_conditional_edges("join", fan_out, ["work", END])
    return graph.compile()
