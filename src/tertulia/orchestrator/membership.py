"""Who is here, and who of them has a room beside this one: what coming and going changes."""

from typing import Any

from tertulia.orchestrator.events import Event, Joined, Left, SubRoomClosed, SubRoomOpened
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.proceedings import voter_gone
from tertulia.orchestrator.routes import left_alone
from tertulia.orchestrator.subrooms import SubRoom
from tertulia.orchestrator.visibility import entered, gone


def joined(floor: Floor, event: Event, body: Joined) -> dict[str, Any]:
    """Somebody takes a seat, and can see from now on, or from the beginning."""
    who = event.by
    seat = Seat(who, body.name, body.kind, joined=event.seq, heard=event.seq, profile=body.profile)
    stays = entered(floor.stays.get(who, ()), event.seq, history=body.history)
    return {"members": {**floor.members, who: seat}, "stays": {**floor.stays, who: stays}}


def left(floor: Floor, event: Event, body: Left) -> dict[str, Any]:
    """Somebody goes, and all that waited for them waits no longer."""
    leaver = event.by
    seat = floor.members[leaver]
    return {
        "departed": {**floor.departed, leaver: (seat.name, seat.kind)},
        "stays": {**floor.stays, leaver: gone(floor.stays.get(leaver, ()), event.seq)},
        "members": {who: seat for who, seat in floor.members.items() if who != leaver},
        "pending": tuple(r for r in floor.pending if r.participant != leaver),
        "owed": tuple(o for o in floor.owed if o.participant != leaver),
        "nominated": tuple(n for n in floor.nominated if n.participant != leaver),
        "continuing": None if floor.continuing == leaver else floor.continuing,
        "cut_off": tuple(c for c in floor.cut_off if c.participant != leaver),
        "parked": tuple(h for h in floor.parked if h.participant != leaver),
        "spent": tuple(told for told in floor.spent if told[0] != leaver),
        **voter_gone(floor, leaver),
    } | left_alone(floor, event)


def sub_room_opened(floor: Floor, event: Event, body: SubRoomOpened) -> dict[str, Any]:
    """Some have a room of their own."""
    opened = SubRoom(body.room, event.by, event.seq, event.audience, body.title)
    return {"subrooms": (*floor.subrooms, opened)}


def sub_room_closed(floor: Floor, event: Event, body: SubRoomClosed) -> dict[str, Any]:
    """They have it no longer."""
    return {"subrooms": tuple(sub for sub in floor.subrooms if sub.room != body.room)}
