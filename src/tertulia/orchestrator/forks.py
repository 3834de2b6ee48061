"""A room forked at one of its events: the log of the new room, remade from that of the old one.

Pure. The new log is the old one's prefix under the new room's name: turns, effects and sub-rooms
that are named after the room are renamed, and nothing else is changed, so that it replays as the
old one does. What was decided together stays together.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeAlias, get_args, get_type_hints

from tertulia.orchestrator.effects import EffectId
from tertulia.orchestrator.errors import Invalid, LogDamaged
from tertulia.orchestrator.events import Draft, Event, RoomEnded, RoomOpened
from tertulia.orchestrator.floor import Floor, revised
from tertulia.orchestrator.room import RoomId, TurnId
from tertulia.orchestrator.subrooms import SubRoomClosed

_ROOM_NAMES: frozenset[Any] = frozenset({RoomId, TurnId, EffectId})
_BY_NAME = frozenset({"approval"})
"""Fields of plain text that begin with a turn's id where an effect is approved."""

_Rename: TypeAlias = Callable[[str], str]


def whole_steps(room: RoomId, events: Sequence[Event], at: int) -> tuple[Event, ...]:
    """The events up to ``at``, and those that were decided in the same step as that one.

    Raises ``Invalid`` for a seq that the room does not have, and for one after its end.
    """
    head = events[-1].seq if events else 0
    if not 1 <= at <= head:
        what = f"it has the events 1 to {head}" if head else "it has no events yet"
        raise Invalid(where=f"fork of room {room!r} at {at}", what=what)
    if events[at - 1].seq != at:
        raise LogDamaged(room=room, seq=at, what="the events before it are not all there")
    cause = events[at - 1].cause
    kept = tuple(event for event in events if event.seq <= at or event.cause == cause)
    for event in kept:
        if isinstance(event.body, RoomEnded):
            before = f"; fork it at {event.cause - 1} or before" if event.cause > 1 else ""
            what = f"the room was closed with event {event.seq}{before}"
            raise Invalid(where=f"fork of room {room!r} at {at}", what=what)
    return kept


def remade(events: Iterable[Event], into: RoomId, at: int) -> tuple[Event, ...]:
    """The same events as those of the room ``into``, whose first one tells where they come from."""
    return tuple(_remade(event, into, at) for event in events)


def sub_rooms_left(floor: Floor) -> tuple[Draft, ...]:
    """Close the sub-rooms on the floor of a fork: they are rooms beside the old room alone."""
    return tuple(Draft(sub.by, SubRoomClosed(sub.room), sub.audience) for sub in floor.subrooms)


def renamed(name: str, room: RoomId, into: RoomId) -> str:
    """What is named after a room (it, its turns, its sub-rooms), named after another one."""
    rest = name.removeprefix(room)
    return f"{into}{rest}" if name.startswith(room) and rest[:1] in ("", "/", ":") else name


def _remade(event: Event, into: RoomId, at: int) -> Event:
    room, body = event.room, event.body
    if isinstance(body, RoomOpened):
        body = revised(body, parent=None, since=None, forked_from=room, forked_at=at)
    else:
        body = _moved(body, partial(renamed, room=room, into=into))
    return revised(event, room=into, body=body)


def _moved(body: Any, rename: _Rename) -> Any:
    named = named_after_rooms(body.__class__)
    changes = {name: _each(getattr(body, name), rename) for name in named}
    return revised(body, **changes) if changes else body


def _each(value: Any, rename: _Rename) -> Any:
    if isinstance(value, str):
        return rename(value)
    if isinstance(value, tuple):
        return tuple(_each(one, rename) for one in value)
    if isinstance(value, Mapping):
        return {_each(key, rename): _each(one, rename) for key, one in value.items()}
    if value is not None and named_after_rooms(value.__class__):
        return _moved(value, rename)
    return value


@cache
def named_after_rooms(kind: type[Any]) -> tuple[str, ...]:
    """The fields of a value in which a room, a turn or an effect is named, at whatever depth."""
    if not hasattr(kind, "__dataclass_fields__"):
        return ()
    hints = get_type_hints(kind)
    return tuple(n for n, hint in hints.items() if n in _BY_NAME or _tells_of_rooms(hint))


def _tells_of_rooms(hint: Any) -> bool:
    if hint in _ROOM_NAMES:
        return True
    if hasattr(hint, "__dataclass_fields__") and named_after_rooms(hint):
        return True
    return any(_tells_of_rooms(one) for one in get_args(hint))
