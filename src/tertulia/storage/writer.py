"""The one writer of this process: it commits what all rooms append together, then acknowledges.

While one transaction is being written, the next ones gather; a busy process so pays for one fsync
a batch, not one an append. A batch with a bad member is written again member by member.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from tertulia.orchestrator.errors import Fenced, Misbehaved, ShuttingDown, TertuliaError
from tertulia.orchestrator.events import Event, TurnEnded, TurnGranted
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Batch
from tertulia.orchestrator.room import RoomId
from tertulia.storage.codec import Row, floor_to_json, to_row
from tertulia.storage.effect_rows import Entry, effect_row
from tertulia.storage.faults import translate
from tertulia.storage.preallocation import preallocate
from tertulia.storage.statements import (
    ADD_EVENTS,
    GRANT,
    KEEP_RESULT,
    KEEP_SNAPSHOT,
    MOVE_HEAD,
    SETTLE,
    WRITE_EFFECT,
    Prepared,
)

SOON_S = 0.005
"""How long what nobody waits for stays in the queue until something else takes it along."""

YOUNG = 16
"""Transactions after which a writer has the log's file grown: what is short-lived goes without."""

Work = Callable[[sa.Connection], Any]


@dataclass(slots=True, eq=False)
class _Job:
    """A batch to append, an effect to write, or some other work in the same transaction."""

    work: Batch | Entry | Work
    promise: asyncio.Future[Any]
    urgent: bool = True


class Writer:
    """Gathers jobs on the event loop, and writes them on one thread."""

    def __init__(self, engine: Engine, thread: Executor, where: str) -> None:
        """``thread`` runs one job at a time; ``where`` names the database in errors."""
        self._engine, self._thread, self._where = engine, thread, where
        self._move_head = Prepared(MOVE_HEAD, engine.dialect)
        self._add_events = Prepared(ADD_EVENTS, engine.dialect)
        self._grant = Prepared(GRANT, engine.dialect)
        self._settle = Prepared(SETTLE, engine.dialect)
        self._keep_snapshot = Prepared(KEEP_SNAPSHOT, engine.dialect)
        self._write_effect = Prepared(WRITE_EFFECT, engine.dialect)
        self._keep_result = Prepared(KEEP_RESULT, engine.dialect)
        self._connection: sa.Connection | None = None
        self._jobs: list[_Job] = []
        self._task: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._transactions, self._preallocated = 0, False
        self.closed = False
        self.told: Callable[[int, float], None] | None = None
        """Told of each transaction: how many jobs it had, and how many seconds it took."""
        self.chains: dict[RoomId, bytes] = {}
        """The digest at the head of each room that this process owns."""

    async def write(self, work: Batch | Work) -> Any:
        """Do ``work`` in the next transaction; return when it is durable."""
        return await self.queue(work)

    def queue(self, work: Batch | Entry | Work, *, urgent: bool = True) -> "asyncio.Future[Any]":
        """Have ``work`` done in the next transaction; the promise is kept when it is durable.

        What is not ``urgent`` waits ``SOON_S`` seconds for something that is.
        """
        loop = asyncio.get_running_loop()
        promise: asyncio.Future[Any] = loop.create_future()
        if self.closed:
            promise.set_exception(ShuttingDown())
            return promise
        self._jobs.append(_Job(work, promise, urgent))
        if self._task is None and urgent:
            self._begin()
        elif self._task is None and self._alarm is None:
            self._alarm = loop.call_later(SOON_S, self._begin)
        return promise

    def _begin(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._task is None and self._jobs:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def write_from_a_thread(self, work: Work) -> Any:
        """Do ``work`` in a transaction of its own, in its turn; return when it is durable.

        For callers that are on no event loop; what waits is their thread.
        """
        if self.closed:
            raise ShuttingDown
        result = self._thread.submit(self._alone, work).result()
        if isinstance(result, Exception):
            raise result
        return result

    async def close(self) -> None:
        """Take nothing more, and wait until everything that was asked for has been answered."""
        self.closed = True
        self._begin()
        while self._task is not None:
            await asyncio.wait([self._task])
            self._begin()
        await asyncio.get_running_loop().run_in_executor(self._thread, self.hang_up)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            wanted = True
            while wanted:
                await asyncio.sleep(0)  # let the rooms that are ready too join this transaction
                jobs, self._jobs = self._jobs, []
                began = loop.time()
                results = await loop.run_in_executor(self._thread, self._commit, jobs)
                if self.told is not None:
                    self.told(len(jobs), loop.time() - began)
                for job, result in zip(jobs, results, strict=True):
                    _keep_promise(job.promise, result)
                wanted = any(job.urgent for job in self._jobs)
                self._transactions += 1
                if self._transactions >= YOUNG and not (wanted or self._preallocated):
                    self._preallocated = True
                    await loop.run_in_executor(self._thread, self._preallocate)
                    wanted = any(job.urgent for job in self._jobs)
        finally:
            self._task = None
            if self._jobs and self._alarm is None:
                self._alarm = loop.call_later(SOON_S, self._begin)

    # ---- on the writer's thread

    def _alone(self, work: Work) -> Any:
        try:
            with self._transaction() as connection:
                return _attempt(work, connection)
        except Exception as error:
            return self._in_our_words(error)

    def _commit(self, jobs: list[_Job]) -> list[Any]:
        try:
            return self._together(jobs)
        except Exception as error:
            if len(jobs) == 1:
                return [self._in_our_words(error)]
        results = []
        for job in jobs:
            results += self._commit([job])
        return results

    def _together(self, jobs: list[_Job]) -> list[Any]:
        chains = dict[RoomId, bytes]()
        with self._transaction() as connection:
            results = [
                None if isinstance(job.work, Batch | Entry) else _attempt(job.work, connection)
                for job in jobs
            ]
            batches = [job.work for job in jobs if isinstance(job.work, Batch)]
            if batches:
                chains = self._append(connection, batches)
            entries = [job.work for job in jobs if isinstance(job.work, Entry)]
            if entries:
                self._write_effects(connection, entries)
        self.chains.update(chains)
        return results

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        """A transaction on the writer's own connection, which is given up when one fails."""
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with self._connection.begin():
                yield self._connection
        except BaseException:
            self.hang_up()
            raise

    def hang_up(self) -> None:
        """Let go of the connection, if there is one; for the writer's thread."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _preallocate(self) -> None:
        """Grow the log's file while there is nothing to write; where that fails, do without."""
        try:
            if self._connection is not None:
                preallocate(
                    cast("sqlite3.Connection", self._connection.connection.driver_connection)
                )
        except sqlite3.Error:
            self.hang_up()

    def _append(self, connection: sa.Connection, batches: list[Batch]) -> dict[RoomId, bytes]:
        rows: list[Row] = []
        chains: dict[RoomId, bytes] = {}
        heads: list[Row] = []
        for batch in batches:
            chain = chains.get(batch.room, self.chains.get(batch.room, b""))
            for event in batch.events:
                row = to_row(event, chain)
                chain = row["chain"]
                rows.append(row)
            chains[batch.room] = chain
            heads.append(_head(batch, chain))
        if self._move_head.run(connection, heads) != len(heads):
            raise Fenced(room=batches[0].room, epoch=batches[0].epoch)
        self._add_events.run(connection, rows)
        self._settle_turns(connection, batches)
        kept = [_snapshot(batch.snapshot) for batch in batches if batch.snapshot is not None]
        if kept:
            self._keep_snapshot.run(connection, kept)
        return chains

    def _settle_turns(self, connection: sa.Connection, batches: Iterable[Batch]) -> None:
        granted: list[Row] = []
        ended: list[Row] = []
        for event in (event for batch in batches for event in batch.events):
            body = event.body
            if isinstance(body, TurnGranted):
                granted.append(_grant(event, body))
            elif isinstance(body, TurnEnded):
                ended.append({"_turn": body.turn, "_ended": event.seq, "_outcome": body.outcome})
        if granted:
            self._grant.run(connection, granted)
        if ended and self._settle.run(connection, ended) != len(ended):
            raise Misbehaved(who="the scheduler", what="ended a turn that was not under way")

    def _write_effects(self, connection: sa.Connection, entries: list[Entry]) -> None:
        if self._write_effect.run(connection, [effect_row(one) for one in entries]) != len(entries):
            raise Fenced(room=entries[0].effect.room, epoch=entries[0].epoch)
        cut = [one for one in entries if one.whole is not None]
        if cut:
            rows: list[Row] = [{"digest": one.effect.whole, "text": one.whole} for one in cut]
            self._keep_result.run(connection, rows)

    def _in_our_words(self, error: Exception) -> Exception:
        if isinstance(error, IntegrityError):
            return Misbehaved(who="the writer", what=f"wrote a row twice ({error.orig})")
        if isinstance(error, DBAPIError):
            return translate(error, self._where)
        return error


def _head(batch: Batch, chain: bytes) -> Row:
    first, last = batch.events[0].seq, batch.events[-1].seq
    if [event.seq for event in batch.events] != list(range(first, last + 1)):
        raise Misbehaved(who="the scheduler", what="left a gap in a batch of events")
    return {
        "_room": batch.room,
        "_epoch": batch.epoch,
        "_after": first - 1,
        "_head": last,
        "_chain": chain,
    }


def _grant(event: Event, body: TurnGranted) -> Row:
    row: Row = {"id": body.turn, "room": event.room, "participant": event.by}
    return row | {"granted": event.seq, "ended": None, "outcome": None}


def _snapshot(floor: Floor) -> Row:
    return {"room": floor.room, "seq": floor.head, "floor": floor_to_json(floor)}


def _attempt(work: Work, connection: sa.Connection) -> Any:
    try:
        return work(connection)
    except TertuliaError as error:
        return error


def _keep_promise(promise: asyncio.Future[Any], result: Any) -> None:
    if promise.done():
        return
    if isinstance(result, Exception):
        promise.set_exception(result)
    else:
        promise.set_result(result)
