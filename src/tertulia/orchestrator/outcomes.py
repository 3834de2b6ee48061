"""What became of effects whose turn is over: persons are asked, and the ledger gets the answer.

What somebody has said stands in the log first, then in the ledger; only then is the question
dropped. So it is neither lost nor asked twice, wherever the process ends.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from functools import partial

from tertulia.orchestrator import admission
from tertulia.orchestrator.approvals import Approval, Matter, Ruling, Verdict
from tertulia.orchestrator.effects import Effect, EffectState
from tertulia.orchestrator.errors import (
    Fenced,
    ShuttingDown,
    StoreUnusable,
    TertuliaError,
    Unreachable,
)
from tertulia.orchestrator.events import Draft
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.running import RunningTurns, Surroundings

AGAIN_S = 1.0
"""How long a ledger that cannot be reached is left alone, in seconds."""

STATES = {
    Ruling.HAPPENED: EffectState.SUCCEEDED,
    Ruling.NOT_DONE: EffectState.FAILED,
    Ruling.GIVEN_UP: EffectState.GIVEN_UP,
}
"""What an effect in doubt is once somebody has said what became of it."""


class Outcomes:
    """Looks for effects in doubt when it is told that there may be some."""

    def __init__(self, room: Surroundings, turns: RunningTurns) -> None:
        """Write into the ledger in which the ``turns`` of a room write."""
        self._room, self._turns = room, turns
        self._task: asyncio.Task[None] | None = None
        self._wanted = self._stopped = False

    def look(self) -> None:
        """Ask about what is in doubt now, and write down what has been said, in a while."""
        self._wanted = True
        if self._task is None and not self._stopped and self._turns.ledger is not None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    def settled(self) -> None:
        """Something has been decided: write it down, if it is about one of these."""
        if any(map(_told_of, self._room.floor().approvals)):
            self.look()

    def stop(self) -> None:
        """Leave what is to be done to the room's next owner."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        try:
            with suppress(TertuliaError):  # then the room's next owner does it
                while self._wanted:
                    self._wanted = False
                    await self._look()
        finally:
            self._task = None

    async def _look(self) -> None:
        try:
            for asked in filter(_told_of, self._room.floor().approvals):
                await self._record(asked)
            await self._ask()
        except (Fenced, ShuttingDown):
            raise
        except (Unreachable, StoreUnusable):
            self._wanted = True
            await self._room.clock.sleep(AGAIN_S)

    async def _ask(self) -> None:
        ledger, floor = self._turns.ledger, self._room.floor()
        in_doubt = [] if ledger is None else await ledger.in_doubt(floor.room)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            return admission.ask_outcomes(floor, in_doubt)

        if prepare(self._room.floor(), self._room.clock.now()):
            await asyncio.shield(self._room.owe(prepare))

    async def _record(self, asked: Approval) -> None:
        ledger = self._turns.ledger
        if ledger is None or asked.effect is None or asked.verdict is None:
            return
        effect = await ledger.effect(asked.effect)
        if effect is not None and effect.state is EffectState.UNCERTAIN:
            known = decided(effect, asked.verdict, self._room.clock.now())
            await ledger.write(known, self._turns.epoch)
        await asyncio.shield(self._room.owe(partial(_recorded, asked.id)))


def decided(effect: Effect, verdict: Verdict, now: float) -> Effect:
    """An effect in doubt, as persons have decided about it at ``now`` (Unix seconds)."""
    result = told(verdict)
    return replace(
        effect,
        state=STATES[verdict.ruling],
        result=result if verdict.ruling is Ruling.HAPPENED else f"error: {result}",
        settled=now,
        decided_by=verdict.by[0] if verdict.by else None,
    )


def told(verdict: Verdict) -> str:
    """What somebody said of a call in doubt, for a model or a person to read."""
    who = " and ".join(verdict.by) or "somebody"
    note = f": {verdict.note}" if verdict.note else ""
    match verdict.ruling:
        case Ruling.HAPPENED:
            return verdict.note or f"it has been done, as {who} says"
        case Ruling.NOT_DONE:
            return f"it has not been done, as {who} says{note}"
        case _:
            return f"given up by {who}{note}"


def _told_of(asked: Approval) -> bool:
    """Whether somebody has said what became of an effect whose turn is over."""
    return asked.kind is Matter.OUTCOME and not asked.open


def _recorded(name: str, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.outcome_recorded(floor, name)
