"""Carries out one plan again and again, killed (kill -9) at the next moment each time.

Everything is imported once; for each moment a process is forked that kills itself there, and then
another one that goes on to the end. What tools really did stands in a file of each run, synced line
by line. One JSON object a line is printed: the moment, how the first process ended, what was done,
and how often the person said that a call in doubt should be made again.

Moments are: before and after a plan is made, at the beginning and the end of each tool, and before
and after each write of the ledger and of the log.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Iterable
from itertools import chain, count
from pathlib import Path
from typing import Any

import alembic.command  # noqa: F401  # so that no process needs to

from tertulia.agents import tool
from tertulia.agents.planning import Conduct, Plan, Situation, task
from tertulia.agents.planning.execution import PlanRun
from tertulia.agents.planning.executors import Toolbox
from tertulia.compose import House, agent, human
from tertulia.orchestrator import Matter, Room, Turn
from tertulia.orchestrator.errors import Elsewhere
from tertulia.orchestrator.events import PlanEnded
from tertulia.orchestrator.room import RoomId
from tertulia.storage import SqlLog
from tertulia.storage.writer import Writer

LEASE_S = 0.5


class Life:
    """One process: it counts moments, and does not outlive one of them."""

    def __init__(self, folder: Path, killed_at: int | str) -> None:
        self.done = folder / "done.txt"
        self.url = f"sqlite:///{folder / 'plan.db'}"
        self.moments, self.killed_at, self.failed = 0, killed_at, False

    def moment(self, what: str = "") -> None:
        self.moments += 1
        if self.killed_at in (self.moments, what):
            os.kill(os.getpid(), signal.SIGKILL)

    def note(self, what: str) -> None:
        with self.done.open("a") as file:
            file.write(f"{what}\n")
            file.flush()
            os.fsync(file.fileno())
        self.moment(what)

    def noted(self, what: str) -> int:
        return self.done.read_text().split("\n").count(what) if self.done.exists() else 0

    def tools(self) -> list[Any]:
        @tool(effect="safe_retry", tries=1)
        async def look(what: str) -> str:
            """Look something up."""
            return await self.work(what)

        @tool(effect="at_most_once")
        async def book(what: str) -> str:
            """Book something."""
            return await self.work(what)

        return [look, book]

    async def work(self, what: str) -> str:
        self.note(f"begin {what}")
        await asyncio.sleep(0.002)
        if what == "x":
            raise ValueError("no x today")
        self.note(f"end {what}")
        return what

    async def propose(self, situation: Situation) -> Plan:
        self.note("ask for a plan")
        shared = task("a", "tool:look", {"what": "a"}), task("b", "tool:book", {"what": "b"})
        other = "x" if situation.plan is None else "y"
        last = task("d", "tool:book", {"what": "${a} ${b}"}, after=[other])
        made = Plan("all", (*shared, task(other, "tool:look", {"what": other}), last))
        self.moment()
        return made

    async def speak(self, turn: Turn) -> str:
        run = PlanRun(turn, self.propose, Toolbox(self.tools()), Conduct(replans=1))
        return (await run.run()).summary

    async def opened(self, house: House) -> Room:
        """The room, once the lease of the process before has ended."""
        while True:
            try:
                members = human("Ana"), agent("Bo", self.speak)
                return await house.room("desk", *members, policy="addressed")
            except Elsewhere:
                await asyncio.sleep(LEASE_S / 5)

    async def live(self) -> dict[str, Any]:
        again = 0
        async with House(SqlLog(self.url, lease_s=LEASE_S)) as house:
            room = await self.opened(house)
            await room.post("ana", "Bo, please.", key="only")
            await room.lapse()
            while asked := room.approvals("ana"):
                for one in asked:
                    what = json.loads(one.arguments)["what"]
                    happened = self.noted(f"end {what}") > 0
                    over = one.kind is Matter.OUTCOME
                    again += not (happened or over)
                    fate = "happened" if happened else "not_done" if over else "again"
                    await room.resolve("ana", one.id, fate, what if happened else "")
                await room.lapse()
            log = await house.log.read(RoomId("desk"), 0, 10_000)
            ended = [str(e.body.state) for e in log if isinstance(e.body, PlanEnded)]
        done = self.done.read_text().splitlines()
        return {"ended": ended, "again": again, "done": done, "moments": self.moments}


def forked(life: Life) -> tuple[int, dict[str, Any]]:
    """A process of its own; how it ended (a signal), and what it has to say."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _count_writes(life)
        told = asyncio.run(life.live())
        os.write(write, json.dumps(told).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0, json.loads(said or "{}")


def _count_writes(life: Life) -> None:
    commit = Writer._commit

    def counted(self: Writer, jobs: Any) -> Any:
        life.moment()
        results = commit(self, jobs)
        life.moment()
        return results

    Writer._commit = counted  # type: ignore[method-assign]


def main(folder: Path, every: int) -> None:
    """Go through the moments, every so many of them, after one that comes into doubt."""
    moments: Iterable[int | str] = chain(["begin b"], count(1, every))
    for killed_at in moments:
        place = folder / str(killed_at)
        place.mkdir()
        signalled, told = forked(Life(place, killed_at))
        if signalled:
            _, told = forked(Life(place, 0))
        found = {"killed_at": killed_at, "signal": signalled, **told}
        sys.stdout.write(f"{json.dumps(found)}\n")
        if not signalled:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
