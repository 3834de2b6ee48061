"""One room, many turns: what each costs, and whether the thousandth costs more than the first."""

from typing import Any

from tertulia.bench.agents import one_node, plain
from tertulia.bench.floors import bare_graphs, bare_loops, bare_sqlite
from tertulia.bench.meter import calm_collector, database, result
from tertulia.bench.talk import Talk
from tertulia.graphs import compiled, speaker_of


def bench_turns(agents: int, turns: int) -> dict[str, Any]:
    """Measure plain and graph agents, in memory and durably, beside their floors."""
    graph, talk = one_node(), Talk(1, agents, turns)
    with calm_collector():
        loop = bare_loops(1, turns)
        with database() as path:
            sqlite = bare_sqlite(path, turns)
        invoke = bare_graphs(compiled(graph), 1, turns)
        cases = [
            loop,
            talk.in_memory("plain functions, in memory", plain(), loop),
            sqlite,
            talk.durable("plain functions, SQLite", plain(), sqlite),
            invoke,
            talk.in_memory("graphs of one node, in memory", speaker_of(graph), invoke),
            talk.durable("graphs of one node, SQLite", speaker_of(graph), invoke),
        ]
    return result("turns", cases, agents=agents, turns=turns)
