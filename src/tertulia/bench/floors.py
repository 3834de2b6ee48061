"""The least that a turn could cost: a bare loop, bare SQLite, bare LangGraph."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from tertulia.bench.meter import TEXT, Case, Meter

ROWS = 3
"""What a turn writes: what was said, the turn's end, the next grant."""


async def bare_loop(agents: int, turns: int, delay_s: float = 0.0) -> None:
    """A loop over agents that append what they say to a list."""
    said: list[tuple[int, str]] = []

    async def speak(number: int) -> str:
        if delay_s:
            await asyncio.sleep(delay_s)
        return TEXT

    for turn in range(turns):
        text = await speak(turn % agents)
        said.append((turn, text))


def bare_loop_case(agents: int, turns: int) -> Case:
    """Measure ``bare_loop``."""
    meter = Meter()
    asyncio.run(bare_loop(agents, turns))
    return meter.case("floor: bare asyncio loop, nothing kept", turns)


def bare_sqlite_case(path: Path, turns: int) -> Case:
    """A turn's rows in one durable transaction each, by the driver alone."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE said (room TEXT, seq INTEGER, text TEXT, PRIMARY KEY (room, seq))"
    )
    meter = Meter()
    for turn in range(turns):
        meter.mark()
        connection.execute("BEGIN IMMEDIATE")
        rows = [("bench", ROWS * turn + row, TEXT) for row in range(ROWS)]
        connection.executemany("INSERT INTO said VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
    case = meter.case("floor: bare SQLite, one transaction a turn", turns)
    connection.close()
    return case


def bare_graph_case(graph: Any, turns: int) -> Case:
    """``ainvoke`` of a compiled graph, and nothing else."""
    meter = Meter()

    async def run() -> None:
        for _ in range(turns):
            meter.mark()
            await graph.ainvoke({"draft": ""})

    asyncio.run(run())
    return meter.case("floor: bare LangGraph ainvoke of one node", turns)
