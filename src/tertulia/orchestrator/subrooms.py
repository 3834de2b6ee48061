"""Rooms beside a room: what its log says of them, and what the floor keeps.

Bodies of events, as in ``events``, which hands them on.
"""

from dataclasses import dataclass

from tertulia.orchestrator.room import Audience, ParticipantId, RoomId


@dataclass(frozen=True, slots=True)
class SubRoomOpened:
    """Some of the members have a room of their own beside this one: the event's audience."""

    room: RoomId
    title: str = ""


@dataclass(frozen=True, slots=True)
class SubRoomClosed:
    """A sub-room has ended; the event's audience is that of its opening."""

    room: RoomId


@dataclass(frozen=True, slots=True)
class SubRoom:
    """A room that some of the members have beside this one, opened by ``by`` at ``seq``.

    Only who is in the ``audience`` knows of it.
    """

    room: RoomId
    by: ParticipantId
    seq: int
    audience: Audience
    title: str = ""
