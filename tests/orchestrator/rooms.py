"""Live rooms in virtual time, with agents that do as they are told and a store that may fail."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

from tests.orchestrator.programs import CAST

from tertulia.orchestrator import (
    Delta,
    Event,
    Outcome,
    Reply,
    Room,
    RoomSettings,
    Said,
    Scheduler,
    Speaker,
    Turn,
)
from tertulia.orchestrator.events import TurnEnded
from tertulia.orchestrator.ports import Batch, Log
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.orchestrator.room import RoomId
from tertulia.simulation import VirtualClock, run
from tertulia.storage import MemoryLog
from tertulia.storage.memory import Memory

P = ParamSpec("P")

KITCHEN = RoomId("kitchen")
ADDRESSED: Mapping[str, Any] = {"name": "addressed"}


def in_no_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test in virtual time (a decorator)."""

    @wraps(test)
    def whole(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return whole


# ---- rooms


class House:
    """One process with its scheduler, over a memory that may be shared with others."""

    def __init__(self, memory: Memory | None = None, log: Log | None = None) -> None:
        """Have a memory alone, or share one; ``log`` is another log than a ``MemoryLog``."""
        self.memory = memory or Memory()
        self.log = log or MemoryLog(self.memory)
        ledger = getattr(self.log, "ledger", None)
        self.scheduler = Scheduler(self.log, VirtualClock(), ledger)

    async def room(
        self,
        who: str = "ana cy bo",
        speakers: Mapping[str, Speaker] | None = None,
        *,
        name: str = KITCHEN,
        **limits: Any,
    ) -> Room:
        """Open a room with these members of the cast in it; the policy is ``addressed``."""
        settings = RoomSettings(**{"policy": ADDRESSED, **limits})
        seated = [member for handle, member in CAST.items() if handle in who.split()]
        seated.sort(key=lambda member: who.split().index(member.id))
        return await self.scheduler.open(
            name, settings, participants=seated, speakers=speakers or {}
        )

    def crash(self) -> None:
        """Let go of every room as a process does that dies: nothing is handed back or closed."""
        for kept in self.memory.rooms.values():
            if kept.owner is self.log:
                kept.owner = None


@asynccontextmanager
async def a_house() -> AsyncIterator[House]:
    """A house that is left cleanly."""
    house = House()
    try:
        yield house
    finally:
        await house.scheduler.aclose()


async def log_of(log: Log, room: str = KITCHEN) -> list[Event]:
    """Every event of a room."""
    return list(await log.read(RoomId(room), 0, 1_000_000))


async def texts(log: Log, room: str = KITCHEN) -> list[str]:
    """All that was said in a room, in order: ``who: text``."""
    return [f"{e.by}: {e.body.text}" for e in await log_of(log, room) if isinstance(e.body, Said)]


async def endings(log: Log, room: str = KITCHEN) -> list[tuple[str, Outcome, str | None]]:
    """How the turns of a room ended, in order."""
    return [
        (e.by, e.body.outcome, e.body.problem)
        for e in await log_of(log, room)
        if isinstance(e.body, TurnEnded)
    ]


async def replays(log: Log, room: str = KITCHEN) -> bool:
    """Whether a room's log, decided again, agrees with itself."""
    return not any(
        isinstance(s, Disagreement) for s in replay(RoomId(room), await log_of(log, room))
    )


async def settle(seconds: float = 0.0) -> None:
    """Let everything happen that can happen within so many seconds."""
    await asyncio.sleep(seconds)
    for _ in range(20):
        await asyncio.sleep(0)


# ---- agents


def says(*lines: str | Reply | None, after_s: float = 0.0) -> Speaker:
    """An agent that says its lines one by one, a turn each, and then nothing."""
    left = list(lines)

    async def speak(turn: Turn) -> Reply | str | None:
        await turn.clock.sleep(after_s)
        return left.pop(0) if left else None

    return speak


def streams(*pieces: str, every_s: float = 1.0) -> Speaker:
    """An agent that says the same pieces in each turn, one every so many seconds."""

    async def speak(turn: Turn) -> None:
        for piece in pieces:
            turn.say(piece)
            await turn.clock.sleep(every_s)

    return speak


async def echo(turn: Turn) -> str:
    """Answer with what was asked, calling upon nobody."""
    asked = turn.answers
    if asked is None or not isinstance(asked.body, Said):
        return "Hm."
    return f"You said: {asked.body.text}".replace("@", "")


async def hang(turn: Turn) -> None:
    """Say nothing and never come back."""
    await asyncio.Event().wait()


def after(seconds: float, speak: Speaker) -> Speaker:
    """An agent that thinks for so long before it speaks."""

    async def slow(turn: Turn) -> Reply | str | None:
        await turn.clock.sleep(seconds)
        return await speak(turn)

    return slow


def raises(error: BaseException) -> Speaker:
    """An agent that breaks."""

    async def speak(turn: Turn) -> None:
        raise error

    return speak


# ---- readers


class Reader:
    """Somebody who reads a room from now on, as fast as it comes."""

    def __init__(self, room: Room, reads_as: str | None = None, after: int = 0) -> None:
        """``reads_as`` and ``after`` as in ``Room.subscribe``."""
        self.got: list[Event | Delta] = []
        self.task = asyncio.ensure_future(self._read(room, reads_as, after))

    async def _read(self, room: Room, reads_as: str | None, after: int) -> None:
        async for happening in room.subscribe(reads_as, after):
            self.got.append(happening)

    @property
    def events(self) -> list[Event]:
        """The events among what was read."""
        return [one for one in self.got if isinstance(one, Event)]

    @property
    def deltas(self) -> list[Delta]:
        """The pieces of utterances among what was read."""
        return [one for one in self.got if isinstance(one, Delta)]

    @property
    def heard(self) -> str:
        """All pieces in a row."""
        return "".join(delta.text for delta in self.deltas)


# ---- stores


class Faltering(MemoryLog):
    """A log that refuses its next appends with the errors it was handed, in their order.

    With ``slow_s`` an append takes so long, and others can ask meanwhile.
    """

    def __init__(self, memory: Memory | None = None, slow_s: float = 0.0) -> None:
        """Nothing is wrong with it yet."""
        super().__init__(memory)
        self.errors: list[Exception] = []
        self.slow_s = slow_s
        self.appends: list[Batch] = []

    async def append(self, batch: Batch) -> None:
        """Fail, if it is time to; else keep the batch."""
        if self.slow_s:
            await asyncio.sleep(self.slow_s)
        if self.errors:
            raise self.errors.pop(0)
        self.appends.append(batch)
        await super().append(batch)


async def gather(*asked: Awaitable[Any]) -> Sequence[Any]:
    """Do several things at once; errors are results."""
    return await asyncio.gather(*asked, return_exceptions=True)
