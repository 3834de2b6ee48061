"""The effect ledger in a SQL database: it shares the log's tables, its writer and its fence."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from tertulia.orchestrator.effects import (
    LEFT_OPEN,
    SETTLED,
    TOO_LATE,
    Effect,
    EffectId,
    EffectPolicy,
    EffectState,
)
from tertulia.orchestrator.errors import Fenced
from tertulia.orchestrator.room import RoomId, TurnId
from tertulia.storage.effect_rows import Entry, effect_of
from tertulia.storage.tables import effects, results, rooms
from tertulia.storage.writer import Writer

T = TypeVar("T")


class Reading(Protocol):
    """How a query is put to the database."""

    def __call__(self, query: Callable[[sa.Connection], T]) -> Awaitable[T]:
        """What comes of it."""
        ...


class SqlLedger:
    """The durable ledger (``ports.Ledger``); made by ``SqlLog``, and closed with it."""

    def __init__(self, writer: Writer, read: Reading) -> None:
        """Write by the log's writer and read as the log does."""
        self._writer, self._read = writer, read

    def write(self, effect: Effect, epoch: int, *, whole: str | None = None) -> Awaitable[None]:
        """Queue an effect; what says that a tool may run now is not kept waiting."""
        waited_for = effect.state not in SETTLED and effect.policy is not EffectPolicy.SAFE_RETRY
        return self._writer.queue(Entry(effect, epoch, whole), urgent=waited_for)

    async def abandon(self, room: RoomId, epoch: int, held: Collection[TurnId], now: float) -> None:
        """Settle what turns that are over have left open."""
        await self._writer.write(lambda c: _abandon(c, room, epoch, held, now))

    async def of_turn(self, turn: TurnId) -> Sequence[Effect]:
        """The effects of a turn."""
        return await self._effects(_ALL.where(effects.c.turn == turn).order_by(effects.c.number))

    async def of_room(
        self, room: RoomId, limit: int, before: float | None = None
    ) -> Sequence[Effect]:
        """The last effects of a room."""
        wanted = _ALL.where(effects.c.room == room)
        if before is not None:
            wanted = wanted.where(effects.c.began < before)
        latest = await self._effects(wanted.order_by(effects.c.number.desc()).limit(limit))
        return latest[::-1]

    async def effect(self, name: EffectId) -> Effect | None:
        """The effect of an id."""
        return next(iter(await self._effects(_ALL.where(effects.c.id == name))), None)

    async def in_doubt(self, room: RoomId, limit: int = 1000) -> Sequence[Effect]:
        """The uncertain effects of a room that may have changed something."""
        wanted = _ALL.where(
            effects.c.room == room,
            effects.c.settled.is_(None),
            effects.c.state == EffectState.UNCERTAIN.value,
            effects.c.policy != EffectPolicy.SAFE_RETRY.value,
        )
        return await self._effects(wanted.order_by(effects.c.number).limit(limit))

    async def whole(self, digest: str) -> str | None:
        """A whole result."""
        wanted = sa.select(results.c.text).where(results.c.digest == digest)
        return await self._read(lambda c: c.scalar(wanted))

    async def _effects(self, wanted: sa.Select[Any]) -> list[Effect]:
        rows = await self._read(lambda c: c.execute(wanted).all())
        return [effect_of(row) for row in rows]


_ALL = sa.select(effects)


def _abandon(
    connection: sa.Connection, room: RoomId, epoch: int, held: Collection[TurnId], now: float
) -> None:
    newest = connection.scalar(sa.select(rooms.c.epoch).where(rooms.c.id == room))
    if newest != epoch:
        raise Fenced(room=room, epoch=epoch)
    for state, then in LEFT_OPEN.items():
        theirs = sa.and_(
            effects.c.room == room,
            effects.c.settled.is_(None),
            effects.c.state == state,
            effects.c.turn.not_in(held),
        )
        said = {"result": TOO_LATE, "settled": now} if then is EffectState.REFUSED else {}
        connection.execute(effects.update().where(theirs).values(state=then.value, **said))
