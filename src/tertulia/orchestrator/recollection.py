"""The memory as one live room has it: it asks and hands on.

Who may know what is decided in ``visibility`` and ``admission.facts``, and looked up by the store
within that.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tertulia.orchestrator.admission.facts import (
    ToRemember,
    check_ending,
    remember,
    shared,
    succeed,
)
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.facts import Ending, Fact, FactId, Wanted
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Clock, Log, Memory
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import Reach, may_see, reading, recallable, sight_of


@dataclass(frozen=True, slots=True)
class Recollection:
    """The memory as one live room has it."""

    memory: Memory
    log: Log
    clock: Clock
    floor: Callable[[], Floor]

    async def keep(
        self, wanted: ToRemember, sources: Iterable[int], instead_of: str | None = None
    ) -> Fact:
        """Remember something, perhaps in place of another fact."""
        events = [await self._event(seq, wanted.by) for seq in sources]
        old = None if instead_of is None else await self._fact(instead_of, wanted.by)
        fact = remember(self.floor(), wanted, events, self.clock.now())
        if old is not None:
            succeed(fact, old)
        return await self.memory.remember(fact, None if old is None else old.id)

    async def share(self, name: str, by: ParticipantId) -> Fact:
        """Open a fact to everybody in every room."""
        old = await self._fact(name, by)
        return await self.memory.remember(shared(old, by, self.clock.now()), old.id)

    async def forget(self, name: str, by: ParticipantId) -> None:
        """Let a fact hold no longer."""
        fact = await self._fact(name, by)
        check_ending(fact, by)
        await self.memory.forget(fact.id, Ending(self.clock.now(), by))

    async def facts(self, reach: Reach | None, wanted: Wanted) -> Sequence[Fact]:
        """The facts within reach."""
        return await self.memory.facts(self.floor().room, reach, wanted)

    async def search(
        self, query: Query, reach: Reach | None, limit: int, before: int | None
    ) -> Sequence[Event]:
        """The utterances within reach."""
        return await self.memory.search(self.floor().room, query, reach, limit, before)

    async def _fact(self, name: str, by: ParticipantId) -> Fact:
        """A fact that ``by`` may know. Raises ``Unknown``."""
        floor, found = self.floor(), await self.memory.fact(FactId(name))
        if found is None or not recallable(found, floor.room, reading(sight_of(floor, by))):
            raise Unknown(kind="fact", name=name, hint=f" that {by!r} could know")
        return found

    async def _event(self, seq: int, by: ParticipantId) -> Event:
        """A source that ``by`` may see. Raises ``Unknown``."""
        floor = self.floor()
        found = next(iter(await self.log.read(floor.room, seq - 1, 1)), None) if seq > 0 else None
        if found is None or not may_see(found, sight_of(floor, by)):
            raise Unknown(kind="event", name=seq, hint=f" that {by!r} could learn from")
        return found
