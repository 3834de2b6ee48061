"""The log in a SQL database: SQLAlchemy Core, one writing thread, one reading thread."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import ValidationError

from tertulia.orchestrator.errors import Elsewhere, ShuttingDown
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Batch, RoomSummary, Tenure
from tertulia.orchestrator.room import ParticipantId, RoomId, TurnId
from tertulia.orchestrator.visibility import Sight
from tertulia.storage.codec import floor_from_json, from_row, is_whole
from tertulia.storage.engine import connect, patiently, place
from tertulia.storage.faults import in_our_words
from tertulia.storage.ledger import SqlLedger
from tertulia.storage.owners import LEASE_S, Heartbeat, is_alive, this_process
from tertulia.storage.schema import upgrade
from tertulia.storage.tables import events, rooms, snapshots, turns
from tertulia.storage.views import listed, within
from tertulia.storage.writer import Work, Writer

T = TypeVar("T")


class SqlLog:
    """The durable log (``ports.Log``); ``ledger`` keeps effects in the same database."""

    def __init__(self, url: str, *, owner: str | None = None, lease_s: float = LEASE_S) -> None:
        """Open the database at ``url`` and bring it to this version's tables.

        ``owner`` is this process's name; others take its rooms over when it is known to have ended,
        or has not been heard of for ``lease_s`` seconds.
        Raises ``Invalid``, ``StoreBusy`` or ``StoreUnusable``.
        """
        self._where = place(url)
        self._owner = owner or this_process()
        self._engine = connect(url)
        try:
            self._heartbeat = patiently(lambda: self._first_look(lease_s))
        except BaseException:
            self._engine.dispose()
            raise
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._writer = Writer(self._engine, self._writing, self._where)
        self.ledger = SqlLedger(self._writer, self._read)

    def _first_look(self, lease_s: float) -> Heartbeat:
        with in_our_words(self._where):
            upgrade(self._engine, self._where)
            return Heartbeat(self._engine, self._owner, lease_s)

    async def acquire(self, room: RoomId) -> Tenure:
        """Become the room's one writer."""
        epoch, head, chain, snapshot = await self._writer.write(lambda c: self._take(c, room))
        self._writer.chains[room] = chain
        floor = Floor(room) if snapshot is None else _kept(room, snapshot)
        return Tenure(room, epoch, head, floor)

    async def release(self, room: RoomId, epoch: int) -> None:
        """Let another process have it."""
        mine = sa.and_(rooms.c.id == room, rooms.c.epoch == epoch)
        await self._writer.write(lambda c: c.execute(rooms.update().where(mine).values(owner=None)))

    async def append(self, batch: Batch) -> None:
        """Write a batch durably."""
        await self._writer.write(batch)

    async def read(self, room: RoomId, after: int, limit: int) -> Sequence[Event]:
        """Events after a seq."""
        wanted = sa.select(events).where(events.c.room == room, events.c.seq > after)
        return await self._events(wanted.order_by(events.c.seq).limit(limit))

    async def said(
        self, room: RoomId, before: int, limit: int, seen_by: Sight | None = None
    ) -> Sequence[Event]:
        """The last utterances before a seq."""
        wanted = sa.select(events).where(
            events.c.room == room, events.c.seq < before, events.c.type == "Said"
        )
        if seen_by is not None:
            wanted = wanted.where(within(seen_by))
        latest_first = await self._events(wanted.order_by(events.c.seq.desc()).limit(limit))
        return latest_first[::-1]

    async def keyed(self, room: RoomId, by: ParticipantId, key: str) -> Event | None:
        """The event of a key."""
        c = events.c
        found = await self._events(
            sa.select(events).where(c.room == room, c.by == by, c.key == key, c.key.is_not(None))
        )
        return next(iter(found), None)

    async def unfinished(self) -> set[TurnId]:
        """The turns of all rooms that have not ended."""
        wanted = sa.select(turns.c.id).where(turns.c.ended.is_(None))
        return {TurnId(turn) for turn in await self._read(lambda c: c.scalars(wanted).all())}

    async def rooms(self) -> Sequence[RoomSummary]:
        """Every room, by name."""
        return await self._read(listed)

    async def close(self) -> None:
        """Finish what was queued and let go of the database."""
        if self._writer.closed:
            return
        await self._writer.close()
        await asyncio.get_running_loop().run_in_executor(self._writing, self._heartbeat.end)
        self._writing.shutdown()
        self._reading.shutdown()
        self._engine.dispose()

    async def write(self, work: Work) -> Any:
        """Do something else in the writer's next transaction; what it gave, once that is durable.

        ``work`` is called with the connection, on the writer's thread. It may raise what it
        refuses before it has written anything.
        """
        return await self._writer.write(work)

    def queue(self, work: Work) -> "asyncio.Future[Any]":
        """Have something done in the writer's next transaction, whether it is waited for or not."""
        return self._writer.queue(work)

    def write_from_a_thread(self, work: Work) -> Any:
        """The same for callers that are on no event loop: their thread waits."""
        return self._writer.write_from_a_thread(work)

    def query(self, query: Callable[[sa.Connection], T]) -> T:
        """Read something in one transaction, on the thread of whoever calls."""
        if self._writer.closed:
            raise ShuttingDown
        return self._query(query)

    def tell_batches(self, told: Callable[[int, float], None]) -> None:
        """Tell of each transaction of the writer: its jobs, and the seconds that it took."""
        self._writer.told = told

    def drop(self) -> None:
        """Let go as a process does that is killed: write nothing more, and give nothing back."""
        self._writer.closed = True
        self._heartbeat.stop()
        self._writer.hang_up()
        self._engine.dispose()

    def _take(self, connection: sa.Connection, room: RoomId) -> tuple[int, int, bytes, str | None]:
        row = connection.execute(sa.select(rooms).where(rooms.c.id == room)).one_or_none()
        if row is None:
            new = {"id": room, "owner": self._owner, "epoch": 1, "head": 0, "chain": b""}
            connection.execute(rooms.insert(), new)
            return 1, 0, b"", None
        if row.owner not in (None, self._owner):
            until = is_alive(connection, row.owner)
            if until is not None:
                raise Elsewhere(room=room, owner=row.owner, until=until)
        epoch = row.epoch + 1
        mine = rooms.update().where(rooms.c.id == room).values(owner=self._owner, epoch=epoch)
        connection.execute(mine)
        snapshot = connection.scalar(sa.select(snapshots.c.floor).where(snapshots.c.room == room))
        return epoch, row.head, row.chain, snapshot

    async def _events(self, wanted: sa.Select[Any]) -> list[Event]:
        rows = await self._read(lambda c: c.execute(wanted).all())
        return [from_row(row) for row in rows]

    async def _read(self, query: Callable[[sa.Connection], T]) -> T:
        if self._writer.closed:
            raise ShuttingDown
        return await asyncio.get_running_loop().run_in_executor(self._reading, self._query, query)

    def _query(self, query: Callable[[sa.Connection], T]) -> T:
        with (
            in_our_words(self._where),
            self._engine.connect().execution_options(reading=True) as connection,
        ):
            return query(connection)


def _kept(room: RoomId, snapshot: str) -> Floor:
    """The floor of a snapshot; the log has it all, so one that does not tell all is done without.

    That is one that cannot be read, or was kept by a version whose floors knew less.
    """
    try:
        floor = floor_from_json(snapshot)
    except ValidationError:
        return Floor(room)
    return floor if is_whole(snapshot) else Floor(room)
