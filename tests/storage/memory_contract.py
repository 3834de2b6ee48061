"""What every memory promises (``tertulia.orchestrator.ports.Memory``), as tests to inherit.

``open_memory`` opens a fresh memory beside a log that is open too, and is closed by the fixture.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Protocol

import pytest
from tests.storage.batches import batch_of, said

from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Draft, RoomPaused, Said, Uptake
from tertulia.orchestrator.facts import Ending, Fact, FactId, Scope, Wanted
from tertulia.orchestrator.ports import Log, Memory
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import ROOM, Audience, ParticipantId, RoomId, Stay
from tertulia.orchestrator.visibility import Reach, Sight, reading, recallable

KITCHEN, GARDEN = RoomId("kitchen"), RoomId("garden")
ana, ben, cy = (ParticipantId(name) for name in ("ana", "ben", "cy"))
ALL = (Stay(1),)


def fact(name: str, text: str = "Ana likes tea.", **more: Any) -> Fact:
    """A fact of the kitchen from utterance 5, for everybody there, kept by Ben."""
    known: dict[str, Any] = {"scope": Scope.ROOM, "room": KITCHEN, "sources": (5,)} | more
    first, last = known["sources"][0], known["sources"][-1]
    return Fact(FactId(name), text, first=first, last=last, by=ben, at=1.5, **known)


def sees(who: ParticipantId, *stays: Stay) -> Reach:
    """What somebody who was there may read."""
    return reading(Sight(who, stays or ALL))


class Opened(Memory, Protocol):
    """A memory that can be let go of."""

    def close(self) -> None: ...


class MemoryContract(ABC):
    """Inherit, and say how a memory and its log are opened."""

    place: Path

    @abstractmethod
    def open_memory(self) -> tuple[Opened, Log]:
        """Open both, fresh."""

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.place = tmp_path

    @pytest.fixture
    async def both(self) -> AsyncIterator[tuple[Opened, Log]]:
        memory, log = self.open_memory()
        yield memory, log
        await log.close()
        memory.close()

    @pytest.fixture
    def memory(self, both: tuple[Memory, Log]) -> Memory:
        return both[0]

    # ---- facts

    async def test_a_fact_comes_back_as_it_went(self, memory: Memory) -> None:
        whole = fact(
            "a",
            "Ben's own; née 東京",
            scope=Scope.PARTICIPANT,
            sources=(3, 5, 9),
            owner=ben,
            about=ana,
            audience=(ana, ben),
            elsewhere=(ana, ben),
        )
        assert await memory.remember(whole) == whole
        assert await memory.fact(FactId("a")) == whole
        opened = fact("b", scope=Scope.SHARED, elsewhere=None)
        await memory.remember(opened)
        assert await memory.fact(FactId("b")) == opened
        assert await memory.fact(FactId("c")) is None

    async def test_what_is_remembered_twice_is_kept_once(self, memory: Memory) -> None:
        first = await memory.remember(fact("a"))
        assert await memory.remember(replace(first, text="Something else.")) == first
        assert await memory.facts(KITCHEN, None, Wanted()) == [first]

    async def test_a_fact_that_is_superseded_stays_to_be_looked_at(self, memory: Memory) -> None:
        old, new = fact("a"), fact("b", "Ana likes coffee.")
        await memory.remember(old)
        await memory.remember(new, old.id)
        ended = replace(old, ending=Ending(new.at, new.by, new.id))
        assert await memory.facts(KITCHEN, None, Wanted()) == [new]
        assert await memory.facts(KITCHEN, None, Wanted(ended=True)) == [new, ended]
        with pytest.raises(Unknown, match="still holds"):
            await memory.remember(fact("c"), old.id)
        assert await memory.fact(FactId("c")) is None

    async def test_superseding_again_is_the_same_fact(self, memory: Memory) -> None:
        await memory.remember(fact("a"))
        new = await memory.remember(fact("b"), FactId("a"))
        assert await memory.remember(fact("b"), FactId("a")) == new

    async def test_a_forgotten_fact_is_not_brought_back_by_saying_it_again(
        self, memory: Memory
    ) -> None:
        await memory.remember(fact("a"))
        await memory.forget(FactId("a"), Ending(2.5, ana))
        await memory.forget(FactId("a"), Ending(3.5, ben))
        await memory.forget(FactId("none"), Ending(3.5, ben))
        again = await memory.remember(fact("a"))
        assert again.ending == Ending(2.5, ana)
        assert await memory.facts(KITCHEN, None, Wanted()) == []
        query = Query.of("tea")
        assert await memory.facts(KITCHEN, None, Wanted(query)) == []
        assert await memory.facts(KITCHEN, None, Wanted(query, ended=True)) == [again]

    async def test_facts_are_told_to_whom_the_rule_lets_know_and_to_nobody_else(
        self, memory: Memory
    ) -> None:
        some: list[Audience] = [None, (ana, ben), (ana, ben, cy), (ben,), ()]
        places = [(5,), (2, 8), (11, 12)]
        kept = []
        for number, (scope, audience, elsewhere, sources) in enumerate(
            product(Scope, some[:3], some, places)
        ):
            owner = ben if scope is Scope.PARTICIPANT else None
            told: dict[str, Any] = {"scope": scope, "audience": audience, "elsewhere": elsewhere}
            kept.append(fact(str(number), sources=sources, owner=owner, **told))
            await memory.remember(kept[-1])
        stays = [ALL, (Stay(4, 6), Stay(8)), (Stay(11),), ()]
        hearers: list[Audience] = [None, (ben,), (ana, ben), (ana, ben, cy), (ana, cy)]
        for room, who, own, heard, as_of in product(
            (KITCHEN, GARDEN), (ana, ben), stays, hearers, (None, 8)
        ):
            reach = Reach(Sight(who, own), heard, as_of)
            wanted = [one for one in reversed(kept) if recallable(one, room, reach)]
            assert list(await memory.facts(room, reach, Wanted(limit=1000))) == wanted

    async def test_what_is_out_of_reach_takes_no_place_among_those_asked_for(
        self, memory: Memory
    ) -> None:
        open_one = await memory.remember(fact("a", "The tea is green."))
        hidden = (
            fact(f"h{number}", f"The tea is hidden {number}.", audience=(ben, cy))
            for number in range(700)
        )
        await asyncio.gather(*map(memory.remember, hidden))
        assert await memory.facts(KITCHEN, sees(ana), Wanted(limit=1)) == [open_one]
        found = await memory.facts(KITCHEN, sees(ana), Wanted(Query.any_of("tea"), limit=1))
        assert list(found) == [open_one]

    async def test_the_order_of_facts_tells_nothing_of_hidden_ones(self, memory: Memory) -> None:
        tea = await memory.remember(fact("a", "Tea at four."))
        cake = await memory.remember(fact("b", "Cake at five."))
        wanted = Wanted(Query.any_of("tea cake"))
        before = list(await memory.facts(KITCHEN, sees(ana), wanted))
        for number in range(20):
            await memory.remember(fact(f"h{number}", f"cake {number}", audience=(ben, cy)))
        assert list(await memory.facts(KITCHEN, sees(ana), wanted)) == before == [cake, tea]

    async def test_facts_can_be_asked_for_by_whom_they_are_about(self, memory: Memory) -> None:
        await memory.remember(fact("a", about=ben))
        wanted = await memory.remember(fact("b", about=ana))
        assert await memory.facts(KITCHEN, sees(cy), Wanted(about=ana)) == [wanted]

    # ---- searching

    async def test_words_are_found_newest_first_and_page_by_page(
        self, both: tuple[Memory, Log]
    ) -> None:
        memory, log = both
        await talk(log, KITCHEN, *(f"Tea number {n}, or coffee." for n in range(1, 6)), "Milk?")
        await talk(log, GARDEN, "Tea in the garden.")
        assert await found(memory, "tea") == [5, 4, 3, 2, 1]
        assert await found(memory, "COFFEE tea", limit=2) == [5, 4]
        assert await found(memory, "tea", before=3) == [2, 1]
        assert await found(memory, "tea milk") == []
        assert await found(memory, '"tea number" 2') == [2]
        assert await found(memory, "numb*", before=2) == [1]

    async def test_a_search_in_a_room_that_is_not_there_finds_nothing(self, memory: Memory) -> None:
        assert await found(memory, "tea") == []

    @pytest.mark.parametrize(
        "typed",
        ['tea"', "tea AND", "NEAR(tea)", "words:tea", "tea*", "^tea", "-tea", "tea'; --", "(tea"],
    )
    async def test_signs_in_what_is_typed_mean_nothing(
        self, both: tuple[Memory, Log], typed: str
    ) -> None:
        memory, log = both
        await talk(log, KITCHEN, f"{typed} near words and tea")
        assert await found(memory, typed) == [1]

    async def test_a_search_sees_what_the_reader_sees_and_limits_only_that(
        self, both: tuple[Memory, Log]
    ) -> None:
        memory, log = both
        tenure = await log.acquire(KITCHEN)
        told = [
            said("tea for all"),
            *(said("tea for two", audience=(ana, ben)) for _ in range(600)),
            said("tea for all again"),
        ]
        await log.append(batch_of(tenure, 0, *told))
        assert await found(memory, "tea", sees(cy), limit=2) == [602, 1]
        assert await found(memory, "tea", sees(ana), limit=2) == [602, 601]
        assert await found(memory, "tea", sees(ana, Stay(1, 3))) == [3, 2, 1]
        assert await found(memory, "tea", reading(Sight(ana))) == []
        public = Reach(Sight(ana, ALL), None, as_of=601)
        assert await found(memory, "tea", public) == [1]
        assert await found(memory, "tea", Reach(Sight(ana, ALL), (ana, cy))) == [602, 1]
        for room_reader in (ana, ben, cy):
            seen = await found(memory, "two", sees(room_reader), limit=1000)
            assert bool(seen) is (room_reader is not cy)

    async def test_what_was_said_since_the_last_search_is_found_too(
        self, both: tuple[Memory, Log]
    ) -> None:
        memory, log = both
        tenure = await log.acquire(KITCHEN)
        head = 0
        for many in (300, 1, 299, 2, 2500):
            drafts = [said(f"tea {number}") for number in range(many)]
            await log.append(batch_of(tenure, head, *drafts, Draft(ROOM, RoomPaused())))
            head += many + 1
            assert await found(memory, "tea", limit=3) == [head - 1, head - 2, head - 3][:many] + (
                [] if many >= 3 else [head - many - 2 - n for n in range(3 - many)]
            )
        assert len(await found(memory, "tea", limit=5000)) == 300 + 1 + 299 + 2 + 2500

    async def test_what_was_taken_back_is_not_found(self, both: tuple[Memory, Log]) -> None:
        memory, log = both
        tenure = await log.acquire(KITCHEN)
        back = Draft(ana, Said("tea", uptake=Uptake.RETRACTED))
        await log.append(batch_of(tenure, 0, back, *(said("x") for _ in range(400)), back))
        assert await found(memory, "tea") == []

    async def test_all_scripts_are_found(self, both: tuple[Memory, Log]) -> None:
        memory, log = both
        texts = [
            "Un CAFÉ",
            "私は東京タワーに行きました",
            "ฉันอยู่กรุงเทพมหานคร",
            "मैं हिन्दी बोलता हूँ",
            "это История",
        ]
        await talk(log, KITCHEN, *texts, *("filler" for _ in range(300)))
        for place, typed in enumerate(["cafe", "タワー", "กรุงเทพ", "हिन्दी", "история"], 1):
            assert await found(memory, typed) == [place]


async def talk(log: Log, room: RoomId, *texts: str) -> None:
    """Say these things in a new room."""
    tenure = await log.acquire(room)
    await log.append(batch_of(tenure, 0, *map(said, texts)))


async def found(
    memory: Memory,
    typed: str,
    reach: Reach | None = None,
    *,
    limit: int = 20,
    before: int | None = None,
) -> list[int]:
    """The seqs of what a search finds in the kitchen."""
    events = await memory.search(KITCHEN, Query.of(typed), reach, limit, before)
    return [event.seq for event in events]
