"""What programs ask of a live room about what it remembers."""

from collections.abc import Iterable, Sequence

from tertulia.orchestrator.admission.facts import ToRemember
from tertulia.orchestrator.company import Company
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.facts import Fact, Scope, Wanted
from tertulia.orchestrator.mind import FACTS, FOUND
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.recollection import Recollection
from tertulia.orchestrator.room import ParticipantId, one_of
from tertulia.orchestrator.visibility import Reach, reading, sight_of


class Remembering(Company):
    """What can be asked of a live room about facts, and of words that were said."""

    async def remember(
        self,
        text: str,
        *,
        by: str,
        sources: Iterable[int] = (),
        about: str | None = None,
        scope: str = Scope.ROOM,
        whisper: Iterable[str] = (),
        instead_of: str | None = None,
    ) -> Fact:
        """Keep a fact: of this room, of ``by`` alone (``participant``), or ``shared`` by all rooms.

        ``sources`` are the seqs of the events it comes from. It is for those who may know all of
        them, or for ``by`` and ``whisper`` among these; in other rooms, for those who were there.
        ``instead_of`` is the id of a fact that it supersedes. Kept twice it is one fact. Raises
        ``NotAllowed``, ``Unknown``, ``BadContent``.
        """
        who = ParticipantId(by)
        kept = ToRemember(text, who, one_of(Scope, "scope", scope), about, tuple(whisper))
        return await self._recollection.keep(kept, sources, instead_of)

    async def share(self, fact: str, *, by: str) -> Fact:
        """Open a fact that everybody here may know to everybody in every room; the new fact.

        Raises ``BadContent`` for what was whispered, ``NotAllowed`` and ``Unknown``.
        """
        return await self._recollection.share(fact, ParticipantId(by))

    async def forget(self, fact: str, *, by: str) -> None:
        """Let a fact hold no longer: who kept it may, whose memory it is, and whom it is about."""
        await self._recollection.forget(fact, ParticipantId(by))

    async def facts(
        self,
        reads_as: str | None = None,
        words: str = "",
        *,
        about: str | None = None,
        limit: int = FACTS,
        ended: bool = False,
    ) -> Sequence[Fact]:
        """The facts that ``reads_as`` may know (``None``: all that were learnt here).

        The newest first, or with ``words`` those that have any of them, best first; with ``ended``
        also those that were superseded or forgotten.
        """
        query = Query.any_of(words)
        one = None if about is None else ParticipantId(about)
        wanted = Wanted(query, one, limit, ended)
        return await self._recollection.facts(self._reach(reads_as), wanted)

    async def search(
        self,
        words: str,
        reads_as: str | None = None,
        *,
        limit: int = FOUND,
        before: int | None = None,
    ) -> Sequence[Event]:
        """The last utterances that ``reads_as`` may see and that have all these words in them.

        Newest first; for more, ask for those ``before`` the seq of the last. Raises ``BadContent``
        where there is nothing to look for.
        """
        reach = self._reach(reads_as)
        return await self._recollection.search(Query.of(words), reach, limit, before)

    @property
    def _recollection(self) -> Recollection:
        kept = self.live.turns.recollection
        if kept is None:
            raise Invalid(where="memory", what="this room has none; hand one to its Scheduler")
        return kept

    def _reach(self, reads_as: str | None) -> Reach | None:
        return None if reads_as is None else reading(sight_of(self.floor, ParticipantId(reads_as)))
