"""Many rooms at once, each with agents whose model takes its time."""

from typing import Any

from tertulia.bench.agents import one_node, plain
from tertulia.bench.floors import bare_graphs, bare_loops
from tertulia.bench.meter import calm_collector, result
from tertulia.bench.talk import Talk
from tertulia.graphs import compiled, speaker_of


def bench_rooms(rooms: int, agents: int, turns: int, delay_ms: float) -> dict[str, Any]:
    """Measure ``rooms`` rooms that all talk at once; the ideal wall time is ``turns`` delays."""
    delay_s, talk = delay_ms / 1000, Talk(rooms, agents, turns)
    graph = one_node(delay_s)
    with calm_collector():
        loops = bare_loops(rooms, turns, delay_s)
        invoke = bare_graphs(compiled(graph), rooms, turns)
        cases = [
            loops,
            talk.in_memory("plain functions, in memory", plain(delay_s), loops),
            talk.durable("plain functions, SQLite", plain(delay_s), loops),
            invoke,
            talk.durable("graphs of one node, SQLite", speaker_of(graph), invoke),
        ]
    settings = {"rooms": rooms, "agents": agents, "turns": turns, "delay_ms": delay_ms}
    return result("rooms", cases, **settings, ideal_wall_s=turns * delay_s)
