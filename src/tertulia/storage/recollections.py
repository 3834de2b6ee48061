"""The memory beside a log (``ports.Memory``): in its database, or forgotten with the process.

What is written goes through the log's one writer; what is read has a thread of its own, so that a
long search keeps nobody waiting who reads the log.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa

from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Event, Said, Uptake
from tertulia.orchestrator.facts import Ending, Fact, FactId, Wanted
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.query import CANDIDATES, Query, best, words_of
from tertulia.orchestrator.room import Audience, RoomId, TurnId
from tertulia.orchestrator.summaries import Summary
from tertulia.orchestrator.visibility import Reach, recallable
from tertulia.storage import facts, summaries
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
        sought = Sought(room, query, reach, limit, before)
        found = await self._ask(lambda c: None if behind(c, room) > BEHIND else search(c, sought))
        if found is not None:
            return found
        while await self._log.write(lambda c: index_more(c, room)):
            continue
        return await self._ask(lambda c: search(c, sought))

    async def summarise(self, summary: Summary) -> Summary:
        """Keep a summary."""
        kept: Summary = await self._log.write(lambda c: summaries.keep(c, summary))
        return kept

    async def summaries(self, room: RoomId, reach: Reach | None) -> Sequence[Summary]:
        """The newest for each audience."""
        return await self._ask(lambda c: summaries.latest(c, room, reach))

    async def said_to(
        self, room: RoomId, audience: Audience, after: int, limit: int
    ) -> Sequence[Event]:
        """The first utterances for exactly this audience."""
        return await self._ask(lambda c: summaries.said_to(c, room, audience, after, limit))

    def record(self, turn: TurnId, report: str) -> None:
        """Note what a turn's model was given."""
        written = self._log.queue(lambda c: summaries.record(c, turn, report))
        written.add_done_callback(_told)  # a record that is lost harms nobody: the turn goes on

    async def recorded(self, turn: TurnId) -> str | None:
        """What a turn's model was given."""
        return await self._ask(lambda c: summaries.recorded(c, turn))

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
        self._summaries: dict[tuple[RoomId, Audience, int], Summary] = {}
        self._reports: dict[TurnId, str] = {}

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

    async def summarise(self, summary: Summary) -> Summary:
        """Keep a summary."""
        slot = (summary.room, summary.audience, summary.last)
        return self._summaries.setdefault(slot, summary)

    async def summaries(self, room: RoomId, reach: Reach | None) -> Sequence[Summary]:
        """The newest for each audience."""
        newest: dict[Audience, Summary] = {}
        for one in sorted(self._summaries.values(), key=lambda one: one.last):
            known = reach is None or reach.as_of is None or one.last <= reach.as_of
            if one.room == room and known:
                newest[one.audience] = one
        told = sorted(newest.values(), key=lambda one: one.last)
        return [s for s in told if reach is None or reach.covers(s.audience, s.first, s.last)]

    async def said_to(
        self, room: RoomId, audience: Audience, after: int, limit: int
    ) -> Sequence[Event]:
        """The first utterances for exactly this audience."""
        found: list[Event] = []
        while len(found) < limit:
            page = await self._log.read(room, after, PAGE)
            if not page:
                break
            after = page[-1].seq
            found += [e for e in page if isinstance(e.body, Said) and e.audience == audience]
        return found[:limit]

    def record(self, turn: TurnId, report: str) -> None:
        """Note what a turn's model was given."""
        self._reports[turn] = report

    async def recorded(self, turn: TurnId) -> str | None:
        """What a turn's model was given."""
        return self._reports.get(turn)

    def close(self) -> None:
        """Forget everything."""
        self._facts.clear()


def _told(written: "asyncio.Future[Any]") -> None:
    if not written.cancelled():
        written.exception()


def _is_found(event: Event, query: Query, reach: Reach | None) -> bool:
    said = event.body
    return (
        isinstance(said, Said)
        and said.uptake is not Uptake.RETRACTED
        and (reach is None or reach.covers(event.audience, event.seq, event.seq))
        and query.matches(words_of(said.text))
    )
