"""Where a room stands in its policy: the phase, and what has happened since; its two events."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tertulia.orchestrator.room import ParticipantId


@dataclass(frozen=True)
class Stage:
    """The phase that a room is in: number 0, without a name, until its policy begins one.

    ``seq`` is where it began (the policy's own beginning for number 0), ``before`` where the phase
    before it did; ``until`` is when its time is up (Unix seconds, ``None``: never), ``expired``
    that it is. ``turns`` counts the turns of each since then but those that answered a whisper;
    ``passed`` are those who had one and said nothing since anybody has said anything to everybody.
    """

    number: int = 0
    name: str = ""
    seq: int = 0
    before: int = 0
    until: float | None = None
    expired: bool = False
    turns: Mapping[ParticipantId, int] = field(default_factory=dict)
    passed: tuple[ParticipantId, ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseBegan:
    """The policy goes on to its next phase, which lasts until ``until`` (Unix seconds) at most."""

    number: int
    name: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class PhaseExpired:
    """The time of this phase is up."""

    number: int
