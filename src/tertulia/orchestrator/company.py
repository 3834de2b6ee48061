"""Those who are in a live room, as programs ask about them: profiles, rights, notes, routers."""

import asyncio
from collections.abc import Iterable, Sequence

from tertulia.orchestrator import admission
from tertulia.orchestrator.conversation import Conversation
from tertulia.orchestrator.effects import Effect
from tertulia.orchestrator.events import Draft, Event
from tertulia.orchestrator.floor import Floor, Note
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.inquiries import Addresser
from tertulia.orchestrator.plans import PlanStatus
from tertulia.orchestrator.profile import rights
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.routing import Router
from tertulia.orchestrator.visibility import sight_of


class Company:
    """What can be asked of a live room about those in it."""

    def __init__(self, live: Conversation) -> None:
        """Of this room."""
        self.live = live

    @property
    def floor(self) -> Floor:
        """The floor after the last committed event."""
        return self.live.floor

    async def request(self, prepare: Prepare) -> tuple[Event, ...]:
        """Put a request into the inbox; its events, once they are committed."""
        await self.live.inbox.place()
        return await asyncio.shield(self.live.inbox.put(prepare))

    def may(self, who: str, right: str) -> bool:
        """Whether a member has a right. Raises ``Unknown`` and ``Invalid``."""
        seat = admission.member(self.floor, who)
        [wanted] = rights("right", [right]) or ()
        return wanted in admission.rights_of(self.floor, seat)

    async def describe(
        self,
        who: str,
        *,
        languages: Sequence[str] | None = None,
        about: str | None = None,
        permissions: Sequence[str] | None = None,
        roles: Sequence[str] | None = None,
        by: str | None = None,
    ) -> None:
        """Change what everybody knows of a participant, its roles, or rights; the rest stays.

        ``by`` is who asks for it (``None``: the program itself). Raises ``NotAllowed`` for one who
        may not, ``Unknown``, ``Invalid`` and ``RoomClosed``.
        """
        changes = admission.Description(languages, about, permissions, roles)
        author = None if by is None else ParticipantId(by)
        await self.request(lambda floor, now: admission.describe(floor, who, changes, author))

    def inquire(self, addresser: Addresser) -> None:
        """Let ``addresser`` say whom an utterance is for, where ``addressing`` is ``model``."""
        self.live.inquiries.addresser = addresser

    async def route(self, who: str, router: Router | None) -> None:
        """Let ``router`` say who answers what this person says to nobody in particular.

        It is asked in rooms whose policy has ``routed`` in it; ``None`` takes it away. Raises
        ``Unknown``, ``RoomClosed``, and ``NotAllowed`` for one who is no person.
        """

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            drafts = admission.equip(floor, who, router=router is not None)
            if router is None:
                self.live.routers.known.pop(ParticipantId(who), None)
            else:
                self.live.routers.known[ParticipantId(who)] = router
            return drafts

        await self.request(prepare)

    async def note(self, about: str, text: str, *, by: str, whisper: Iterable[str] = ()) -> Event:
        """Keep something in mind about a participant, for agents to know; the event.

        At most 300 characters, and 16 notes by one about another. ``whisper`` names the only ones,
        beside ``by``, to know it: an agent is shown it only where all who hear the agent are among
        them. Raises ``NotAllowed``, ``BadContent``, ``Unknown``, ``NotNow`` and ``RoomClosed``.
        """
        author, listeners = ParticipantId(by), tuple(whisper)
        noted = await self.request(
            lambda floor, now: admission.note(floor, author, about, text, listeners)
        )
        return noted[0]

    async def strike(self, note: int, *, by: str) -> None:
        """Let a note (its event's seq) no longer hold: its author may, and whom it is about."""
        author = ParticipantId(by)
        await self.request(lambda floor, now: admission.strike(floor, author, note))

    def plans(self, reads_as: str | None = None) -> tuple[PlanStatus, ...]:
        """The plans that agents carry out, and the last ones that ended, oldest first.

        Those that ``reads_as`` may see (``None``: all).
        """
        if reads_as is None:
            return self.floor.plans
        sight = sight_of(self.floor, ParticipantId(reads_as))
        return tuple(one for one in self.floor.plans if sight.sees(one.audience, one.seq))

    async def effects(
        self, reads_as: str | None = None, limit: int = 100, before: float | None = None
    ) -> Sequence[Effect]:
        """The last ``limit`` tool calls made here that ``reads_as`` may see, oldest first.

        ``None`` reads as the house itself, which sees all. For the page before, ask for those begun
        ``before`` the first (Unix seconds). Raises ``Unknown``.
        """
        ledger = self.live.turns.ledger
        if ledger is None:
            return ()
        found = await ledger.of_room(self.floor.room, limit, before)
        if reads_as is None:
            return found
        sight = sight_of(self.floor, ParticipantId(reads_as))
        return tuple(one for one in found if sight.sees(one.audience, one.seq))

    def notes(self, about: str, reads_as: str | None = None) -> tuple[Note, ...]:
        """The notes about a participant that ``reads_as`` may see (``None``: all), oldest first."""
        kept = self.floor.notes.get(ParticipantId(about), ())
        if reads_as is None:
            return kept
        sight = sight_of(self.floor, ParticipantId(reads_as))
        return tuple(note for note in kept if sight.sees(note.audience, note.seq))
