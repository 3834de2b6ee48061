"""A live room as its agents may act on it (``powers.Powers``). Nothing is decided here."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from tertulia.orchestrator.breakouts import Finder
from tertulia.orchestrator.errors import NotNow
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor, Note
from tertulia.orchestrator.live_room import Room
from tertulia.orchestrator.room import Participant, ParticipantId, RoomId
from tertulia.orchestrator.visibility import audience_of

TITLE = 80
"""How many characters of a task a sub-room bears as its title."""


class Agency:
    """The powers of the agents of one room."""

    def __init__(self, room: Room, live: Finder) -> None:
        """``live`` finds other rooms of this process."""
        self._room, self._live = room, live

    @property
    def floor(self) -> Floor:
        """Who is there, and how things stand."""
        return self._room.floor

    async def post(
        self,
        by: str,
        text: str,
        *,
        key: str | None = None,
        to: Iterable[str] = (),
        whisper: Iterable[str] = (),
    ) -> Event:
        """Say something; under one key, once."""
        return await self._room.post(by, text, key=key, to=to, whisper=whisper)

    async def join(
        self,
        participant: Participant,
        speaker: Callable[..., Awaitable[Any]] | None = None,
        *,
        history: bool = True,
        by: str | None = None,
    ) -> None:
        """Let somebody in."""
        await self._room.join(participant, speaker, history=history, by=by)

    async def note(
        self, about: str, text: str, *, by: str, whisper: Iterable[str] = ()
    ) -> Event | Note:
        """Keep something in mind, unless it is kept already."""
        listeners = tuple(whisper)
        audience = audience_of(ParticipantId(by), listeners) if listeners else None
        for kept in self._room.notes(about):
            if (kept.by, kept.text, kept.audience) == (by, text, audience):
                return kept
        return await self._room.note(about, text, by=by, whisper=listeners)

    async def open_below(
        self, by: str, name: str, members: Iterable[str], *, task: str, key: str
    ) -> RoomId:
        """Open a sub-room and say there what is to be done, to those who are in it."""
        whom = tuple(members)
        small = await self._room.breakout(by, name, whom, title=task[:TITLE])
        await small.post(by, task, key=key, to=[who for who in whom if who != by])
        return small.id

    async def close_above(self, by: str, summary: str, *, aloud: bool) -> RoomId:
        """End this room with word in its parent of what came of it."""
        name = self._room.id
        above = None if self.floor.parent is None else await self._live(self.floor.parent)
        if above is None:
            hint = "; only a sub-room whose parent is open in this process can be closed so"
            raise NotNow(who=f"room {name!r}", standing="no sub-room", event="closing", hint=hint)
        sub = next((one for one in above.floor.subrooms if one.room == name), None)
        if sub is not None:
            others = [who for who in sub.audience or () if who != by]
            own = name.removeprefix(f"{above.id}:")
            whisper = () if aloud else others
            await above.close_breakout(by, own, summary=summary, whisper=whisper)
        return above.id
