"""What a house remembers, asked for by everybody: facts, and searches for what was whispered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tertulia.orchestrator import Event, Said
from tertulia.orchestrator.events import TurnGranted
from tertulia.orchestrator.facts import Fact, Scope, Wanted
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Memory
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId
from tertulia.orchestrator.transitions import apply
from tertulia.orchestrator.visibility import Reach, reading, sight_in, speaking
from tertulia.testing.eyes import Eyes
from tertulia.testing.sightings import STRANGER, Sighting

EVERYTHING = 1_000_000
WHISPERS = 50
"""How many whispers are searched for, the last ones, beside the canaries."""


class Askers:
    """One room, as it is asked for what it remembers."""

    def __init__(self, memory: Memory, room: RoomId, eyes: Mapping[str, Eyes]) -> None:
        """``eyes`` are those of all rooms that are looked at, this one among them."""
        self._memory, self._room, self._eyes = memory, room, eyes
        self._events = eyes[room].events

    async def sightings(self, words: Iterable[str]) -> list[Sighting]:
        """All that somebody is told who may not know it; ``words`` are searched for too."""
        queries = [query for text in (*words, *self._whispers()) if (query := Query.any_of(text))]
        found: list[Sighting] = []
        for who, reach, usable in self._readers():
            facts = await self._memory.facts(self._room, reach, Wanted(limit=EVERYTHING))
            found += [
                self._sighting(who, "the facts", fact)
                for fact in facts
                if not self._may_know(fact, who, usable, (who,))
            ]
            found += await self._searched(who, "a search", reach, usable, queries)
            found += await self._summaries(who, "the summaries", reach, usable)
        for hold_of, reach, usable in self._turns():
            who = reach.sight.who
            facts = await self._memory.facts(self._room, reach, Wanted(limit=EVERYTHING))
            found += [
                self._sighting(who, f"the facts of turn {hold_of}", fact)
                for fact in facts
                if not self._may_know(fact, who, usable, reach.hearers)
            ]
            where = f"a search in turn {hold_of}"
            found += await self._searched(who, where, reach, usable, queries)
            where = f"the summaries of turn {hold_of}"
            found += await self._summaries(who, where, reach, usable)
        return found

    async def _summaries(
        self, who: ParticipantId, where: str, reach: Reach, usable: frozenset[int]
    ) -> list[Sighting]:
        told = await self._memory.summaries(self._room, reach)
        return [
            Sighting(who, where, event)
            for summary in told
            for event in self._events[summary.first - 1 : summary.last]
            if isinstance(event.body, Said)
            and event.audience == summary.audience
            and event.seq not in usable
        ]

    async def _searched(
        self,
        who: ParticipantId,
        where: str,
        reach: Reach,
        usable: frozenset[int],
        queries: Sequence[Query],
    ) -> list[Sighting]:
        found: list[Sighting] = []
        for query in queries:
            events = await self._memory.search(self._room, query, reach, EVERYTHING)
            found += [Sighting(who, where, event) for event in events if event.seq not in usable]
        return found

    def _readers(self) -> Iterator[tuple[ParticipantId, Reach, frozenset[int]]]:
        eyes = self._eyes[self._room]
        for who in (*eyes.everybody, STRANGER):
            yield who, reading(sight_in(self._events, who)), eyes.of(who)

    def _turns(self) -> Iterator[tuple[str, Reach, frozenset[int]]]:
        floor, eyes = Floor(self._room), self._eyes[self._room]
        for event in self._events:
            floor = apply(floor, event)
            if isinstance(event.body, TurnGranted):
                hold = next(hold for hold in floor.holds if hold.turn == event.body.turn)
                yield hold.turn, speaking(floor, hold), eyes.in_turn[hold.turn]

    def _whispers(self) -> list[str]:
        said = [e for e in self._events if e.audience is not None and isinstance(e.body, Said)]
        return [event.text for event in said[-WHISPERS:]]

    def _may_know(
        self, fact: Fact, who: ParticipantId, usable: frozenset[int], hearers: Audience
    ) -> bool:
        if fact.scope is Scope.PARTICIPANT and fact.owner != who:
            return False
        if fact.room == self._room:
            meant = fact.audience is None or (
                hearers is not None and set(hearers) | {who} <= set(fact.audience)
            )
            return meant and usable.issuperset(fact.sources)
        if fact.elsewhere is None:
            return fact.scope is Scope.SHARED and fact.audience is None
        if hearers is None or not set(hearers) | {who} <= set(fact.elsewhere):
            return False
        there = self._eyes.get(fact.room)
        return there is None or all(there.of(one).issuperset(fact.sources) for one in hearers)

    def _sighting(self, who: ParticipantId, where: str, fact: Fact) -> Sighting:
        eyes = self._eyes.get(fact.room)
        events: Sequence[Event] = self._events if eyes is None else eyes.events
        place = fact.last if fact.last <= len(events) else len(events)
        return Sighting(
            who, f"{where} ({fact.text!r:.60}, learnt in room {fact.room!r})", events[place - 1]
        )
