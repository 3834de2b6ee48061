"""The scheduler: all rooms that are live in this process, and everything that can be asked of one.

Thousands of rooms share one event loop; a room that is quiet costs no task. Requests return when
what they became has been committed.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from tertulia.orchestrator.admission import check_words
from tertulia.orchestrator.conversation import Conversation
from tertulia.orchestrator.errors import Broken, Invalid, ShuttingDown, Unreachable
from tertulia.orchestrator.events import Draft, RoomOpened
from tertulia.orchestrator.feed import PAGE
from tertulia.orchestrator.floor import Phase
from tertulia.orchestrator.live_room import Room
from tertulia.orchestrator.policies import build, specify
from tertulia.orchestrator.ports import Clock, Log
from tertulia.orchestrator.room import ROOM, Participant, ParticipantId, RoomId, RoomSettings
from tertulia.orchestrator.transcript import UTTERANCES
from tertulia.orchestrator.transitions import fold
from tertulia.orchestrator.turns import Speaker

_ROOM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")

GRACE_S = 5.0


class Scheduler:
    """Opens rooms, takes requests, runs turns, and leaves cleanly."""

    def __init__(self, log: Log, clock: Clock) -> None:
        """Rooms are kept in ``log``; all waiting goes through ``clock``."""
        self._log, self.clock = log, clock
        self._rooms: dict[RoomId, asyncio.Future[Room]] = {}
        self._leaving = False

    async def open(
        self,
        room: str,
        settings: RoomSettings | None = None,
        *,
        title: str = "",
        participants: Iterable[Participant] = (),
        speakers: Mapping[str, Speaker] | None = None,
    ) -> Room:
        """The live room of that name: new, or as its log left it.

        A room that exists keeps its settings; participants who are not in it join. ``speakers``
        says by handle which program speaks for which agent. Turns left unfinished by a crash are
        taken up again. Raises ``Elsewhere`` while another process has the room.
        """
        if self._leaving:
            raise ShuttingDown
        if not _ROOM_NAME.fullmatch(room):
            what = (
                "a name is 1 to 128 letters, digits and _ . : -, beginning with one of the former"
            )
            raise Invalid(where=f"room {room!r}", what=what)
        check_words("title", title)
        name = RoomId(room)
        live = self._rooms.get(name)
        if live is None:
            live = self._rooms[name] = asyncio.get_running_loop().create_future()
            try:
                live.set_result(await self._take(name, settings, title, speakers or {}))
            except BaseException as error:
                del self._rooms[name]
                live.set_exception(error)
                live.exception()
                raise
        opened = await asyncio.shield(live)
        for who, speaker in (speakers or {}).items():
            opened.attach(who, speaker)
        for participant in participants:
            await opened.join(participant)
        return opened

    async def _take(
        self,
        name: RoomId,
        settings: RoomSettings | None,
        title: str,
        speakers: Mapping[str, Speaker],
    ) -> Room:
        tenure = await self._log.acquire(name)
        try:
            floor = tenure.snapshot
            while floor.head < tenure.head:
                floor = fold(floor, await self._log.read(name, floor.head, PAGE))
            said = await self._log.said(name, floor.head + 1, UTTERANCES) if floor.head else ()
            live = Conversation(
                floor, tenure, said, self._log, self.clock, lambda: self._forget(name)
            )
        except BaseException:
            await self._log.release(name, tenure.epoch)
            raise
        live.speakers.update({ParticipantId(who): speaker for who, speaker in speakers.items()})
        opened = Room(live, self._log, older=floor.head > 0)
        if floor.phase is Phase.UNOPENED:
            wanted = settings or RoomSettings()
            whole = replace(wanted, policy=specify(build(wanted.policy)))
            body = RoomOpened(whole, title)
            await opened.request(lambda f, now: (Draft(ROOM, body),))
        live.take_up()
        return opened

    def _forget(self, room: RoomId) -> None:
        self._rooms.pop(room, None)

    async def hand_back(self, room: Room) -> None:
        """Stop having a room live here; whoever opens it next goes on with it."""
        self._forget(room.id)
        await room.live.leave(ShuttingDown())
        await self._log.release(room.id, room.live.epoch)

    async def aclose(self, grace_s: float = GRACE_S) -> None:
        """Finish the turns that end within ``grace_s`` seconds, hand back the others, and leave.

        What was acknowledged is in the log; a turn handed back is resumed by the room's next owner.
        """
        self._leaving = True
        rooms = [live.result() for live in self._rooms.values() if live.done()]
        ending = [asyncio.ensure_future(room.live.turns_ended()) for room in rooms]
        if ending:
            await asyncio.wait(ending, timeout=grace_s)
            for one in ending:
                one.cancel()
            await asyncio.wait(ending)
        for room in rooms:
            # Where the store fails now, the room is free again when this process has ended.
            with suppress(Unreachable, Broken):
                await self.hand_back(room)
        await self._log.close()

    def __len__(self) -> int:
        """How many rooms are live here."""
        return len(self._rooms)
