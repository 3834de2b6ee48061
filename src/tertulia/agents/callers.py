"""On whose behalf a model is called: what a pool goes by when several want one at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum

from tertulia.orchestrator.turns import Turn


class Rank(IntEnum):
    """How urgent a call is; who waits long enough rises."""

    HOLDER = 0
    """Somebody has the floor, and everybody waits to hear him."""
    BID = 1
    """A question beside the talk: who wants to speak, whom a message is for."""
    BACKGROUND = 2
    """What nobody waits for: a summary, a fact to remember."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: from which room, which participant, how urgent it is, and who pays for it.

    Without a ``tenant`` a room is its own.
    """

    room: str = ""
    participant: str = ""
    rank: Rank = Rank.HOLDER
    tenant: str = ""


NOBODY = Caller()
_CALLER: ContextVar[Caller] = ContextVar("on whose behalf models are called", default=NOBODY)


def caller() -> Caller:
    """On whose behalf this task calls models."""
    return _CALLER.get()


def speaker_in(turn: Turn) -> Caller:
    """The agent whose turn it is."""
    return Caller(turn.room, turn.me.id)


@contextmanager
def calling(who: Caller) -> Iterator[None]:
    """Call models on somebody's behalf."""
    token = _CALLER.set(who)
    try:
        yield
    finally:
        _CALLER.reset(token)
