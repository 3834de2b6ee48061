"""The least that a turn could cost: a bare loop, bare SQLite, bare LangGraph."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from tertulia.bench.meter import TEXT, Case, Meter

ROWS = 3
"""What a turn writes: what was said, the turn's end, the next grant."""


def bare_loops(rooms: int, turns: int, delay_s: float = 0.0) -> Case:
    """Loops that append what an agent says to a list, all at once."""

    async def speak() -> str:
        if delay_s:
            await asyncio.sleep(delay_s)
        return TEXT

    async def talk() -> None:
        said: list[tuple[int, str]] = []
        for turn in range(turns):
            text = await speak()
            said.append((turn, text))

    async def all_rooms() -> Case:
        meter = Meter()
        await asyncio.gather(*(talk() for _ in range(rooms)))
        return meter.case("floor: bare asyncio loop, nothing kept", rooms * turns)

    return asyncio.run(all_rooms())


def bare_sqlite(path: Path, turns: int) -> Case:
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


def bare_graphs(graph: Any, rooms: int, turns: int) -> Case:
    """``ainvoke`` of a compiled graph, turn after turn in all rooms at once, and nothing else."""

    async def talk() -> None:
        for _ in range(turns):
            await graph.ainvoke({"draft": ""})

    async def all_rooms() -> Case:
        meter = Meter()
        await asyncio.gather(*(talk() for _ in range(rooms)))
        return meter.case("floor: bare LangGraph ainvoke of one node", rooms * turns)

    return asyncio.run(all_rooms())
