"""Waiting off the floor, as values: a turn that is parked, what it asks somebody, its way back.

Bodies of events, as in ``events``, which hands them on; and what the floor keeps. Nothing here
waits.
"""

from dataclasses import dataclass

from tertulia.orchestrator.room import Audience, ParticipantId, TurnId


@dataclass(frozen=True, slots=True)
class TurnParked:
    """The turn gives the floor to others, and waits for something until ``until`` (Unix seconds).

    What it had said until then stands in the log before this. Once more: it waits for longer.
    """

    turn: TurnId
    until: float
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnRequested:
    """The turn has what it waited for, and wants the floor again.

    ``crashed``: a new owner of the room wants it, for a turn that it found parked.
    """

    turn: TurnId
    crashed: bool = False


@dataclass(frozen=True, slots=True)
class TurnReturned:
    """A parked turn has the floor again, until ``until`` (Unix seconds)."""

    turn: TurnId
    until: float
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class AnswerAwaited:
    """What the turn has just said asks ``to`` something; the answer is waited for until ``until``.

    ``number`` counts what this turn asks, from 1.
    """

    turn: TurnId
    number: int
    to: ParticipantId
    until: float


@dataclass(frozen=True, slots=True)
class AnswerMissed:
    """The time for that answer is up."""

    turn: TurnId
    number: int


@dataclass(frozen=True, slots=True)
class Query:
    """What an unfinished turn has asked ``to`` in the utterance ``seq``.

    ``answer`` is the seq of the utterance that answers it; ``missed``: none came in time.
    """

    turn: TurnId
    number: int
    by: ParticipantId
    to: ParticipantId
    seq: int
    until: float
    audience: Audience = None
    answer: int | None = None
    missed: bool = False

    @property
    def open(self) -> bool:
        """Whether an answer is still waited for."""
        return self.answer is None and not self.missed


class Echo:
    """Tells what is new in a text that may begin by repeating another; white space is the same."""

    __slots__ = ("_heard", "_place", "_told")

    def __init__(self, told: str) -> None:
        """Nothing has been repeated yet of ``told``."""
        self._told, self._place, self._heard = told, 0, ""

    def new(self, text: str) -> str | None:
        """What is new once ``text`` has been heard too; ``None`` while all of it is repetition.

        Where it turns out to say something else, all of what has been heard is new.
        """
        for place, letter in enumerate(text):
            self._skip()
            if self._place == len(self._told):
                return None if not text[place:].strip() else text[place:]
            if letter.isspace():
                continue
            if letter != self._told[self._place]:
                return self._heard + text
            self._place += 1
        self._heard += text
        return None

    def settle(self) -> None:
        """What has been heard until now was repetition, whatever follows."""
        self._heard = ""

    @property
    def whole(self) -> bool:
        """Whether all of what was told has been repeated."""
        self._skip()
        return self._place == len(self._told)

    def _skip(self) -> None:
        while self._place < len(self._told) and self._told[self._place].isspace():
            self._place += 1


def joined(before: str, text: str) -> str:
    """Two pieces of what one turn says, with a space between them where there is none."""
    gap = before and text and not before[-1].isspace() and not text[0].isspace()
    return f"{before} {text}" if gap else before + text


def rest(told: str, text: str) -> str:
    """What ``text`` says beyond what was ``told``, if it repeats that; else all of it."""
    if not told:
        return text
    echo = Echo(told)
    new = echo.new(text)
    if new is not None:
        return new
    return "" if echo.whole else text
