"""What the effect ledger costs: the same calls in many rooms at once, with it and without."""

import asyncio
import time
from statistics import median

from tertulia.agents import carry_out, tool
from tertulia.bench.meter import calm_collector, database
from tertulia.compose import House, agent, human
from tertulia.orchestrator import Turn


def ledger_cpu_ms_per_call(rooms: int = 50, calls: int = 40, rounds: int = 3) -> float:
    """Processor time (ms) that a tool call takes more because it is written down.

    In each of ``rooms`` rooms one agent makes ``calls`` calls, one after the other, of a tool that
    does nothing; intents and outcomes are durable in an SQLite file. The median of ``rounds``, each
    measured beside the same without a ledger.
    """
    return median(
        _cpu_ms(rooms, calls, ledger=True) - _cpu_ms(rooms, calls, ledger=False)
        for _ in range(rounds)
    )


def _cpu_ms(rooms: int, calls: int, *, ledger: bool) -> float:
    with database() as path:
        return asyncio.run(_busy(f"sqlite:///{path}", rooms, calls, ledger=ledger))


async def _busy(url: str, rooms: int, calls: int, *, ledger: bool) -> float:
    @tool
    async def nothing(number: int) -> str:
        """Do nothing."""
        return "done"

    async def act(turn: Turn) -> str:
        for number in range(calls):
            await carry_out(turn, nothing, {"number": number}, call=str(number))
        return "done"

    async with House(url, ledger=ledger) as house:
        names = [f"room-{number}" for number in range(rooms)]
        opened = [await house.room(name, human("Ana"), agent("Bo", act)) for name in names]
        with calm_collector():
            began = time.process_time()
            await asyncio.gather(*(room.post("ana", "Bo?") for room in opened))
            await asyncio.gather(*(room.lapse() for room in opened))
            spent_s = time.process_time() - began
    return 1000 * spent_s / (rooms * calls)
