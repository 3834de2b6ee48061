"""Rooms beside rooms: opened for some of a room's members, closed with word of what came of it.

Two logs are written one after the other, never at once: a sub-room is in its parent's log before it
is opened, and has ended before that is in its parent's log. What a crash leaves between is made
good by asking again.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

from tertulia.orchestrator import admission
from tertulia.orchestrator.admission import Breakout, Post
from tertulia.orchestrator.errors import Exists
from tertulia.orchestrator.events import Draft
from tertulia.orchestrator.floor import Floor, Phase
from tertulia.orchestrator.live_room import Room
from tertulia.orchestrator.policies import build
from tertulia.orchestrator.ports import Log
from tertulia.orchestrator.profile import Right
from tertulia.orchestrator.room import ParticipantId, RoomId, RoomSettings
from tertulia.orchestrator.subrooms import SubRoom

Opener: TypeAlias = Callable[[Room, SubRoom, RoomSettings | None], Awaitable[Room]]
"""Opens a sub-room, new or as it was left, with its members in it."""
Finder: TypeAlias = Callable[[str], Awaitable[Room | None]]
"""Finds a room that is live here."""


class Breakouts:
    """Opens and closes the sub-rooms of all rooms (``live_room.Rooms``)."""

    def __init__(self, log: Log, open_below: Opener, live: Finder) -> None:
        """``open_below`` and ``live`` are the scheduler's."""
        self._log, self._open, self._live = log, open_below, live

    async def breakout(
        self, room: Room, by: ParticipantId, wanted: Breakout, settings: RoomSettings | None
    ) -> Room:
        """Open a sub-room, or take it up again."""
        if settings is not None:
            build(settings.policy)
        admission.open_sub_room(room.floor, by, wanted)
        known = any(sub.room == wanted.room for sub in room.floor.subrooms)
        if not known and await self._log.read(wanted.room, 0, 1):
            raise Exists(kind="room", name=wanted.room)
        await room.request(lambda floor, now: admission.open_sub_room(floor, by, wanted))
        return await self._open(room, admission.sub_room(room.floor, by, wanted.room), settings)

    async def close_breakout(self, room: Room, name: RoomId, said: Post) -> None:
        """End a sub-room, and say in ``room`` what came of it."""
        sub = admission.sub_room(room.floor, said.by, name)
        admission.close_sub_room(room.floor, sub, said)  # what is refused is refused before
        await self._end_below(room, sub, f"closed by {said.by}")
        look = room.live.turns.look
        await room.request(lambda floor, now: admission.close_sub_room(floor, sub, said, now, look))

    async def close(self, room: Room, reason: str, by: str | None) -> None:
        """End a room, after its sub-rooms, and let its parent know."""
        admission.check_words("reason", reason)
        admission.acting(room.floor, by, Right.CLOSE)
        await self._end(room, reason, by)
        above = None if room.floor.parent is None else await self._live(room.floor.parent)
        if above is not None and above.floor.phase is not Phase.CLOSED:
            await above.request(partial(_noted, room.id))

    async def _end(self, room: Room, reason: str, by: str | None = None) -> None:
        for sub in room.floor.subrooms:
            await self._end_below(room, sub, reason)
            await room.request(partial(_noted, sub.room))
        await room.end(reason, by=by)

    async def _end_below(self, room: Room, sub: SubRoom, reason: str) -> None:
        below = await self._open(room, sub, None)
        if below.floor.phase is not Phase.CLOSED:
            await self._end(below, reason)


def _noted(ended: RoomId, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.sub_room_ended(floor, ended)
