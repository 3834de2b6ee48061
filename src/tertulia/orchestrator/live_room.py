"""A live room as programs use it: everything that can be asked of one, and nothing decided here."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from tertulia.orchestrator import admission
from tertulia.orchestrator.consultation import Adviser
from tertulia.orchestrator.conversation import Conversation
from tertulia.orchestrator.errors import KeyReused, Unknown
from tertulia.orchestrator.events import (
    Draft,
    Event,
    Outcome,
    PolicyChanged,
    RoomEnded,
    RoomPaused,
    RoomResumed,
    Said,
)
from tertulia.orchestrator.feed import Delta
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.keys import Keys
from tertulia.orchestrator.policies import build, specify
from tertulia.orchestrator.ports import Log, Policy
from tertulia.orchestrator.room import ROOM, Audience, Participant, ParticipantId, RoomId
from tertulia.orchestrator.transcript import UTTERANCES
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.turns import Speaker
from tertulia.orchestrator.visibility import audience_of, may_see


class Room:
    """A live room, as its participants' programs see it."""

    def __init__(self, live: Conversation, log: Log, *, older: bool) -> None:
        """Made by ``Scheduler.open``; ``older``: the log held events before it was live here."""
        self.live, self._log = live, log
        self._keys = Keys(live.floor.room, log, older=older)

    @property
    def id(self) -> RoomId:
        """The room's name."""
        return self.live.floor.room

    @property
    def floor(self) -> Floor:
        """The floor after the last committed event."""
        return self.live.floor

    def attach(self, who: str, speaker: Speaker) -> None:
        """Let ``speaker`` speak for an agent from its next turn on."""
        self.live.speakers[ParticipantId(who)] = speaker

    def consult(self, adviser: Adviser) -> None:
        """Let ``adviser`` answer when the room's policy asks whom to select."""
        self.live.consultations.adviser = adviser

    async def request(self, prepare: Prepare) -> tuple[Event, ...]:
        """Put a request into the inbox; its events, once they are committed."""
        await self.live.inbox.place()
        return await asyncio.shield(self.live.inbox.put(prepare))

    async def post(
        self,
        by: str,
        text: str,
        *,
        key: str | None = None,
        to: Iterable[str] = (),
        whisper: Iterable[str] = (),
        reply_to: int | None = None,
    ) -> Event:
        """Say something, at any moment; the event, once it is committed.

        ``key`` makes it safe to retry: the same participant's key names one event for ever.
        ``to`` names addressees beyond those the text names; ``whisper`` the only ones to hear it.
        Raises ``BadContent``, ``Unknown``, ``KeyReused``, ``NotNow`` (observers), ``RoomClosed``.
        """
        who, names, listeners = ParticipantId(by), tuple(to), tuple(whisper)
        asked_by = await self._author(reply_to, who)
        prepare = partial(_posted, who, text, names, listeners, reply_to, asked_by, key)
        if key is None:
            return (await self.request(prepare))[0]
        known = await self._keys.find(who, key)
        if known is None:
            await self.live.inbox.place()
            known = self._keys.kept(who, key)
            if known is None:
                promise = self.live.inbox.put(prepare)
                self._keys.keep(who, key, promise)
                return (await asyncio.shield(promise))[0]
            self.live.inbox.leave_place()
        event = (await asyncio.shield(known))[0]
        _check_same(event, text, audience_of(who, listeners) if listeners else None)
        return event

    async def join(self, participant: Participant, speaker: Speaker | None = None) -> None:
        """Let somebody in; nothing if they are in. Raises ``Exists`` if the handle is taken."""
        if speaker is not None:
            self.attach(participant.id, speaker)
        await self.request(lambda floor, now: admission.join(floor, participant))

    async def leave(self, who: str, reason: str = "") -> None:
        """Let somebody go; a turn of theirs that runs is cut."""
        gone = ParticipantId(who)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            delivered = self.live.delivered(floor.hold_of(gone))
            return admission.leave(floor, gone, reason, delivered)

        await self.request(prepare)

    async def request_floor(self, who: str, priority: int = 0) -> None:
        """Raise a hand. Raises ``NotNow`` for who holds the floor, or only watches."""
        await self.request(
            lambda floor, now: admission.request(floor, ParticipantId(who), priority)
        )

    async def cancel_request(self, who: str) -> None:
        """Take the hand down."""
        await self.request(lambda floor, now: admission.withdraw(floor, ParticipantId(who)))

    async def nominate(self, chair: str, whom: str) -> None:
        """Name somebody to speak next, as the chair of a chaired room."""
        by, named = ParticipantId(chair), ParticipantId(whom)
        await self.request(lambda floor, now: admission.nominate(floor, by, named))

    async def deny(self, chair: str, whom: str, reason: str = "") -> None:
        """Turn a raised hand down. Raises ``NotNow`` if it is not up."""
        by, asker = ParticipantId(chair), ParticipantId(whom)
        await self.request(lambda floor, now: admission.deny(floor, by, asker, reason))

    async def change_policy(self, policy: Policy | Mapping[str, Any] | str) -> None:
        """Arbitrate by another policy from now on. Raises ``Unknown`` and ``Invalid``."""
        data = policy if isinstance(policy, str | Mapping) else specify(policy)
        changed = PolicyChanged(specify(build(data)))
        await self.request(lambda floor, now: (Draft(ROOM, changed),))

    async def interrupt(self, by: str, whom: str | None = None) -> tuple[Event, ...]:
        """Cut the turn of ``whom`` (or every turn): what was delivered stands, marked.

        Raises ``Unknown``, ``RoomClosed``, and ``NotNow`` for who only watches.
        """
        cutter = ParticipantId(by)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            admission.member(floor, by)
            check(floor, cutter, Said)
            target = None if whom is None else admission.member(floor, whom).id
            return self._cut_all(floor, cutter, target)

        return await self.request(prepare)

    async def pause(self) -> None:
        """Grant nobody any more; people may still post."""
        await self.request(lambda floor, now: (Draft(ROOM, RoomPaused()),))

    async def resume(self) -> None:
        """Grant again."""
        await self.request(lambda floor, now: (Draft(ROOM, RoomResumed()),))

    async def close(self, reason: str = "") -> None:
        """End the room for good; turns that run are cut."""
        admission.check_words("reason", reason)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            return (*self._cut_all(floor, ROOM, None), Draft(ROOM, RoomEnded(reason)))

        await self.request(prepare)

    async def lapse(self) -> None:
        """Wait until nobody holds the floor and nothing waits to be done."""
        await self.live.lapse()

    async def said(self, reads_as: str | None = None, limit: int = UTTERANCES) -> Sequence[Event]:
        """The last utterances that ``reads_as`` may see (``None``: all), oldest first."""
        reader = None if reads_as is None else ParticipantId(reads_as)
        return await self._log.said(self.id, self.floor.head + 1, limit, reader)

    def subscribe(
        self, reads_as: str | None = None, after: int = 0
    ) -> AsyncIterator[Event | Delta]:
        """All events after the seq ``after`` that ``reads_as`` may see, and pieces of utterances.

        ``None`` reads as the house itself, which sees everything. Goes on until the room ends.
        """
        return self.live.feed.read(None if reads_as is None else ParticipantId(reads_as), after)

    def _cut_all(
        self, floor: Floor, by: ParticipantId, whom: ParticipantId | None
    ) -> tuple[Draft, ...]:
        drafts: list[Draft] = []
        for hold in floor.holds:
            if whom in (None, hold.participant):
                delivered = self.live.delivered(hold)
                drafts += admission.cut(floor, hold, Outcome.INTERRUPTED, by, delivered)
        return tuple(drafts)

    async def _author(self, seq: int | None, asks: ParticipantId) -> ParticipantId | None:
        if seq is None:
            return None
        event = self.live.transcript.find(seq)
        if event is None:
            event = next(iter(await self._log.read(self.id, seq - 1, 1)), None)
        if event is not None and not may_see(event.audience, asks):
            raise Unknown(kind="event", name=seq, hint=f" that {asks!r} could reply to")
        return None if event is None else event.by


def _posted(
    by: ParticipantId,
    text: str,
    to: tuple[str, ...],
    whisper: tuple[str, ...],
    reply_to: int | None,
    asked_by: ParticipantId | None,
    key: str | None,
    floor: Floor,
    now: float,
) -> tuple[Draft, ...]:
    return admission.post(
        floor, by, text, to=to, whisper=whisper, reply_to=reply_to, asked_by=asked_by, key=key
    )


def _check_same(event: Event, text: str, audience: Audience) -> None:
    said = event.body
    if not isinstance(said, Said) or said.text != text or event.audience != audience:
        raise KeyReused(who=event.by, key=event.key, seq=event.seq)
