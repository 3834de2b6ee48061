"""What one turn does to the world, while it runs: its calls by id, and the ledger they stand in.

A call is begun once in a process, however often it is asked for. After a crash the turn's next
owner finds what earlier attempts have begun, and claims it call by call. No tool runs here.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from tertulia.orchestrator.effects import LEFT_OPEN, TOO_LATE, Effect, EffectId, EffectState
from tertulia.orchestrator.errors import Fenced, ShuttingDown
from tertulia.orchestrator.ports import Clock, Ledger
from tertulia.orchestrator.powers import Powers
from tertulia.orchestrator.room import TurnId

AGAIN_S = 1.0
"""How long an outcome that could not be written waits before it is tried again."""

Work: TypeAlias = Coroutine[Any, Any, Any]
Keep: TypeAlias = Callable[["asyncio.Task[Any]"], None]
"""Takes a task that may go on when its turn has ended; the room waits for it before it leaves."""


class Deeds:
    """The calls of one turn.

    ``ledger`` is ``None`` where nothing is written; then nothing is found again after a crash.
    ``epoch`` is the fencing token of the room. ``acted``: whether the turn has begun to act.
    ``powers`` is what it can do to its room (``None`` where there is no room around it).
    """

    __slots__ = (
        "_keep",
        "_open",
        "_taken",
        "_unclaimed",
        "_written",
        "acted",
        "begun",
        "doubted",
        "doubtful",
        "epoch",
        "ledger",
        "powers",
    )

    def __init__(
        self,
        ledger: Ledger | None = None,
        epoch: int = 0,
        keep: Keep | None = None,
        doubted: Callable[[], object] | None = None,
    ) -> None:
        """Nothing has been begun. ``doubted`` is called when a call in doubt has been written."""
        self.ledger, self.epoch, self.acted = ledger, epoch, False
        self.powers: Powers | None = None
        self.begun: dict[str, Any] = {}
        """What runs or has run, by call."""
        self._open: set[asyncio.Task[Any]] = set()
        self._keep: Keep = keep or _held_by(self._open)
        self._unclaimed: dict[EffectId, Effect] = {}
        self._taken: set[EffectId] = set()
        self._written: asyncio.Future[None] | None = None
        self.doubtful: set[EffectId] = set()
        """The calls of which nobody knows whether they have happened."""
        self.doubted = doubted

    @property
    def earlier(self) -> tuple[Effect, ...]:
        """What earlier attempts at this turn have begun and nobody has claimed since."""
        return tuple(self._unclaimed.values())

    async def recall(self, turn: TurnId) -> None:
        """Find out what earlier attempts at the turn did; what was running then is uncertain now.

        Raises what the ledger raises.
        """
        if self.ledger is None:
            return
        for effect in await self.ledger.of_turn(turn):
            known = effect
            if effect.state is EffectState.RUNNING:
                known = replace(effect, state=EffectState.UNCERTAIN)
                await self.ledger.write(known, self.epoch)
            self._judge(known)
            self._unclaimed[effect.id] = known
            self._taken.add(effect.id)
            self.acted = True

    def leave(self, clock: Clock) -> None:
        """The turn is over: settle what earlier attempts asked for and nobody has claimed."""
        for effect in self.earlier:
            if effect.state is EffectState.ASKED:
                refused = LEFT_OPEN[effect.state]
                late = replace(effect, state=refused, result=TOO_LATE, settled=clock.now())
                self.queue(late, clock)

    def claim(self, wanted: Effect) -> tuple[Effect, bool]:
        """The effect that this is, and whether an earlier attempt began it.

        It is the earlier one of the same id, else one that asked for the same and is not claimed
        yet: a model may give a call another id when it is asked again. What is new where the id has
        been taken by something else gets an id of its own.
        """
        found = self._unclaimed.get(wanted.id)
        if found is None or found.digest != wanted.digest:
            alike = (one for one in self._unclaimed.values() if one.digest == wanted.digest)
            found = next(alike, None)
        if found is not None:
            return self._unclaimed.pop(found.id), True
        name, place = wanted.id, 1
        while name in self._taken:
            place += 1
            name = EffectId(f"{wanted.id}~{place}")
        return (wanted if place == 1 else replace(wanted, id=name)), False

    def answered(self, name: EffectId) -> None:
        """Let an earlier effect be, since its outcome is known to whoever goes on."""
        self._unclaimed.pop(name, None)

    def work(self, work: Work, name: str) -> "asyncio.Task[Any]":
        """Begin what goes on though the turn is cut; nobody need wait for it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._keep(task)
        task.add_done_callback(_look)
        return task

    async def write(self, effect: Effect) -> None:
        """Write an effect, and wait until it is durable. Raises what the ledger raises."""
        if self.ledger is not None:
            self._judge(effect)
            await self.ledger.write(effect, self.epoch)

    def queue(self, effect: Effect, clock: Clock, *, whole: str | None = None) -> None:
        """Write an outcome without waiting for it: it is durable before whatever is written later.

        While the database cannot take it, it is tried again.
        """
        if self.ledger is None:
            return
        written = asyncio.ensure_future(self.ledger.write(effect, self.epoch, whole=whole))
        written.add_done_callback(partial(self._again, effect, clock, whole))
        self._judge(effect)
        self._written = written

    async def durable(self) -> None:
        """Wait until the outcomes that have been queued are durable, or cannot be written."""
        if self._written is not None and not self._written.done():
            await asyncio.wait([self._written])

    def _again(
        self, effect: Effect, clock: Clock, whole: str | None, written: "asyncio.Future[None]"
    ) -> None:
        error = None if written.cancelled() else written.exception()
        if error is not None and not isinstance(error, Fenced | ShuttingDown):
            self.work(self._later(effect, clock, whole), f"{effect.id} again")
        elif self.doubted is not None and effect.id in self.doubtful:
            self.doubted()

    def _judge(self, effect: Effect) -> None:
        if effect.state is EffectState.UNCERTAIN:
            self.doubtful.add(effect.id)
        else:
            self.doubtful.discard(effect.id)

    async def _later(self, effect: Effect, clock: Clock, whole: str | None) -> None:
        await clock.sleep(AGAIN_S)
        self.queue(effect, clock, whole=whole)


def _held_by(tasks: "set[asyncio.Task[Any]]") -> Keep:
    def keep(task: "asyncio.Task[Any]") -> None:
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return keep


def _look(task: "asyncio.Task[Any]") -> None:
    """Whoever asked for it may be gone: then nobody else looks at what it raised."""
    if not task.cancelled():
        task.exception()
