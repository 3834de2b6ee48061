"""The memory beside a log (``ports.Memory``): in its database, or forgotten with the process.

What is written goes through the log's one writer; what is read has a thread of its own, so that a
long search keeps nobody waiting who reads the log.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.facts import Ending, Fact, FactId, Wanted
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.query import CANDIDATES, Query, best, words_of
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.visibility import Reach, recallable
from tertulia.storage import facts
from tertulia.storage.log import SqlLog
from tertulia.storage.search import BEHIND, Sought, behind, index_more, search

T = TypeVar("T")

PAGE = 512
"""How many utterances are looked at together where there is no index."""


class SqlMemory:
    """The memory in the database of a log."""

    def __init__(self, log: SqlLog) -> None:
        """Share the database, and the writer, of ``log``."""
        self._log = log
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="recalling")

    async def remember(self, fact: Fact, instead_of: FactId | None = None) -> Fact:
        """Keep a fact."""
        kept: Fact = await self._log.write(lambda c: facts.keep(c, fact, instead_of))
        return kept

    async def forget(self, name: FactId, ending: Ending) -> None:
        """Let a fact hold no longer."""
        await self._log.write(lambda c: facts.end(c, name, ending))

    async def fact(self, name: FactId) -> Fact | None:
        """The fact of an id."""
        return await self._ask(lambda c: facts.named(c, name))

    async def facts(self, room: RoomId, reach: Reach | None, wanted: Wanted) -> Sequence[Fact]:
        """The facts that may be recalled."""
        return await self._ask(lambda c: facts.chosen(c, room, reach, wanted))

    async def search(
        self, room: RoomId, query: Query, reach: Reach | None, limit: int, before: int | None = None
    ) -> Sequence[Event]:
        """The utterances that are found."""
        if await self._ask(lambda c: behind(c, room)) > BEHIND:
            while await self._log.write(lambda c: index_more(c, room)):
                continue
        return await self._ask(lambda c: search(c, Sought(room, query, reach, limit, before)))

    def close(self) -> None:
        """Let go of the thread; the log is closed by whoever has opened it."""
        self._reading.shutdown()

    async def _ask(self, query: Callable[[sa.Connection], T]) -> T:
        ask = partial(self._log.query, query)
        return await asyncio.get_running_loop().run_in_executor(self._reading, ask)


class VolatileMemory:
    """A memory that is forgotten when the process ends, beside any log."""

    def __init__(self, log: Log) -> None:
        """Search in ``log``."""
        self._log = log
        self._facts: dict[FactId, Fact] = {}

    async def remember(self, fact: Fact, instead_of: FactId | None = None) -> Fact:
        """Keep a fact."""
        if fact.id in self._facts:
            return self._facts[fact.id]
        if instead_of is not None:
            old = self._facts.get(instead_of)
            if old is None or old.ending is not None:
                raise Unknown(kind="fact", name=instead_of, hint=" that still holds")
            await self.forget(instead_of, Ending(fact.at, fact.by, fact.id))
        self._facts[fact.id] = fact
        return fact

    async def forget(self, name: FactId, ending: Ending) -> None:
        """Let a fact hold no longer."""
        fact = self._facts.get(name)
        if fact is not None and fact.ending is None:
            self._facts[name] = replace(fact, ending=ending)

    async def fact(self, name: FactId) -> Fact | None:
        """The fact of an id."""
        return self._facts.get(name)

    async def facts(self, room: RoomId, reach: Reach | None, wanted: Wanted) -> Sequence[Fact]:
        """The facts that may be recalled."""
        found = [
            fact
            for fact in reversed(self._facts.values())
            if (fact.room == room if reach is None else recallable(fact, room, reach))
            and wanted.about in (None, fact.about)
            and (wanted.ended or fact.ending is None)
        ]
        if wanted.query is None:
            return found[: wanted.limit]
        having = ((fact, words_of(fact.text)) for fact in found)
        told = [(fact, words) for fact, words in having if wanted.query.matches(words)]
        return best(wanted.query, told[:CANDIDATES], wanted.limit)

    async def search(
        self, room: RoomId, query: Query, reach: Reach | None, limit: int, before: int | None = None
    ) -> Sequence[Event]:
        """The utterances that are found, by reading them all."""
        found: list[Event] = []
        until = 2**62 if before is None else before
        sight = None if reach is None else reach.sight
        while len(found) < limit:
            page = await self._log.said(room, until, PAGE, sight)
            if not page:
                break
            until = page[0].seq
            found += [e for e in reversed(page) if _is_found(e, query, reach)]
        return found[:limit]

    def close(self) -> None:
        """Forget everything."""
        self._facts.clear()


def _is_found(event: Event, query: Query, reach: Reach | None) -> bool:
    said = event.body
    return (
        isinstance(said, Said)
        and said.uptake is not Uptake.RETRACTED
        and (reach is None or reach.covers(event.audience, event.seq, event.seq))
        and query.matches(words_of(said.text))
    )
