"""One room, many turns: what each costs, and whether the thousandth costs more than the first."""

import asyncio
from collections.abc import Callable
from typing import Any

from tertulia.bench.agents import one_node, plain
from tertulia.bench.floors import bare_graph_case, bare_loop_case, bare_sqlite_case
from tertulia.bench.meter import Case, Meter, bytes_of, calm_collector, database, result
from tertulia.compose import House, agent, human
from tertulia.graphs import compiled, speaker_of
from tertulia.orchestrator import RoomSettings, Speaker
from tertulia.orchestrator.policies import RoundRobin

WARM_UP = 50


def bench_turns(agents: int, turns: int) -> dict[str, Any]:
    """Measure plain and graph agents, in memory and durably, beside their floors."""
    graph = one_node()
    with calm_collector():
        loop = bare_loop_case(agents, turns)
        with database() as path:
            sqlite = bare_sqlite_case(path, turns)
        invoke = bare_graph_case(compiled(graph), turns)
        cases = [
            loop,
            _measured("plain functions, in memory", "memory:", agents, turns, plain, loop),
            sqlite,
            _durable("plain functions, SQLite", agents, turns, plain, sqlite),
            invoke,
            _durable("graphs of one node, SQLite", agents, turns, _thinking(graph), invoke),
        ]
    return result("turns", cases, agents=agents, turns=turns)


def _thinking(graph: Any) -> Callable[[Callable[[], None]], Speaker]:
    speaker = speaker_of(graph)

    def made(mark: Callable[[], None]) -> Speaker:
        async def speak(turn: Any) -> Any:
            mark()
            return await speaker(turn)

        return speak

    return made


def _durable(
    name: str, agents: int, turns: int, make: Callable[[Callable[[], None]], Speaker], floor: Case
) -> Case:
    with database() as path:
        case = _measured(name, f"sqlite:///{path}", agents, turns, make, floor)
        size = bytes_of(path) / (turns + WARM_UP)
    from dataclasses import replace

    return replace(case, bytes_per_turn=size)


def _measured(
    name: str,
    url: str,
    agents: int,
    turns: int,
    make: Callable[[Callable[[], None]], Speaker],
    floor: Case,
) -> Case:
    return asyncio.run(_talk(name, url, agents, turns, make, floor))


async def _talk(
    name: str,
    url: str,
    agents: int,
    turns: int,
    make: Callable[[Callable[[], None]], Speaker],
    floor: Case,
) -> Case:
    async with House(url) as house:
        await _one_room(house, "warm-up", agents, WARM_UP, make, Meter())
        meter = Meter()
        await _one_room(house, "bench", agents, turns, make, meter)
        return meter.case(name, turns, floor)


async def _one_room(
    house: House,
    name: str,
    agents: int,
    turns: int,
    make: Callable[[Callable[[], None]], Speaker],
    meter: Meter,
) -> None:
    speaker = make(meter.mark)
    members = [agent(f"Agent {number}", speaker) for number in range(agents)]
    settings = RoomSettings(turn_limit=turns)
    room = await house.room(name, human("Ana"), *members, policy=RoundRobin(), settings=settings)
    await room.post("ana", "Where shall the shelf go?")
    await room.lapse()
