"""A room as a node: some of the members talk something over by themselves, and the turn goes on.

The turn waits off the floor meanwhile. The room's name derives from the turn, so that after a crash
the turn takes up the same one, and finds what came of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tertulia.agents.nodes import Node, joined
from tertulia.agents.state import InTurn, TurnState
from tertulia.orchestrator.errors import Exists, Invalid, Misbehaved
from tertulia.orchestrator.events import Concluded, Event, RoomEnded
from tertulia.orchestrator.floor import Phase
from tertulia.orchestrator.live_room import Room
from tertulia.orchestrator.room import RoomSettings
from tertulia.orchestrator.turns import Turn

LATER_S = 60.0
"""How much longer the turn may be away than the talk takes, in seconds."""


class Rooms(Protocol):
    """Finds live rooms and opens others: a ``Scheduler`` does."""

    async def live(self, room: str) -> Room | None:
        """The room of that name, if it is live here."""
        ...

    async def open(self, room: str) -> Room:
        """The room of that name, as its log left it."""
        ...


def last_word(said: Sequence[Event]) -> str:
    """What was said last; nothing, if nothing was said."""
    return said[-1].text if said else ""


@dataclass(frozen=True, slots=True)
class Talk:
    """What ``members`` (handles) are to talk over, and for how long at most, in seconds.

    With a condition in its ``settings`` (``until``) it lasts until that has come true, else until
    nobody has anything to say. ``sums_up`` makes of what was said what the turn says of it. Raises
    ``Invalid``.
    """

    members: tuple[str, ...]
    task: str
    within_s: float = 600.0
    settings: RoomSettings | None = None
    sums_up: Callable[[Sequence[Event]], str] = last_word

    def __post_init__(self) -> None:
        """Check it once, at the door."""
        if not self.members or not self.task.strip():
            raise Invalid(where="talk", what="needs members and a task")
        if not self.within_s > 0:
            raise Invalid(where="talk, within_s", what="must be greater than 0")


def room_within(rooms: Rooms, talk: Talk, name: str = "talk") -> Node:
    """Open a sub-room with a task, wait until it is done or time is up, and say what came of it.

    ``rooms`` is the house's scheduler. The agent itself is in the sub-room, and there this node
    says nothing. All who are to talk have to hear the turn: else it is ``Misbehaved``. A turn that
    is cut leaves the sub-room open; it ends with its parent.
    """

    async def talk_over(state: TurnState, runtime: InTurn) -> TurnState:
        turn = runtime.context
        if turn.room.rpartition(":")[2].startswith(f"{name}-"):
            return TurnState(draft="")
        _check_heard(turn, talk)
        room = await rooms.live(turn.room)
        if room is None:
            raise Misbehaved(who=f"agent {turn.me.id!r}", what="asks for rooms of another house")
        await turn.act()
        small = await _opened(rooms, room, talk, turn, f"{name}-{turn.id.rpartition('/')[2]}")
        if small.floor.phase is not Phase.CLOSED:
            await _held(small, talk, turn)
        said = await small.said(turn.me.id)
        came = talk.sums_up([event for event in said if event.by != turn.me.id])
        before = state.get("draft", "")
        draft = joined(before, came)
        turn.say(draft[len(before) :])
        return TurnState(draft=draft)

    return talk_over


def _check_heard(turn: Turn, talk: Talk) -> None:
    outside = [
        who for who in talk.members if turn.audience is not None and who not in turn.audience
    ]
    if outside:
        what = f"would tell {', '.join(outside)} of a turn that they do not hear"
        raise Misbehaved(who=f"agent {turn.me.id!r}", what=what)


async def _opened(rooms: Rooms, room: Room, talk: Talk, turn: Turn, name: str) -> Room:
    try:
        return await room.breakout(
            turn.me.id, name, talk.members, title=talk.task[:80], settings=talk.settings
        )
    except Exists:  # it had ended before a crash
        return await rooms.open(f"{room.id}:{name}")


async def _held(small: Room, talk: Talk, turn: Turn) -> None:
    """Say what is to be done, once, and wait off the floor until it is."""
    asked = await small.post(turn.me.id, talk.task, key=turn.id, to=talk.members)
    left_s = max(0.001, asked.at + talk.within_s - turn.clock.now())
    async with turn.parked(left_s + LATER_S):
        over = asyncio.ensure_future(_over(small))
        alarm = asyncio.ensure_future(turn.clock.sleep(left_s))
        try:
            await asyncio.wait({over, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            alarm.cancel()
        if small.floor.phase is not Phase.CLOSED:
            await small.close("talked over")


async def _over(small: Room) -> None:
    """Return when its condition has come true, or without one, when nobody has more to say."""
    if small.floor.settings.until is None:
        await small.lapse()
        return
    async for happening in small.subscribe():
        if isinstance(happening, Event) and isinstance(happening.body, Concluded | RoomEnded):
            return
