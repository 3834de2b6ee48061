"""Adjacency pairs: who speaks next after having been asked answers, and thanks go to who helped.

A first pair part makes its second expectable from whom it was addressed to (Schegloff & Sacks 1973,
"Opening up closings", Semiotica 8). Pure: it sees the last utterances before one audience.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tertulia.orchestrator.addressing.marks import fold
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.scoring.words import ACKNOWLEDGEMENTS, THANKS

NEAR = 8
"""How many utterances back the first part of a pair may lie."""
LATE_S = 600.0
"""After so many seconds nobody waits for the second part any more."""
EXCHANGE = 20
"""How many utterances back somebody may have been spoken with, to be spoken with again."""

_SHORT = 4
_WORD = re.compile(r"[^\W_][\w'-]*")


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance as those that follow it see it; ``to`` is whom it was meant for."""

    seq: int
    by: ParticipantId
    to: tuple[ParticipantId, ...]
    asks: bool
    at: float
    thread: int


@dataclass(frozen=True, slots=True)
class Pair:
    """What an utterance is the second part to.

    ``expected``: an answer was asked for, or a question goes back to who has just answered; thanks
    and mere goings-on expect nothing more.
    """

    first: Spoken
    expected: bool


def pair(by: ParticipantId, text: str, before: Sequence[Spoken], now: float) -> Pair | None:
    """The first part that ``text`` pairs with, if it bears no mark of its own."""
    near = [spoken for spoken in before[-NEAR:] if now - spoken.at <= LATE_S]
    to_me = [spoken for spoken in near if spoken.by != by and by in spoken.to]
    since = [spoken for spoken in _since_mine(by, near) if spoken in to_me]
    asked = [spoken for spoken in since if spoken.asks]
    if asked:
        return Pair(asked[-1], expected=True)
    if to_me and closes(text):
        return Pair(to_me[-1], expected=False)
    return Pair(since[-1], expected="?" in text) if since else None


def exchange(
    by: ParticipantId, whom: Sequence[ParticipantId], before: Sequence[Spoken]
) -> Spoken | None:
    """The last utterance between ``by`` and one of ``whom``, if it is not long ago."""
    for spoken in reversed(before[-EXCHANGE:]):
        back = spoken.by in whom and by in spoken.to
        forth = spoken.by == by and not set(whom).isdisjoint(spoken.to)
        if back or forth:
            return spoken
    return None


def closes(text: str) -> bool:
    """Whether ``text`` only thanks or agrees, in a few words."""
    words = _WORD.findall(fold(text))
    if not words or len(words) > _SHORT or "?" in text:
        return False
    return words[0] in THANKS or words[0] in ACKNOWLEDGEMENTS


def _since_mine(by: ParticipantId, near: Sequence[Spoken]) -> Sequence[Spoken]:
    """What was said after the last words of ``by``."""
    mine = next((at for at in range(len(near) - 1, -1, -1) if near[at].by == by), -1)
    return near[mine + 1 :]
