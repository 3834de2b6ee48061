"""A room as it was at one of its events, and a new room that goes on from there.

It reads a room that anybody may be writing, and writes only the new one, in one transaction.
"""

from tertulia.orchestrator.arbiter import Step, step
from tertulia.orchestrator.effects import EffectId
from tertulia.orchestrator.errors import Exists, Invalid, Unknown
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.feed import PAGE
from tertulia.orchestrator.floor import Floor, revised
from tertulia.orchestrator.forks import remade, renamed, sub_rooms_left, whole_steps
from tertulia.orchestrator.policies import build
from tertulia.orchestrator.ports import Batch, Clock, Ledger, Log, Tenure
from tertulia.orchestrator.room import RoomId, TurnId, room_name
from tertulia.orchestrator.transitions import fold


async def floor_at(log: Log, room: str, at: int) -> Floor:
    """The floor of a room after the event ``at``: who was there, who held it, who was owed what.

    Raises ``Unknown`` for a room that is not there, ``Invalid`` for an event that is not.
    """
    name = RoomId(room)
    events = await _events(log, name, at if at >= 1 else None)
    if not 1 <= at <= len(events):
        what = f"there is no event {at}; it has the events 1 to {len(events)}"
        raise Invalid(where=f"room {room!r}", what=what)
    return fold(Floor(name), events)


async def fork(
    log: Log,
    clock: Clock,
    room: str,
    into: str,
    at: int | None = None,
    ledger: Ledger | None = None,
) -> int:
    """Make the room ``into`` of all that had happened in ``room`` up to the event ``at``.

    ``None`` is the last one. What was decided together with it comes along; the seq of the last
    event that was taken over is what this gives. Turns that were under way are taken up again, from
    their beginning, by whoever opens the new room, and know what they have done, also since, as far
    as the ``ledger`` does. Sub-rooms stay with the old room.
    Raises ``Unknown``, ``Exists``, ``Invalid`` for an event at which nothing can go on, and
    ``Elsewhere``.
    """
    origin, name = RoomId(room), room_name(into)
    events = await _events(log, origin, None)
    point = len(events) if at is None else at
    taken = whole_steps(origin, events, point)
    if await log.read(name, 0, 1):
        raise Exists(kind="room", name=name)
    copied = remade(taken, name, point)
    floor = fold(Floor(name), copied)
    closing = _without_sub_rooms(floor, clock.now())
    tenure = await log.acquire(name)
    try:
        if tenure.head:
            raise Exists(kind="room", name=name)
        if ledger is not None:  # before anybody could begin any of it again
            for hold in (*closing.floor.holds, *closing.floor.parked):
                await _adopt(ledger, hold.turn, origin, tenure)
        whole = (*copied, *closing.events)
        await log.append(Batch(name, tenure.epoch, whole, closing.floor))
    finally:
        await log.release(name, tenure.epoch)
    return taken[-1].seq


async def _adopt(ledger: Ledger, turn: TurnId, origin: RoomId, tenure: Tenure) -> None:
    """Let a turn of the fork know what the turn that it is a copy of has done."""
    for effect in await ledger.of_turn(TurnId(renamed(turn, tenure.room, origin))):
        name = EffectId(renamed(effect.id, origin, tenure.room))
        known = revised(effect, id=name, room=tenure.room, turn=turn)
        await ledger.write(known, tenure.epoch)


def _without_sub_rooms(floor: Floor, now: float) -> Step:
    """The sub-rooms are closed, and what the policy makes of that; it is asked only then."""
    if not floor.subrooms:
        return Step(floor, ())
    return step(floor, sub_rooms_left(floor), now, build(floor.settings.policy))


async def _events(log: Log, room: RoomId, until: int | None) -> list[Event]:
    """A room's events, as far as ``until``."""
    found: list[Event] = []
    while until is None or len(found) < until:
        page = await log.read(room, len(found), PAGE)
        found += page
        if not page:
            break
    if not found:
        raise Unknown(kind="room", name=room, hint="; tertulia rooms lists them")
    return found[:until]
