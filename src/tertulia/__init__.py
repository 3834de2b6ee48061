"""Rooms in which several people and several agents talk: who speaks, when, what is remembered.

Names are imported when they are first used: ``tertulia.orchestrator`` alone needs no database.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tertulia.compose import House, Member, agent, human, observer, open_log, speaker
    from tertulia.orchestrator import Event, Reply, Room, RoomSettings, Said, Turn, policies
    from tertulia.orchestrator.errors import Broken, Refused, TertuliaError, Unreachable

_ROOMS = {
    "tertulia.compose": ("House", "Member", "agent", "human", "observer", "open_log", "speaker"),
    "tertulia.orchestrator": ("Event", "Reply", "Room", "RoomSettings", "Said", "Turn", "policies"),
    "tertulia.orchestrator.errors": ("Broken", "Refused", "TertuliaError", "Unreachable"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Broken",
    "Event",
    "House",
    "Member",
    "Refused",
    "Reply",
    "Room",
    "RoomSettings",
    "Said",
    "TertuliaError",
    "Turn",
    "Unreachable",
    "agent",
    "human",
    "observer",
    "open_log",
    "policies",
    "speaker",
]


def __getattr__(name: str) -> Any:
    """Import a public name from the room that it lives in."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'tertulia' has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)
