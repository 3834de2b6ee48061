"""A live room as programs use it: everything that can be asked of one, and nothing decided here."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from tertulia.orchestrator import admission, conditions
from tertulia.orchestrator.addressing import Ear
from tertulia.orchestrator.admission import Breakout, Look, Post
from tertulia.orchestrator.conditions import Condition
from tertulia.orchestrator.consents import Consents
from tertulia.orchestrator.consultation import Adviser
from tertulia.orchestrator.conversation import Conversation
from tertulia.orchestrator.errors import KeyReused, Unknown
from tertulia.orchestrator.events import (
    Body,
    ConditionChanged,
    Draft,
    Event,
    InputPolicyChanged,
    Outcome,
    PolicyChanged,
    RoomEnded,
    RoomPaused,
    RoomResumed,
    Said,
)
from tertulia.orchestrator.feed import Delta
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.keys import Keys
from tertulia.orchestrator.policies import build, specify
from tertulia.orchestrator.ports import Log, Policy
from tertulia.orchestrator.profile import Right
from tertulia.orchestrator.remembering import Remembering
from tertulia.orchestrator.room import (
    Audience,
    CutAt,
    InputPolicy,
    Participant,
    ParticipantId,
    RoomId,
    RoomSettings,
    one_of,
    room_name,
)
from tertulia.orchestrator.subrooms import SubRoom
from tertulia.orchestrator.transcript import UTTERANCES
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.turns import Speaker
from tertulia.orchestrator.visibility import covers, may_see, sight_of, sub_rooms_of


class Rooms(Protocol):
    """What one room needs the others for (see ``breakouts``)."""

    async def breakout(
        self, room: "Room", by: ParticipantId, wanted: Breakout, settings: RoomSettings | None
    ) -> "Room":
        """Open a sub-room, or take it up again."""
        ...

    async def close_breakout(self, room: "Room", name: RoomId, said: Post) -> None:
        """End a sub-room, and say in ``room`` what came of it."""
        ...

    async def close(self, room: "Room", reason: str, by: str | None) -> None:
        """End a room, after its sub-rooms, and let its parent know."""
        ...


class Room(Remembering, Consents):
    """A live room, as its participants' programs see it."""

    def __init__(self, live: Conversation, log: Log, rooms: Rooms, *, older: bool) -> None:
        """Made by ``Scheduler.open``; ``older``: the log held events before it was live here."""
        super().__init__(live, Keys(live.floor.room, log, older=older))
        self._log, self._rooms = log, rooms

    @property
    def id(self) -> RoomId:
        """The room's name."""
        return self.live.floor.room

    def attach(self, who: str, speaker: Speaker) -> None:
        """Let ``speaker`` speak for an agent from its next turn on."""
        self.live.turns.speakers[ParticipantId(who)] = speaker

    def consult(self, adviser: Adviser) -> None:
        """Let ``adviser`` answer when the room's policy asks whom to select."""
        self.live.consultations.adviser = adviser

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
        Raises ``BadContent``, ``Unknown``, ``KeyReused``, ``NotNow`` (observers), ``RoomClosed``,
        and ``NotAllowed`` for one who may not whisper.
        """
        who = ParticipantId(by)
        asked_by = await self._author(reply_to, who)
        return await self._post(Post(who, text, tuple(to), tuple(whisper), reply_to, asked_by, key))

    async def backchannel(
        self, by: str, text: str = "mm-hm", *, reply_to: int | None = None, key: str | None = None
    ) -> Event:
        """Say in passing that one listens (or react to ``reply_to``): it takes no floor.

        Raises what ``post`` raises.
        """
        who = ParticipantId(by)
        await self._author(reply_to, who)
        passing = Post(who, text, reply_to=reply_to, key=key, backchannel=True)
        return await self._post(passing)

    async def _post(self, wanted: Post) -> Event:
        who, key = wanted.by, wanted.key
        prepare = partial(_posted, wanted, self.live.turns.look, self.live.hearing)
        events, anew = await self._keyed(who, key, prepare)
        event = _said_in(events, who)
        if not anew:
            _check_same(event, wanted.text, wanted.audience)
        return event

    async def join(
        self,
        participant: Participant,
        speaker: Speaker | None = None,
        *,
        history: bool = True,
        by: str | None = None,
    ) -> None:
        """Let somebody in, whom ``by`` brings in; nothing if they are in.

        Without ``history`` they see nothing from before they came, here or in any prompt.
        Raises ``Exists`` if the handle is taken, ``NotAllowed`` if ``by`` may bring in nobody.
        """

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            coming = admission.join(floor, participant, history=history)
            drafts = admission.invite(floor, coming, by)
            if speaker is not None:  # before its first turn can begin
                self.attach(participant.id, speaker)
            return drafts

        await self.request(prepare)

    async def leave(self, who: str, reason: str = "") -> None:
        """Let somebody go; a turn of theirs that runs is cut."""
        gone = ParticipantId(who)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            hold = floor.hold_of(gone)
            heard = "" if hold is None else self.live.turns.look(hold).delivered
            return admission.leave(floor, gone, reason, heard)

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

    async def vote(self, who: str, option: str | None) -> None:
        """Vote on what is put to the vote (``None``: abstain). Raises as ``admission.vote``."""
        await self.request(lambda floor, now: admission.vote(floor, ParticipantId(who), option))

    async def change_policy(
        self, policy: Policy | Mapping[str, Any] | str, *, by: str | None = None
    ) -> None:
        """Arbitrate by another policy from now on, as ``by`` wants it (``None``: the program).

        Raises ``Unknown``, ``Invalid``, and ``NotAllowed`` for one who may not.
        """
        data = policy if isinstance(policy, str | Mapping) else specify(policy)
        changed = PolicyChanged(specify(build(data)))
        await self._do(changed, by, Right.CHANGE_POLICY)

    async def stop_when(
        self, condition: Condition | Mapping[str, Any] | str | None, *, by: str | None = None
    ) -> None:
        """Stop when this comes true from now on (``None``: never); turns that run then are cut.

        A condition of ``tertulia.conditions``, or its specification; ``by`` is who wants it. Raises
        ``Unknown``, ``Invalid``, and ``NotAllowed`` for one who may not change how the room
        arbitrates.
        """
        await self._do(ConditionChanged(conditions.said(condition)), by, Right.CHANGE_POLICY)

    async def change_input(
        self, policy: str, of: str | None = None, *, by: str | None = None
    ) -> None:
        """What messages (of one person, or of all others) do to a turn in flight from now on.

        ``policy`` is one of ``InputPolicy``; ``by`` is who wants it. Raises ``Invalid``,
        ``Unknown``, and ``NotAllowed`` for one who may not change how the room arbitrates.
        """
        wanted = one_of(InputPolicy, "input", policy)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            who = None if of is None else admission.member(floor, of).id
            actor = admission.acting(floor, by, Right.CHANGE_POLICY)
            return (Draft(actor, InputPolicyChanged(wanted, who)),)

        await self.request(prepare)

    async def interrupt(
        self, by: str, whom: str | None = None, *, at: str | None = None
    ) -> tuple[Event, ...]:
        """Cut the turn of ``whom`` (or every turn) that ``by`` can hear.

        A turn that is parked is cut only by its speaker's name.
        What was delivered stands, marked; nobody cuts into a whisper that is not for them.

        ``at`` is ``once``, or ``trp`` for the end of the sentence; unless given, as the room's
        settings say. Raises ``Unknown``, ``RoomClosed``, ``NotNow`` for who only watches, and
        ``NotAllowed`` for one who may cut nobody off.
        """
        cutter = ParticipantId(by)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            admission.member(floor, by)
            check(floor, cutter, Said)
            target = None if whom is None else admission.member(floor, whom).id
            if target != cutter:
                admission.check_right(floor, cutter, Right.INTERRUPT)
            moment = floor.settings.cut_at if at is None else one_of(CutAt, "cut_at", at)
            of_one = () if target is None else floor.parked  # others wait on
            heard = (h for h in (*floor.holds, *of_one) if covers(h.audience, (cutter,)))
            holds = [h for h in heard if target in (None, h.participant)]
            if moment is CutAt.ONCE:
                return self._cut_all(floor, cutter, holds)
            return tuple(draft for h in holds for draft in admission.barge_in(floor, h, cutter))

        return await self.request(prepare)

    async def pause(self, *, by: str | None = None) -> None:
        """Grant nobody any more; people may still post. ``by`` is who wants it, if not the program.

        Raises ``NotAllowed`` for one who may not.
        """
        await self._do(RoomPaused(), by, Right.PAUSE)

    async def resume(self, *, by: str | None = None) -> None:
        """Grant again; what the room stops at begins anew, with nothing of it true yet.

        Like ``pause``, raises ``NotAllowed``.
        """
        await self._do(RoomResumed(), by, Right.PAUSE)

    async def breakout(
        self,
        by: str,
        name: str,
        members: Iterable[str],
        *,
        title: str = "",
        settings: RoomSettings | None = None,
    ) -> "Room":
        """Open a room beside this one for ``members`` and ``by``, or take it up again.

        It is called ``ROOM:NAME``, has its own log and floor, and this room's settings unless it is
        given others; agents keep their speakers. Nobody else is told of it.
        Raises ``Unknown``, ``Exists``, ``Invalid``, ``NotNow`` (observers), ``RoomClosed``.
        """
        wanted = Breakout(room_name(f"{self.id}:{name}"), tuple(members), title)
        return await self._rooms.breakout(self, ParticipantId(by), wanted, settings)

    def breakouts(self, reads_as: str | None = None) -> tuple[SubRoom, ...]:
        """The open sub-rooms that ``reads_as`` knows of (``None``: all)."""
        if reads_as is None:
            return self.floor.subrooms
        return sub_rooms_of(self.floor, ParticipantId(reads_as))

    async def close_breakout(
        self, by: str, name: str, *, summary: str = "", whisper: Iterable[str] = ()
    ) -> None:
        """End a sub-room, and let ``by``, who is in it, say here what came of it.

        The ``summary`` is for everybody, or for ``whisper`` alone; without one nothing is said.
        Raises ``Unknown`` for whoever was not in it, and what ``post`` raises.
        """
        said = Post(ParticipantId(by), summary, whisper=tuple(whisper))
        await self._rooms.close_breakout(self, RoomId(f"{self.id}:{name}"), said)

    async def close(self, reason: str = "", *, by: str | None = None) -> None:
        """End the room for good, after its sub-rooms; turns that run are cut.

        Raises ``NotAllowed``.
        """
        await self._rooms.close(self, reason, by)

    async def end(self, reason: str = "", *, by: str | None = None) -> None:
        """End this room alone, without a word to its parent; ``close`` is what you want."""
        admission.check_words("reason", reason)

        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            actor = admission.acting(floor, by, Right.CLOSE)
            return (
                *self._cut_all(floor, actor, (*floor.holds, *floor.parked)),
                Draft(actor, RoomEnded(reason)),
            )

        await self.request(prepare)

    async def lapse(self) -> None:
        """Wait until nobody holds the floor and nothing waits to be done."""
        await self.live.lapse()

    async def said(
        self, reads_as: str | None = None, limit: int = UTTERANCES, before: int | None = None
    ) -> Sequence[Event]:
        """The last utterances that ``reads_as`` may see (``None``: all), oldest first.

        For the page before, ask for those ``before`` the seq of the first.
        """
        sight = None if reads_as is None else sight_of(self.floor, ParticipantId(reads_as))
        until = self.floor.head + 1 if before is None else before
        return await self._log.said(self.id, until, limit, sight)

    def subscribe(
        self, reads_as: str | None = None, after: int = 0, until: int | None = None
    ) -> AsyncIterator[Event | Delta]:
        """All events after the seq ``after`` that ``reads_as`` may see, and pieces of utterances.

        ``None`` reads as the house itself, which sees everything. Goes on until the room ends,
        or as far as the seq ``until``.
        """
        reader = None if reads_as is None else ParticipantId(reads_as)
        return self.live.feed.read(reader, after, until)

    async def _do(self, body: Body, by: str | None, right: Right) -> None:
        """What the room as a whole does, because somebody with the right to it wants it."""
        await self.request(lambda floor, now: (Draft(admission.acting(floor, by, right), body),))

    def _cut_all(self, floor: Floor, by: ParticipantId, holds: Iterable[Hold]) -> tuple[Draft, ...]:
        drafts: list[Draft] = []
        for hold in holds:
            heard = self.live.turns.look(hold).delivered
            drafts += admission.cut(floor, hold, Outcome.INTERRUPTED, by, heard)
        return tuple(drafts)

    async def _author(self, seq: int | None, asks: ParticipantId) -> ParticipantId | None:
        if seq is None:
            return None
        event = self.live.transcript.find(seq)
        if event is None:
            event = next(iter(await self._log.read(self.id, seq - 1, 1)), None)
        if event is not None and not may_see(event, sight_of(self.floor, asks)):
            raise Unknown(kind="event", name=seq, hint=f" that {asks!r} could reply to")
        if event is None:
            return None
        self.live.hearing.recall(event)
        return event.by


def _posted(wanted: Post, look: Look, ear: Ear, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.post(floor, wanted, now, look, ear)


def _said_in(events: tuple[Event, ...], by: ParticipantId) -> Event:
    """The post itself, among what it came to; or what its key was used for instead."""
    said = (event for event in events if event.by == by and isinstance(event.body, Said))
    return next(said, events[0])


def _check_same(event: Event, text: str, audience: Audience) -> None:
    said = event.body
    if not isinstance(said, Said) or said.text != text or event.audience != audience:
        raise KeyReused(who=event.by, key=event.key, seq=event.seq)
