# The names to import from tertulia: at run time each is imported when it is first used.

from .compose import House, Member, agent, human, observer, open_log, speaker
from .orchestrator import (
    Broken,
    Event,
    Refused,
    Reply,
    Room,
    RoomSettings,
    Said,
    TertuliaError,
    Turn,
    Unreachable,
    conditions,
    policies,
)

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
    "conditions",
    "human",
    "observer",
    "open_log",
    "policies",
    "speaker",
]
