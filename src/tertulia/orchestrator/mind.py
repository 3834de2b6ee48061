"""What the agent of one turn may recall, for all who will hear it."""

from collections.abc import Callable, Iterable, Sequence

from tertulia.orchestrator.admission.facts import ToRemember
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.facts import Fact, Scope, Wanted
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.recollection import Recollection
from tertulia.orchestrator.room import Audience, ParticipantId, one_of
from tertulia.orchestrator.summaries import Summary
from tertulia.orchestrator.visibility import Reach, speaking

FACTS, FOUND = 20, 20
"""How many facts, and how many utterances, are told at most unless more are asked for."""


class Mind:
    """What the agent of a turn may recall, for all who will hear it, and what it may keep.

    A turn of a room that has no memory recalls nothing.
    """

    __slots__ = ("_hold", "_recollection")

    def __init__(
        self, recollection: Recollection | None = None, hold: Callable[[], Hold] | None = None
    ) -> None:
        """``hold`` tells how far the turn has read the log by now."""
        self._recollection, self._hold = recollection, hold

    @property
    def reach(self) -> Reach | None:
        """What may be drawn on in the turn; ``None`` where there is no memory."""
        if self._recollection is None or self._hold is None:
            return None
        return speaking(self._recollection.floor(), self._hold())

    async def recall(
        self, words: str = "", *, about: str | None = None, limit: int = FACTS
    ) -> Sequence[Fact]:
        """The facts with any of these words in them, best first; without words the newest.

        Those of the room, the agent's own, and what is shared between rooms.
        """
        reach = self.reach
        if self._recollection is None or reach is None:
            return ()
        query = Query.any_of(words)
        one = None if about is None else ParticipantId(about)
        return await self._recollection.facts(reach, Wanted(query, one, limit))

    async def remember(
        self,
        text: str,
        *,
        sources: Iterable[int] = (),
        about: str | None = None,
        scope: str = Scope.PARTICIPANT,
        instead_of: str | None = None,
    ) -> Fact:
        """Keep something in the agent's own memory, or in that of the room; the fact.

        ``sources`` are seqs of utterances. What was thought up for an audience is for that audience
        at most. Raises what ``Room.remember`` raises.
        """
        if self._recollection is None or self._hold is None:
            raise Invalid(where="memory", what="this turn has none; its room was opened without")
        hold = self._hold()
        kept = ToRemember(
            text, hold.participant, one_of(Scope, "scope", scope), about, (), hold.audience
        )
        return await self._recollection.keep(kept, sources, instead_of)

    async def summaries(self) -> Sequence[Summary]:
        """What was said before, in short: the newest summary for each audience within reach."""
        kept, reach = self._recollection, self.reach
        if kept is None or reach is None:
            return ()
        return await kept.memory.summaries(kept.floor().room, reach)

    async def said_to(self, audience: Audience, after: int, limit: int) -> Sequence[Event]:
        """The first utterances after a seq for exactly this audience, as far as they are in reach.

        Of an audience to which not all belong who will hear this turn, none.
        """
        kept, reach = self._recollection, self.reach
        if kept is None or reach is None or not reach.covers(audience, 1, max(after, 1)):
            return ()
        said = await kept.memory.said_to(kept.floor().room, audience, after, limit)
        return [event for event in said if reach.covers(audience, 1, event.seq)]

    async def summarise(self, audience: Audience, first: int, last: int, text: str) -> Summary:
        """Keep a summary of what was said to an audience; the one that is kept.

        Raises ``Invalid`` for an audience or a range that is out of this turn's reach.
        """
        kept, reach = self._recollection, self.reach
        if kept is None or reach is None or self._hold is None:
            raise Invalid(where="memory", what="this turn has none; its room was opened without")
        if not reach.covers(audience, first, last):
            raise Invalid(where="summary", what=f"{first} to {last} is out of this turn's reach")
        who, now = self._hold().participant, kept.clock.now()
        summary = Summary(kept.floor().room, audience, first, last, text, who, now)
        return await kept.memory.summarise(summary)

    def record(self, report: str) -> None:
        """Note what the turn's model was given; nothing where there is no memory."""
        if self._recollection is not None and self._hold is not None:
            self._recollection.memory.record(self._hold().turn, report)

    async def search(self, words: str, *, limit: int = FOUND) -> Sequence[Event]:
        """The last utterances in which all these words stand, newest first."""
        reach = self.reach
        if self._recollection is None or reach is None:
            return ()
        return await self._recollection.search(Query.of(words), reach, limit, None)
