"""Votes: what a ballot asks, its events, how it is counted. Values, and a pure count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tertulia.orchestrator.room import ParticipantId


class Secrecy(StrEnum):
    """Who sees who voted what."""

    OPEN = "open"
    """Everybody, as the votes come in."""
    SEALED = "sealed"
    """The voter alone until the vote is over; then everybody (commit and reveal)."""
    SECRET = "secret"  # noqa: S105 - no password
    """The voter alone; everybody is told the counts."""


class Majority(StrEnum):
    """How many votes an option needs. Abstentions and votes that were not cast count for none."""

    PLURALITY = "plurality"
    """More than any other option."""
    ABSOLUTE = "absolute"
    """More than half of the votes that were cast for an option."""


class Tie(StrEnum):
    """What comes of it when several options have the most votes."""

    NOTHING = "nothing"
    """The vote has no result."""
    FIRST = "first"
    """Of these, the option that is listed first."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What is put to the vote, and by which rules."""

    title: str
    options: tuple[str, ...]
    secrecy: Secrecy = Secrecy.OPEN
    majority: Majority = Majority.PLURALITY
    tie: Tie = Tie.NOTHING


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the last vote came to. ``seq`` is where the log tells it; ``result`` the option or none.

    ``abstained`` counts those who said so, ``silent`` those who did not vote in time.
    """

    seq: int
    title: str
    result: str | None
    counts: Mapping[str, int] = field(default_factory=dict)
    abstained: int = 0
    silent: int = 0

    @property
    def agreement(self) -> float:
        """The share of the strongest option in the votes for any, from 0 to 1."""
        cast = sum(self.counts.values())
        return max(self.counts.values()) / cast if cast else 0.0


@dataclass(frozen=True, slots=True)
class VoteCast:
    """A vote for an option, or an abstention; the last one of each voter counts.

    ``problem`` tells why an agent's answer could not be taken for a vote. Unless the vote is open,
    the event's audience is the voter alone.
    """

    question: int
    option: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class VoteCounted:
    """A vote is over: the counts by option, and which one has won, if one has.

    ``silent`` voters did not vote in time. ``votes`` says who voted what, unless that is secret.
    """

    question: int
    title: str
    result: str | None
    counts: Mapping[str, int]
    abstained: int = 0
    silent: int = 0
    votes: Mapping[ParticipantId, str | None] = field(default_factory=dict)


Votes = tuple[tuple[ParticipantId, str | None], ...]
"""Who voted what; ``None`` is an abstention."""


def count(ballot: Ballot, votes: Votes) -> dict[str, int]:
    """How many votes each option has, in the order of the ballot."""
    cast = [option for _, option in votes]
    return {option: cast.count(option) for option in ballot.options}


def result(ballot: Ballot, counts: Mapping[str, int]) -> str | None:
    """The option that has won by the rules of the ballot, if one has."""
    most = max(counts.values(), default=0)
    first = [option for option in ballot.options if counts[option] == most]
    if most == 0 or (len(first) > 1 and ballot.tie is Tie.NOTHING):
        return None
    if ballot.majority is Majority.ABSOLUTE and 2 * most <= sum(counts.values()):
        return None
    return first[0]
