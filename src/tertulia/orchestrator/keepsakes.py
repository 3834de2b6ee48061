"""What an agent keeps from turn to turn: in the log, for each audience by itself.

Bodies of events, as in ``events``, which hands them on; and the value that the floor has. It is an
agent's own data: the room looks at how long it is, and at who may see it, and at nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import Audience, ParticipantId, TurnId

KEPT = 16_000
"""Characters, as JSON, of what an agent keeps for one audience."""

AUDIENCES = 64
"""Audiences that one agent keeps something for; with one more, the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Kept:
    """From now on the agent keeps this for its turns before the event's audience; empty: nothing.

    It takes the place of what it kept for them before.
    """

    turn: TurnId
    what: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Keepsake:
    """What an agent keeps for one audience, since the event ``seq``, in which ``turn`` kept it."""

    by: ParticipantId
    audience: Audience
    seq: int
    turn: TurnId
    what: Mapping[str, Any]


def keepable(who: ParticipantId, what: object) -> Mapping[str, Any]:
    """What an agent wants to keep, once it is known that it can be. Raises ``Invalid``."""
    where = f"what agent {who!r} keeps"
    if not isinstance(what, Mapping):
        kind = type(what).__name__
        raise Invalid(where=where, what=f"must be a mapping, not {kind}")
    try:
        size = len(json.dumps(dict(what), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise Invalid(where=where, what=f"must be plain JSON: {error}") from error
    if size > KEPT:
        raise Invalid(where=where, what=f"is {size:,} characters long; {KEPT:,} are allowed")
    return what
