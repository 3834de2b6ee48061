"""Who is in a room and how the room is set up. Values only: nothing here happens."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from types import NoneType
from typing import Any, NewType, TypeAlias

from tertulia.orchestrator.errors import Invalid

RoomId = NewType("RoomId", str)
ParticipantId = NewType("ParticipantId", str)
TurnId = NewType("TurnId", str)
"""A room's id and the turn's serial number in it: ``kitchen/12``. Also LangGraph's thread id."""

Audience: TypeAlias = tuple[ParticipantId, ...] | None
"""Who may see an event, its speaker among them, sorted; ``None`` is everybody in the room."""

ROOM = ParticipantId("room")
"""Who is named as the author of what the room itself does."""

_HANDLE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_NAME_LIMIT = 80


class Kind(StrEnum):
    """What a participant is: a person, a program that speaks, or one who only watches."""

    HUMAN = "human"
    AGENT = "agent"
    OBSERVER = "observer"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who can be in rooms.

    ``id`` is the handle in mentions and rows: lower case letters, digits, ``_ . -``, at most 64.
    Raises ``Invalid`` for a handle or a name that cannot be used.
    """

    id: ParticipantId
    name: str
    kind: Kind

    def __post_init__(self) -> None:
        """Check the handle and the name once, at the door."""
        if not _HANDLE.fullmatch(self.id) or self.id in (ROOM, "all", "everyone"):
            raise Invalid(
                where=f"participant {self.id!r}",
                what="a handle is 1 to 64 of a-z 0-9 _ . - and none of room, all, everyone",
            )
        if not self.name.strip() or len(self.name) > _NAME_LIMIT or not _is_a_line(self.name):
            raise Invalid(where=f"participant {self.id!r}", what="a name is one line of 1 to 80")


def _is_a_line(name: str) -> bool:
    return len(name.splitlines()) == 1 and name == name.encode(errors="replace").decode()


def handle(name: str) -> ParticipantId:
    """Make a handle from a display name: ``Ana María`` becomes ``ana-maria``."""
    ascii_only = re.sub(r"[^a-z0-9]+", "-", _fold(name)).strip("-.")
    return ParticipantId(ascii_only or "somebody")


def _fold(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """How a room arbitrates. Written into its first event, so that the log replays alone.

    ``policy`` is a policy's specification (see ``policies.specify``). ``capacity`` is how many may
    hold the floor at once (``None``: as many as like). ``lease_s`` is how long an agent may hold
    it, ``patience_s`` how long a person who was asked is waited for, both in seconds.
    ``turn_limit`` ends agents' talk after so many of their turns (``None``: never).
    """

    policy: Mapping[str, Any] = field(default_factory=lambda: {"name": "conversational"})
    capacity: int | None = 1
    lease_s: float = 120.0
    patience_s: float = 20.0
    text_limit: int = 20_000
    turn_limit: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers once, at the door."""
        for name in ("lease_s", "patience_s", "text_limit"):
            if not 0 < getattr(self, name) < inf:
                raise Invalid(
                    where=f"room setting {name}", what="must be greater than 0, and finite"
                )
        for name in ("text_limit", "capacity", "turn_limit"):
            if type(getattr(self, name)) not in (int, NoneType):
                raise Invalid(where=f"room setting {name}", what="must be a whole number")
        if self.capacity is not None and self.capacity < 1:
            raise Invalid(where="room setting capacity", what="must be at least 1, or nothing")
        if self.turn_limit is not None and self.turn_limit < 0:
            raise Invalid(where="room setting turn_limit", what="must not be negative")
