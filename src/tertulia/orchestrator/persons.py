"""What is known of those in a room: who they are, and what others keep in mind about them.

Bodies of events, as in ``events``, which hands them on; and the note that the floor keeps.
"""

from dataclasses import dataclass

from tertulia.orchestrator.profile import Profile
from tertulia.orchestrator.room import Audience, ParticipantId


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of a participant is from now on this; ``author`` changed it, if not itself."""

    profile: Profile
    author: ParticipantId | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """Somebody keeps something in mind about a participant. The event's seq names the note."""

    about: ParticipantId
    text: str


@dataclass(frozen=True, slots=True)
class NoteStruck:
    """A note no longer holds."""

    note: int


@dataclass(frozen=True, slots=True)
class RouterAttached:
    """From now on a router is asked who answers what this person says to nobody in particular."""


@dataclass(frozen=True, slots=True)
class RouterDetached:
    """The person has no router any more."""


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody keeps in mind about a participant; ``seq`` is that of the noting."""

    seq: int
    about: ParticipantId
    by: ParticipantId
    text: str
    audience: Audience = None
