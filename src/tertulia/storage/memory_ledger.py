"""An effect ledger that is forgotten when the process ends, with the durable one's contract."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from tertulia.orchestrator.effects import (
    LEFT_OPEN,
    TOO_LATE,
    Effect,
    EffectId,
    EffectPolicy,
    EffectState,
)
from tertulia.orchestrator.room import RoomId, TurnId

Fence = Callable[[RoomId, int], None]
"""Raises ``Fenced`` for an epoch that is not the newest, and ``ShuttingDown`` once it is closed."""


class Effects:
    """What several ``MemoryLedger`` share, as processes share a database."""

    def __init__(self) -> None:
        """Nothing has been done yet."""
        self.known: dict[EffectId, Effect] = {}
        self.rooms: dict[RoomId, dict[EffectId, None]] = {}
        self.results: dict[str, str] = {}


class MemoryLedger:
    """One owner's access to what is kept (``ports.Ledger``)."""

    def __init__(self, kept: Effects | None = None, fence: Fence | None = None) -> None:
        """Share ``kept`` with others or have it alone; without a ``fence`` anybody may write."""
        self._kept = kept or Effects()
        self._fence = fence or (lambda room, epoch: None)

    def write(self, effect: Effect, epoch: int, *, whole: str | None = None) -> Awaitable[None]:
        """Keep an effect."""
        promise: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            self._fence(effect.room, epoch)
        except Exception as error:  # told to whoever awaits it, as by a database
            promise.set_exception(error)
            return promise
        self._kept.known[effect.id] = effect
        self._kept.rooms.setdefault(effect.room, {}).setdefault(effect.id)
        if whole is not None and effect.whole is not None:
            self._kept.results.setdefault(effect.whole, whole)
        promise.set_result(None)
        return promise

    async def abandon(self, room: RoomId, epoch: int, held: Collection[TurnId], now: float) -> None:
        """Settle what turns that are over have left open."""
        self._fence(room, epoch)
        for effect in self._of(room):
            then = LEFT_OPEN.get(effect.state)
            if then is None or effect.turn in held:
                continue
            left = replace(effect, state=then)
            if then is EffectState.REFUSED:
                left = replace(left, result=TOO_LATE, settled=now)
            self._kept.known[effect.id] = left

    async def of_turn(self, turn: TurnId) -> Sequence[Effect]:
        """The effects of a turn."""
        room = RoomId(turn.rpartition("/")[0])
        return [effect for effect in self._of(room) if effect.turn == turn]

    async def of_room(
        self, room: RoomId, limit: int, before: float | None = None
    ) -> Sequence[Effect]:
        """The last effects of a room."""
        found = [one for one in self._of(room) if before is None or one.began < before]
        return found[max(0, len(found) - limit) :]

    async def effect(self, name: EffectId) -> Effect | None:
        """The effect of an id."""
        return self._kept.known.get(name)

    async def in_doubt(self, room: RoomId, limit: int = 1000) -> Sequence[Effect]:
        """The uncertain effects of a room that may have changed something."""
        uncertain = (one for one in self._of(room) if one.state is EffectState.UNCERTAIN)
        return [o for o in uncertain if o.policy is not EffectPolicy.SAFE_RETRY][:limit]

    async def whole(self, digest: str) -> str | None:
        """A whole result."""
        return self._kept.results.get(digest)

    def _of(self, room: RoomId) -> list[Effect]:
        return [self._kept.known[name] for name in self._kept.rooms.get(room, ())]
