"""``fork`` and ``floor``: a room made of another one's past, and a look at a room's past."""

import asyncio
import shlex
from itertools import islice

from rich.text import Text

from tertulia.cli.archive import Archive, existing
from tertulia.cli.output import line, page
from tertulia.cli.transcript import shown
from tertulia.compose import House
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor, Standing
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.transitions import fold
from tertulia.storage.codec import floor_to_json


def fork_room(db: str, room: str, new: str, *, at: int | None, json: bool) -> None:
    """Fork a room, and say what it came to."""
    existing(db)
    taken = asyncio.run(_forked(db, room, new, at))
    if json:
        print(line({"room": new, "forked_from": room, "forked_at": at or taken, "events": taken}))
        return
    more = (
        f" (event {at} was decided together with those after it)" if at not in (None, taken) else ""
    )
    there = shlex.join(["tertulia", "chat", new, "--db", db])
    print(f"{new}: the events 1 to {taken} of {room}{more}; go on in it: {there}")


async def _forked(db: str, room: str, new: str, at: int | None) -> int:
    async with House(db) as house:
        return await house.fork(room, new, at=at)


def print_floor(db: str, room: str, *, at: int | None, json: bool) -> None:
    """Fold a room's events up to ``at``, and show the floor."""
    with Archive.at(db) as archive:
        floor = fold(Floor(RoomId(room)), islice(archive.events(room), at))
    if at is not None and floor.head < at:
        what = f"there is no event {at}; the last one is {floor.head}"
        raise Invalid(where=f"room {room!r}", what=what)
    if json:
        print(floor_to_json(floor))
        return
    out = page()
    out.print(Text(f"{room} after event {floor.head}: {floor.phase}", "bold"), soft_wrap=True)
    for told in _told(floor):
        out.print(Text(told), soft_wrap=True)


def _told(floor: Floor) -> list[str]:
    """One line for each who is there, then what is owed and what else is open."""
    lines = []
    for seat in floor.members.values():
        standing = floor.standing(seat.id)
        hold = floor.hold_of(seat.id)
        doing = f"{standing}" if hold is None else f"{standing} the floor in turn {hold.turn}"
        turns = f", {seat.turns} turns" if seat.turns and standing is not Standing.WATCHING else ""
        lines.append(f"  {shown(seat.name)} ({seat.id}, {seat.kind}): {doing}{turns}")
    lines += [f"  {o.participant} owes {o.by} an answer to event {o.seq}" for o in floor.owed]
    lines += [f"  sub-room {sub.room} is open" for sub in floor.subrooms]
    if floor.question is not None and not floor.question.over:
        lines.append(f"  a question is open: {floor.question.kind}")
    return lines
