"""What waits for persons to approve it in a live room, as programs ask about it."""

import asyncio

from tertulia.orchestrator import admission
from tertulia.orchestrator.approvals import Answer, Approval, ApprovalAnswered, canonical
from tertulia.orchestrator.company import Company
from tertulia.orchestrator.conversation import Conversation
from tertulia.orchestrator.errors import Invalid, KeyReused
from tertulia.orchestrator.events import Draft, Event
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.keys import Keys
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import sight_of

_REST = (Answer.HAPPENED, Answer.AGAIN, Answer.NOT_DONE, Answer.GIVE_UP)


class Consents(Company):
    """What can be asked of a live room about approvals. Answers find their question by its id."""

    def __init__(self, live: Conversation, keys: Keys) -> None:
        """Of this room; ``keys`` are those of its messages."""
        super().__init__(live)
        self._keys = keys

    def approvals(self, reads_as: str | None = None) -> tuple[Approval, ...]:
        """What waits now, of what ``reads_as`` may see (``None``: all), oldest first."""
        waiting = (asked for asked in self.floor.approvals if asked.open)
        if reads_as is None:
            return tuple(waiting)
        sight = sight_of(self.floor, ParticipantId(reads_as))
        return tuple(asked for asked in waiting if sight.sees(asked.audience, asked.seq))

    async def approve(
        self, by: str, name: str, *, arguments: str | None = None, key: str | None = None
    ) -> Event:
        """Let a call be made, with other ``arguments`` (a JSON object, as text) if they are given.

        ``key`` makes it safe to retry. Raises ``NotAllowed``, which says who may; ``Unknown``;
        ``NotNow`` for one that is settled, or whose time is up, or that was approved by the same
        person before; ``BadContent`` for arguments that are no JSON object; ``RoomClosed``.
        """

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            return admission.approve(floor, by, name, now, arguments=arguments, key=key)

        (event, *_), anew = await self._keyed(ParticipantId(by), key, prepare)
        if not anew and not _same(event, name, arguments):
            raise KeyReused(who=event.by, key=event.key, seq=event.seq)
        return event

    async def refuse(self, by: str, name: str, reason: str = "") -> Event:
        """Do not let a call be made: one who may decide is enough. Raises as ``approve`` does."""
        return await self._decide(by, name, Answer.REFUSE, reason)

    async def resolve(self, by: str, name: str, answer: str, note: str = "") -> Event:
        """Say what became of an uncertain call: ``happened``, ``again`` or ``give_up``.

        Where its turn is over, ``not_done`` takes the place of ``again``. ``note`` says what came
        of one that happened. Raises ``Invalid``, and as ``approve`` does.
        """
        if answer not in _REST:
            there = ", ".join(_REST)
            raise Invalid(where="answer", what=f"there is no {answer!r:.80}; there are {there}")
        return await self._decide(by, name, Answer(answer), note)

    async def _decide(self, by: str, name: str, answer: Answer, note: str) -> Event:
        [event, *_] = await self.request(
            lambda floor, now: admission.decide(floor, by, name, now, answer, note)
        )
        return event

    async def _keyed(
        self, who: ParticipantId, key: str | None, prepare: Prepare
    ) -> tuple[tuple[Event, ...], bool]:
        """What a request became, now or when its key was used before, and whether it was now."""
        if key is None:
            return await self.request(prepare), True
        known = await self._keys.find(who, key)
        if known is None:
            await self.live.inbox.place()
            known = self._keys.kept(who, key)
            if known is None:
                promise = self.live.inbox.put(prepare)
                self._keys.keep(who, key, promise)
                return await asyncio.shield(promise), True
            self.live.inbox.leave_place()
        return await asyncio.shield(known), False


def _same(event: Event, name: str, arguments: str | None) -> bool:
    """Whether an event is this approval of this call."""
    said = event.body
    if not isinstance(said, ApprovalAnswered) or said.approval != name:
        return False
    return said.arguments is None or canonical(said.arguments) == canonical(arguments)
