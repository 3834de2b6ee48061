"""A process whose agent does things to a world, to be killed at a named point or at any moment.

The nursery has imported everything. For each line of its input, a JSON object (``Life``), it forks
a process that lives so, and prints how that ended: 0 (done), or minus the signal that killed it.

The world is an SQLite file of its own, in which each tool leaves a row. The points are
``TOOL STATE ATTEMPT before|durable`` (an effect is about to be written, or has been),
``TOOL at work before|after`` (the tool has been called, and has had its effect), and
``person approve|resolve before|after``.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import sys
import threading
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import alembic.command  # noqa: F401  # so that no child needs to

import tertulia.agents.effects  # noqa: F401
from tertulia.agents import IdempotencyKey, carry_out, tool
from tertulia.compose import House, agent, human
from tertulia.orchestrator import ApprovalRule, Room, Turn
from tertulia.orchestrator.approvals import Approval, Matter
from tertulia.orchestrator.effects import Effect
from tertulia.orchestrator.errors import TertuliaError
from tertulia.orchestrator.ports import Ledger

WORLD = "CREATE TABLE IF NOT EXISTS calls (tool, turn, pid); CREATE TABLE IF NOT EXISTS paid (key)"
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Life:
    """What a process is to do, and when it is to die.

    Each of ``rooms`` is asked for so many ``errands``. It is killed at the ``point``, or after
    ``seconds`` from when its rooms are open. Every ``wrong``-th answer of the person, drawn from
    ``seed``, has something done again that had happened.
    """

    talk: str
    world: str
    rooms: int = 1
    errands: int = 1
    point: str | None = None
    seconds: float | None = None
    seed: int = 1
    wrong: float = 0.0
    ledger: bool = True


class World:
    """What tools act upon."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._chance = random.Random(life.seed)
        with closing(sqlite3.connect(life.world)) as connection:
            connection.executescript(WORLD)

    def at(self, point: str) -> None:
        """Die here, if that is so."""
        if point == self._life.point:
            os.kill(os.getpid(), signal.SIGKILL)

    def change(self, statement: str, *values: Any) -> None:
        """Have an effect that lasts."""
        with closing(sqlite3.connect(self._life.world, timeout=10.0)) as connection, connection:
            connection.execute(statement, values)

    def has(self, name: str, turn: str) -> bool:
        """Whether a tool has been called in a turn, as a person finds out by looking."""
        wanted = "SELECT 1 FROM calls WHERE tool = ? AND turn = ?"
        with closing(sqlite3.connect(self._life.world, timeout=10.0)) as connection:
            return connection.execute(wanted, [name, turn]).fetchone() is not None

    async def use(self, name: str, turn: str, *more: tuple[Any, ...]) -> str:
        """Be called, have the effect, and take a little time over it."""
        self.at(f"{name} at work before")
        await asyncio.sleep(self._chance.random() * 0.01)
        self.change("INSERT INTO calls VALUES (?, ?, ?)", name, turn, os.getpid())
        for statement, *values in more:
            self.change(statement, *values)
        self.at(f"{name} at work after")
        await asyncio.sleep(self._chance.random() * 0.01)
        return f"{name} in {turn}"


class Mortal:
    """A ledger in a process that dies when an effect is about to be written, or has been."""

    def __init__(self, ledger: Ledger, world: World) -> None:
        self._ledger, self._world = ledger, world

    def write(self, effect: Effect, epoch: int, *, whole: str | None = None) -> Awaitable[None]:
        """Write it, or die."""
        point = f"{effect.tool} {effect.state} {effect.attempt}"
        self._world.at(f"{point} before")
        written = asyncio.ensure_future(self._ledger.write(effect, epoch, whole=whole))
        written.add_done_callback(lambda done: self._world.at(f"{point} durable"))
        return written

    def __getattr__(self, name: str) -> Any:
        """All else is as it is."""
        return getattr(self._ledger, name)


def clerk(world: World) -> Callable[[Turn], Awaitable[str]]:
    """An agent that makes one call on each kind of terms, two of them at once."""

    @tool(effect="safe_retry")
    async def look(turn: str) -> str:
        """Look something up."""
        return await world.use("look", turn)

    @tool(effect="idempotent")
    async def pay(turn: str, key: IdempotencyKey) -> str:
        """Pay; the bank heeds the key."""
        once = "INSERT INTO paid SELECT ? WHERE NOT EXISTS (SELECT 1 FROM paid WHERE key = ?)"
        return await world.use("pay", turn, (once, key, key))

    @tool(effect="at_most_once")
    async def book(turn: str) -> str:
        """Book."""
        return await world.use("book", turn)

    @tool(effect="at_most_once", approval=ApprovalRule(requester=True))
    async def sign(turn: str) -> str:
        """Sign, once somebody has approved it."""
        return await world.use("sign", turn)

    async def act(turn: Turn) -> str:
        about = {"turn": turn.id}
        await carry_out(turn, look, about, call=f"look-{turn.attempt}")
        await asyncio.gather(
            carry_out(turn, pay, about, call="pay"), carry_out(turn, book, about, call="book")
        )
        return (await carry_out(turn, sign, about, call="sign")).text

    return act


class Person:
    """Answers whatever is asked, after a look at the world."""

    def __init__(self, life: Life, world: World) -> None:
        self._life, self._world = life, world
        self._chance = random.Random(life.seed + 1)

    async def attend(self, room: Room) -> None:
        """Answer what is asked in a room, for ever."""
        while True:
            for asked in room.approvals("ana"):
                await self._answer(room, asked)
            await asyncio.sleep(POLL_S)

    async def _answer(self, room: Room, asked: Approval) -> None:
        verb = "approve" if asked.kind is Matter.APPROVE else "resolve"
        self._world.at(f"person {verb} before")
        try:
            if asked.kind is Matter.APPROVE:
                await room.approve("ana", asked.id)
            else:
                await room.resolve("ana", asked.id, self._fate(asked))
        except TertuliaError:
            return  # it has been settled meanwhile
        self._world.at(f"person {verb} after")

    def _fate(self, asked: Approval) -> str:
        happened = self._world.has(asked.tool, asked.turn)
        if happened and self._chance.random() >= self._life.wrong:
            return "happened"
        return "not_done" if asked.kind is Matter.OUTCOME else "again"


async def live(life: Life) -> None:
    """Do what is to be done, unless death comes first."""
    world = World(life)
    async with House(life.talk, ledger=life.ledger) as house:
        if house.scheduler.ledger is not None:
            house.scheduler.ledger = Mortal(house.scheduler.ledger, world)
        person, act = Person(life, world), clerk(world)
        attending: list[asyncio.Task[None]] = []
        if life.seconds is not None:
            killing = threading.Timer(life.seconds, os.kill, (os.getpid(), signal.SIGKILL))
            killing.daemon = True
            killing.start()
        for number in range(life.rooms):
            room = await house.room(f"desk-{number}", human("Ana"), agent("Bo", act))
            attending.append(asyncio.create_task(person.attend(room)))
            for errand in range(life.errands):
                await room.post("ana", f"@bo, errand {errand}", key=f"errand {errand}")
        await _done(house)
        for task in attending:
            task.cancel()
        await asyncio.gather(*attending, return_exceptions=True)


async def _done(house: House) -> None:
    """Wait until every errand has been answered; a room whose turns wait for somebody is quiet."""
    rooms = [opening.result() for opening in house.scheduler._rooms.values()]
    while await house.log.unfinished() or not all(room.live.quiet for room in rooms):  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)


def main() -> None:
    """Be a nursery."""
    for line in sys.stdin:
        life = Life(**json.loads(line))
        child = os.fork()
        if not child:
            try:
                asyncio.run(live(life))
            except BaseException as error:
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
                os._exit(3)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
