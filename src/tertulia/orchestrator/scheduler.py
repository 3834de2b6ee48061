"""The scheduler: all rooms that are live in this process, and everything that can be asked of one.

Thousands of rooms share one event loop; a room that is quiet costs no task. Requests return when
what they became has been committed.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tertulia.orchestrator import conditions
from tertulia.orchestrator.admission import check_words
from tertulia.orchestrator.agency import Agency
from tertulia.orchestrator.breakouts import Breakouts
from tertulia.orchestrator.consultation import Adviser
from tertulia.orchestrator.conversation import Conversation
from tertulia.orchestrator.errors import Broken, ShuttingDown, Unreachable
from tertulia.orchestrator.events import Draft, RoomOpened
from tertulia.orchestrator.feed import PAGE
from tertulia.orchestrator.floor import Phase
from tertulia.orchestrator.live_room import Room
from tertulia.orchestrator.policies import build, specify
from tertulia.orchestrator.ports import Clock, Ledger, Log, Memory, Tenure
from tertulia.orchestrator.recollection import Recollection
from tertulia.orchestrator.room import (
    ROOM,
    Addressing,
    Participant,
    ParticipantId,
    RoomId,
    RoomSettings,
    room_name,
)
from tertulia.orchestrator.routing import Router
from tertulia.orchestrator.running import Escort
from tertulia.orchestrator.subrooms import SubRoom
from tertulia.orchestrator.transcript import UTTERANCES
from tertulia.orchestrator.transitions import fold
from tertulia.orchestrator.turns import Speaker

GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class _Programs:
    """Which programs speak for agents and route for persons, by handle."""

    speakers: Mapping[str, Speaker]
    routers: Mapping[str, Router]


class Scheduler:
    """Opens rooms, takes requests, runs turns, and leaves cleanly."""

    def __init__(
        self,
        log: Log,
        clock: Clock,
        ledger: Ledger | None = None,
        *,
        memory: Memory | None = None,
    ) -> None:
        """Rooms are kept in ``log``, what turns do in ``ledger``; waiting goes through ``clock``.

        Without a ledger, nothing of what a turn has done is known after a crash. ``memory`` is what
        rooms remember beyond their logs.
        """
        self._log, self.clock, self.ledger, self._memory = log, clock, ledger, memory
        self._rooms: dict[RoomId, asyncio.Task[Room]] = {}
        self._breakouts = Breakouts(log, self._sub_room, self.live)
        self._leaving = False
        self.adviser: Adviser | None = None
        """Who advises the rooms that are opened from now on, unless they get another adviser."""
        self.escort: Escort | None = None
        """Who goes along with the turns of the rooms that are opened from now on."""

    async def open(
        self,
        room: str,
        settings: RoomSettings | None = None,
        *,
        title: str = "",
        participants: Iterable[Participant] = (),
        speakers: Mapping[str, Speaker] | None = None,
        routers: Mapping[str, Router] | None = None,
    ) -> Room:
        """The live room of that name: new, or as its log left it.

        A room that exists keeps its settings; participants who are not in it join. ``speakers``
        says by handle which program speaks for which agent, ``routers`` which program says who
        answers which person. Turns left unfinished by a crash are taken up again. Raises
        ``Elsewhere`` while another process has the room.
        """
        check_words("title", title)
        opening = RoomOpened(settings or RoomSettings(), title)
        programs = _Programs(speakers or {}, routers or {})
        opened = await self._open(room_name(room), opening, programs)
        for participant in participants:
            await opened.join(participant)
        for who, router in programs.routers.items():
            opened.live.routers.known[ParticipantId(who)] = router
            if who in opened.floor.members:
                await opened.route(who, router)
        return opened

    async def _sub_room(
        self, parent: Room, sub: SubRoom, settings: RoomSettings | None = None
    ) -> Room:
        """The live sub-room of ``parent``, as it was left, or new, with its members in it.

        A new one has the parent's settings unless others are given; agents keep their speakers.
        Raises what ``open`` raises.
        """
        floor = parent.floor
        opening = RoomOpened(settings or floor.settings, sub.title, parent.id, sub.seq)
        speaking: dict[str, Speaker] = {
            who: speaker
            for who, speaker in parent.live.turns.speakers.items()
            if who in (sub.audience or ())
        }
        routing: dict[str, Router] = {
            who: router
            for who, router in parent.live.routers.known.items()
            if who in (sub.audience or ())
        }
        programs = _Programs(speaking, routing)
        opened = await self._open(sub.room, opening, programs)
        for who in sub.audience or ():
            seat = floor.members.get(who)
            if seat is not None and who not in opened.floor.stays:
                await opened.join(Participant(seat.id, seat.name, seat.kind, seat.profile))
                if who in routing:
                    await opened.route(who, routing[who])
        return opened

    async def _open(self, name: RoomId, opening: RoomOpened, programs: "_Programs") -> Room:
        if self._leaving:
            raise ShuttingDown
        taking = self._rooms.get(name)
        if taking is None:
            # In a task of its own: whoever else wants the room may wait for it too.
            taking = asyncio.create_task(self._take(name, opening, programs))
            self._rooms[name] = taking
            taking.add_done_callback(lambda done: self._taken(name, done))
        opened = await asyncio.shield(taking)
        if self._leaving:
            raise ShuttingDown
        for who, speaker in programs.speakers.items():
            opened.attach(who, speaker)
        return opened

    async def _take(self, name: RoomId, opening: RoomOpened, programs: "_Programs") -> Room:
        tenure = await self._log.acquire(name)
        try:
            return await self._begin(tenure, opening, programs)
        except BaseException:
            with suppress(Unreachable, Broken):  # what went wrong first is what is told
                await self._log.release(name, tenure.epoch)
            raise

    async def _begin(self, tenure: Tenure, opening: RoomOpened, programs: "_Programs") -> Room:
        name, floor = tenure.room, tenure.snapshot
        while floor.head < tenure.head:
            floor = fold(floor, await self._log.read(name, floor.head, PAGE))
        said = await self._log.said(name, floor.head + 1, UTTERANCES) if floor.head else ()
        live = Conversation(floor, tenure, said, self._log, self.clock, self._forget)
        live.turns.ledger, live.turns.epoch = self.ledger, tenure.epoch
        if self.ledger is not None and floor.head:
            held = {hold.turn for hold in (*floor.holds, *floor.parked)}
            live.turns.inherited |= held
            await self.ledger.abandon(name, tenure.epoch, held, self.clock.now())
        live.turns.speakers.update(
            {ParticipantId(who): speaker for who, speaker in programs.speakers.items()}
        )
        live.routers.known.update(
            {ParticipantId(who): router for who, router in programs.routers.items()}
        )
        if self._memory is not None:
            live.turns.recollection = Recollection(
                self._memory, self._log, self.clock, lambda: live.floor
            )
        opened = Room(live, self._log, self._breakouts, older=floor.head > 0)
        live.turns.powers = Agency(opened, self.live)
        live.turns.escort = self.escort
        if self.adviser is not None:
            opened.consult(self.adviser)
        if floor.phase is Phase.UNOPENED:
            wanted = opening.settings
            addressing = wanted.addressing or Addressing.PAIRS
            policy, until = specify(build(wanted.policy)), conditions.said(wanted.until)
            sides = wanted.side_floors is not False
            whole = replace(
                wanted, policy=policy, addressing=addressing, until=until, side_floors=sides
            )
            body = replace(opening, settings=whole)
            await opened.request(lambda f, now: (Draft(ROOM, body),))
        live.take_up(await live.turns.done())
        if floor.head:
            live.outcomes.look()
        return opened

    def _taken(self, name: RoomId, taking: asyncio.Task[Room]) -> None:
        if (taking.cancelled() or taking.exception()) and self._rooms.get(name) is taking:
            del self._rooms[name]

    def _forget(self, live: Conversation) -> None:
        """Let a room go, unless it has been opened anew meanwhile."""
        name = live.floor.room
        taking = self._rooms.get(name)
        if taking is not None and taking.done() and taking.result().live is live:
            del self._rooms[name]

    async def live(self, room: str) -> Room | None:
        """The room of that name, if it is live here; nothing is opened."""
        taking = self._rooms.get(RoomId(room))
        return None if taking is None else await asyncio.shield(taking)

    async def hand_back(self, room: Room) -> None:
        """Stop having a room live here; whoever opens it next goes on with it."""
        self._forget(room.live)
        await room.live.leave(ShuttingDown())
        await self._log.release(room.id, room.live.epoch)

    async def aclose(self, grace_s: float = GRACE_S) -> None:
        """Finish the turns that end within ``grace_s`` seconds, hand back the others, and leave.

        What was acknowledged is in the log; a turn handed back is resumed by the room's next owner.
        """
        if self._leaving:
            return
        self._leaving = True
        await _within(grace_s, list(self._rooms.values()))
        rooms = [taking.result() for taking in self._rooms.values()]
        await _within(grace_s, [asyncio.create_task(r.live.turns_ended()) for r in rooms])
        for room in rooms:
            # Where the store fails now, the room is free again when this process has ended.
            with suppress(Unreachable, Broken):
                await self.hand_back(room)
        await self._log.close()

    def __len__(self) -> int:
        """How many rooms are live here."""
        return len(self._rooms)


async def _within(seconds: float, tasks: Collection[asyncio.Task[Any]]) -> None:
    """Let tasks end within so many seconds; cancel the others."""
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
