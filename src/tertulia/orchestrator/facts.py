"""What is remembered beyond the log: facts, each with where it comes from and who may know it.

A fact is never changed. It is superseded by another or forgotten, and stays to be looked at.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId

FactId = NewType("FactId", str)


class Scope(StrEnum):
    """Whose memory a fact belongs to."""

    PARTICIPANT = "participant"
    """That of one participant, in every room that it is in."""
    ROOM = "room"
    """That of one room."""
    SHARED = "shared"
    """That of all rooms."""


@dataclass(frozen=True, slots=True)
class Ending:
    """That a fact no longer holds: since when (Unix seconds), by whom, and what took its place."""

    at: float
    by: ParticipantId
    successor: FactId | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is known.

    It was learnt in ``room`` from the utterances with the seqs ``sources`` (without any, from what
    had been said up to ``last``), and kept by ``by`` at the time ``at`` (Unix seconds).
    ``audience`` are those in that room who may know it, ``elsewhere`` those in other rooms who may
    (``None``: everybody). ``owner`` is whose memory it is where its scope is one participant.
    """

    id: FactId
    text: str
    scope: Scope
    room: RoomId
    sources: tuple[int, ...]
    first: int
    last: int
    by: ParticipantId
    at: float
    owner: ParticipantId | None = None
    about: ParticipantId | None = None
    audience: Audience = None
    elsewhere: Audience = ()
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which facts are asked for: with these words, about this one; also those that have ended.

    Without a ``query`` the newest come first, with one the best.
    """

    query: Query | None = None
    about: ParticipantId | None = None
    limit: int = 20
    ended: bool = False
