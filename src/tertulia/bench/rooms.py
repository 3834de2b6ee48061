"""Many rooms at once, each with agents whose model takes its time."""

import asyncio
from typing import Any

import psutil

from tertulia.bench.agents import one_node, plain
from tertulia.bench.floors import bare_loop
from tertulia.bench.meter import Case, Meter, bytes_of, calm_collector, database, result
from tertulia.compose import House, agent, human
from tertulia.graphs import speaker_of
from tertulia.orchestrator import Room, RoomSettings, Speaker
from tertulia.orchestrator.policies import RoundRobin


def bench_rooms(rooms: int, agents: int, turns: int, delay_ms: float) -> dict[str, Any]:
    """Measure ``rooms`` rooms that all talk at once; the ideal wall time is ``turns`` delays."""
    delay_s = delay_ms / 1000
    with calm_collector():
        floor = asyncio.run(_bare(rooms, agents, turns, delay_s))
        quick = plain(lambda: None, delay_s)
        thinking = speaker_of(one_node(delay_s))
        cases = [
            floor,
            asyncio.run(
                _talk("plain functions, in memory", "memory:", rooms, agents, turns, quick, floor)
            ),
            _durable("plain functions, SQLite", rooms, agents, turns, quick, floor),
            _durable("graphs of one node, SQLite", rooms, agents, turns, thinking, floor),
        ]
    settings = {"rooms": rooms, "agents": agents, "turns": turns, "delay_ms": delay_ms}
    return result("rooms", cases, **settings, ideal_wall_s=turns * delay_s)


async def _bare(rooms: int, agents: int, turns: int, delay_s: float) -> Case:
    meter = Meter()
    await asyncio.gather(*(bare_loop(agents, turns, delay_s) for _ in range(rooms)))
    return meter.case("floor: bare asyncio loops, nothing kept", rooms * turns)


def _durable(name: str, rooms: int, agents: int, turns: int, speaker: Speaker, floor: Case) -> Case:
    from dataclasses import replace

    with database() as path:
        case = asyncio.run(_talk(name, f"sqlite:///{path}", rooms, agents, turns, speaker, floor))
        return replace(case, bytes_per_turn=bytes_of(path) / (rooms * turns))


async def _talk(
    name: str, url: str, rooms: int, agents: int, turns: int, speaker: Speaker, floor: Case
) -> Case:
    async with House(url) as house:
        before = psutil.Process().memory_info().rss
        opened = await asyncio.gather(
            *(_opened(house, f"room-{number}", agents, turns, speaker) for number in range(rooms))
        )
        size = (psutil.Process().memory_info().rss - before) / 1024 / rooms
        meter = Meter()
        await asyncio.gather(*(_spoken(room) for room in opened))
        return meter.case(name, rooms * turns, floor, kb_per_room=size)


async def _opened(house: House, name: str, agents: int, turns: int, speaker: Speaker) -> Room:
    members = [agent(f"Agent {number}", speaker) for number in range(agents)]
    settings = RoomSettings(turn_limit=turns)
    return await house.room(name, human("Ana"), *members, policy=RoundRobin(), settings=settings)


async def _spoken(room: Room) -> None:
    await room.post("ana", "Where shall the shelf go?")
    await room.lapse()
