"""What the floor counts: tokens and money, and what a room stops at. ``floor`` hands it on."""

from dataclasses import dataclass

from tertulia.orchestrator.room import ParticipantId


@dataclass(frozen=True, slots=True)
class Spending:
    """What all turns that have ended took, also of those who have left since."""

    tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """What has happened since the room began, or began anew, as far as its condition asks.

    ``since`` in Unix seconds; ``turns`` counts agents' turns that have ended, ``failed`` those that
    failed, ``utterances`` those to everybody, ``spoke`` who made them. ``came`` are the parts of
    the condition that have come true, in their order in it; ``broken`` those that raised, as
    ``problem`` tells until it has been told. ``reason``: the whole has come true, and why.
    """

    since: float = 0.0
    turns: int = 0
    failed: int = 0
    utterances: int = 0
    tokens: int = 0
    cost: float = 0.0
    spoke: tuple[ParticipantId, ...] = ()
    came: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()
    problem: str | None = None
    reason: str | None = None
