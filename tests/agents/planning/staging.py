"""Plans carried out in rooms, in virtual time, with tools that count how often they are called."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from langchain_core.tools import BaseTool

from tertulia.agents import tool
from tertulia.agents.planning import Conduct, Plan, PlanOutcome, Proposer, Situation
from tertulia.agents.planning.execution import PlanRun
from tertulia.agents.planning.executors import Toolbox
from tertulia.compose import House, agent, human
from tertulia.orchestrator import Log, Room, Turn
from tertulia.orchestrator.events import Body
from tertulia.orchestrator.room import RoomId, RoomSettings
from tertulia.simulation import VirtualClock
from tertulia.simulation.clock import EPOCH

NAME = RoomId("desk")
Made = Plan | Exception


@dataclass
class World:
    """What tools did: each call by name, with when it began and ended (virtual seconds)."""

    calls: list[tuple[str, float, float]] = field(default_factory=list)
    broken: dict[str, int] = field(default_factory=dict)
    """How often each fails before it does not."""
    begun: list[str] = field(default_factory=list)

    def tools(self) -> list[BaseTool]:
        """Tools that do something for a while and give it back; by what a crash may do to them."""

        @tool(effect="safe_retry", tries=1)
        async def look(what: str, seconds: float = 1.0) -> dict[str, Any]:
            """Look something up."""
            return await self.do(what, seconds)

        @tool(effect="at_most_once")
        async def book(what: str, seconds: float = 1.0) -> dict[str, Any]:
            """Book something."""
            return await self.do(what, seconds)

        return [look, book]

    async def do(self, what: str, seconds: float) -> dict[str, Any]:
        self.begun.append(what)
        began = now()
        await asyncio.sleep(seconds)
        if self.broken.get(what, 0) > 0:
            self.broken[what] -= 1
            raise ValueError(f"no {what} today")
        self.calls.append((what, began, now()))
        return {"what": what, "price": len(what)}

    def done(self) -> list[str]:
        """What was done, in the order of being done."""
        return [what for what, _, _ in self.calls]

    def began(self, what: str) -> float:
        """When it was begun last."""
        return next(began for name, began, _ in reversed(self.calls) if name == what)


def now() -> float:
    """Seconds since virtual time began."""
    return round(VirtualClock().now() - EPOCH, 3)


def proposing(*plans: Made, after_s: float = 0.0) -> tuple[Proposer, list[Situation]]:
    """Who makes these plans, one after the other, and what it was asked."""
    asked: list[Situation] = []

    async def propose(situation: Situation) -> Plan:
        asked.append(situation)
        await asyncio.sleep(after_s)
        made = plans[len(asked) - 1]
        if isinstance(made, Exception):
            raise made
        return made

    return propose, asked


class Desk:
    """A room in which Bo carries out plans; Cy can be asked, and so can Ana and Eve, persons."""

    def __init__(self, source: Plan | Proposer, world: World, conduct: Conduct | None = None):
        self.source, self.world = source, world
        self.conduct = conduct or Conduct()
        self.outcomes: list[PlanOutcome] = []

    async def bo(self, turn: Turn) -> str:
        run = PlanRun(turn, self.source, Toolbox(self.world.tools()), self.conduct)
        self.outcomes.append(await run.run())
        return self.outcomes[-1].summary

    async def cy(self, turn: Turn) -> str:
        asked = "" if turn.answers is None else turn.answers.text
        return f"Cy knows: {asked.removeprefix('@cy ')}"

    async def open(self, house: House) -> Room:
        settings = RoomSettings(input="inform")  # type: ignore[arg-type]
        members = human("Ana"), human("Eve"), agent("Bo", self.bo), agent("Cy", self.cy)
        return await house.room(NAME, *members, policy="addressed", settings=settings)

    async def carry_out(
        self, meanwhile: Callable[[Room], Coroutine[Any, Any, None]] | None = None
    ) -> tuple[PlanOutcome, list[Body]]:
        """Let Bo do it, while something else happens; what came of it, and the log."""
        async with House(clock=VirtualClock()) as house:
            room = await self.open(house)
            await room.post("ana", "Bo, please.")
            if meanwhile is not None:
                await meanwhile(room)
            await room.lapse()
            return self.outcomes[-1], await bodies(house.log)


async def bodies(log: Log) -> list[Body]:
    """What happened in the room."""
    return [event.body for event in await log.read(NAME, 0, 100_000)]
