"""Opening a room beside this one for some of its members, and closing it again."""

from dataclasses import dataclass

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.admission.posts import Post, post
from tertulia.orchestrator.admission.turns import Look, unseen
from tertulia.orchestrator.admission.words import check_words
from tertulia.orchestrator.errors import Exists, Unknown
from tertulia.orchestrator.events import Draft, SubRoomClosed, SubRoomOpened
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.room import ROOM, ParticipantId, RoomId
from tertulia.orchestrator.subrooms import SubRoom
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.visibility import audience_of, sub_rooms_of


@dataclass(frozen=True, slots=True)
class Breakout:
    """A sub-room that somebody wants: its id, who is to be in it, what it is about."""

    room: RoomId
    members: tuple[str, ...]
    title: str = ""


def open_sub_room(floor: Floor, by: ParticipantId, wanted: Breakout) -> tuple[Draft, ...]:
    """Open it for its members and ``by``; nothing if these have opened it already.

    Raises ``Unknown`` for who is not here, ``Exists``, ``NotNow`` (observers) and ``RoomClosed``.
    """
    member(floor, by)
    check(floor, by, SubRoomOpened)
    check_words("title", wanted.title)
    audience = audience_of(by, [member(floor, who).id for who in wanted.members])
    there = next((sub for sub in floor.subrooms if sub.room == wanted.room), None)
    if there is None:
        return (Draft(by, SubRoomOpened(wanted.room, wanted.title), audience),)
    if there.audience != audience:
        raise Exists(kind="room", name=wanted.room)
    return ()


def sub_room(floor: Floor, who: ParticipantId, room: RoomId) -> SubRoom:
    """The open sub-room of that name. Raises ``Unknown`` for whoever does not know of it."""
    member(floor, who)
    known = sub_rooms_of(floor, who)
    for sub in known:
        if sub.room == room:
            return sub
    there = ", ".join(sub.room for sub in known) or "none"
    raise Unknown(kind="open sub-room", name=room, hint=f" that {who!r} is in; there are: {there}")


def close_sub_room(
    floor: Floor, sub: SubRoom, wanted: Post, now: float = 0.0, look: Look = unseen
) -> tuple[Draft, ...]:
    """It is closed, and ``wanted.by`` says what came of it (nothing, if the text is empty).

    Raises what ``post`` raises, and ``Unknown`` for whoever was not in it.
    """
    sub_room(floor, wanted.by, sub.room)
    said = post(floor, wanted, now, look) if wanted.text else ()
    return (*said, Draft(wanted.by, SubRoomClosed(sub.room), sub.audience))


def sub_room_ended(floor: Floor, room: RoomId) -> tuple[Draft, ...]:
    """It has ended by itself; nothing if that is known."""
    return tuple(
        Draft(ROOM, SubRoomClosed(room), sub.audience) for sub in floor.subrooms if sub.room == room
    )
