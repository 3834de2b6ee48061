"""Rooms that talk as fast as they can, and what that cost."""

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psutil

from tertulia.bench.meter import Case, Meter, bytes_of, database
from tertulia.compose import MEMORY, House, agent, human
from tertulia.orchestrator import Reply, Room, RoomSettings, Speaker, Turn
from tertulia.orchestrator.policies import RoundRobin

if TYPE_CHECKING:
    from tertulia.telemetry import Telemetry

WARM_UP = 50
"""Turns before anything is measured."""


@dataclass(frozen=True, slots=True)
class Talk:
    """So many rooms of so many agents, with so many turns in each."""

    rooms: int
    agents: int
    turns: int

    def in_memory(self, name: str, speaker: Speaker, floor: Case) -> Case:
        """Measure it with a log that is forgotten."""
        return asyncio.run(self.measure(name, MEMORY, speaker, floor))

    def durable(self, name: str, speaker: Speaker, floor: Case) -> Case:
        """Measure it with a log in SQLite."""
        with database() as path:
            case = asyncio.run(self.measure(name, f"sqlite:///{path}", speaker, floor))
            turns = self.rooms * self.turns + WARM_UP
            return replace(case, bytes_per_turn=bytes_of(path) / turns)

    async def measure(
        self,
        name: str,
        url: str,
        speaker: Speaker,
        floor: Case | None,
        telemetry: "Telemetry | None" = None,
    ) -> Case:
        """Measure it with the log at ``url``, watched by ``telemetry`` if there is one."""
        async with House(url, telemetry=telemetry) as house:
            await _spoken(await _opened(house, "warm-up", self.agents, WARM_UP, speaker))
            before = psutil.Process().memory_info().rss
            meter = Meter()

            async def marking(turn: Turn) -> Reply | str | None:
                meter.mark()
                return await speaker(turn)

            one = self.rooms == 1  # growth is told of one room; many take turns at growing
            rooms = await asyncio.gather(
                *(
                    _opened(
                        house, f"room-{n}", self.agents, self.turns, marking if one else speaker
                    )
                    for n in range(self.rooms)
                )
            )
            size = (psutil.Process().memory_info().rss - before) / 1024 / self.rooms
            meter.restart()
            await asyncio.gather(*map(_spoken, rooms))
            case = meter.case(name, self.rooms * self.turns, floor)
            return case if one else replace(case, kb_per_room=size)


async def _opened(house: House, name: str, agents: int, turns: int, speaker: Speaker) -> Room:
    members = [agent(f"Agent {number}", speaker) for number in range(agents)]
    settings = RoomSettings(turn_limit=turns)
    return await house.room(name, human("Ana"), *members, policy=RoundRobin(), settings=settings)


async def _spoken(room: Room) -> None:
    await room.post("ana", "Where shall the shelf go?")
    await room.lapse()
