"""What the scorers hear and say: values, and nothing of how a score is made."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """One message as it stood in a room; ``second`` is None where the room keeps no time.

    A notice is said by the room itself (somebody came, left, changed a name): it is heard, but
    answers nothing and nobody answers it. A room's lines are numbered from 0 as they are heard.
    """

    speaker: str
    text: str
    second: float | None = None
    notice: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Which lines a line answers (itself when it begins a thread), and who is meant.

    The addressee is the likeliest of the others, even where a line seems to begin a thread:
    ``likely``, from 0 to 1, tells how sure it is that the line answers that person at all.
    """

    answers: tuple[int, ...]
    addressee: str | None
    likely: float = 1.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """One stretch of speech, in seconds; one in passing (a backchannel) takes no floor."""

    speaker: str
    start: float
    end: float
    text: str = ""
    in_passing: bool = False


class Reader(Protocol):
    """Hears one room's lines in their order, and reads each by those before it."""

    def hear(self, line: Line) -> Reading:
        """Read ``line``, and remember it."""
        ...


class Forecaster(Protocol):
    """Hears one room's speech in its order, and says at any time who speaks next."""

    def hear(self, utterance: Utterance) -> None:
        """Remember ``utterance``."""
        ...

    def next(self) -> str | None:
        """Who takes the floor after its present holder; None when nobody else is there."""
        ...
