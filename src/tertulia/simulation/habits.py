"""What somebody is in the habit of doing, as numbers, and what is drawn from them. Nothing waits.

Every draw comes from a ``Random`` that is handed in; ``chance`` makes one that is the same for the
same words in any process.
"""

from random import Random
from typing import Annotated

from pydantic import Field

from tertulia.simulation.fields import Seconds, Share, Strict

BACK_LATER = "back later"
"""The reason of one who leaves and means to come back."""


def chance(*words: object) -> Random:
    """A source of chance that follows from ``words`` alone, whatever Python's hash seed is."""
    return Random("/".join(map(str, words)))  # noqa: S311 - a simulation; no secret


class Habits(Strict):
    """How a simulated person behaves of its own accord.

    It has an *occasion* to say something after each pause, and at once when it is asked or given
    the floor. Means are of exponential distributions, so there are short ones and long ones.

    ``pause_s`` is the mean pause between occasions. ``typing_wpm`` is how many words a minute it
    writes (52 is the mean of 168,000 people at keyboards, Dhakal et al. 2018); ``reconsiders`` how
    likely it throws a message away when others have spoken to everybody while it typed.
    ``silence`` is how likely it lets an occasion pass. ``patience_s`` is how long it waits for an
    answer before it asks again, ``asks_again`` times at most. ``interrupts`` is how likely it cuts
    in on an agent's turn, ``interrupts_after_s`` after how long on average. ``leaves`` is how
    likely it leaves when there is an occasion; after ``away_s`` on average it is back, without
    that it never is.
    """

    pause_s: Annotated[Seconds, Field(gt=0)] = 20.0
    typing_wpm: Annotated[float, Field(gt=0, le=100_000)] = 52.0
    reconsiders: Share = 0.0
    silence: Share = 0.0
    patience_s: Annotated[Seconds, Field(gt=0)] = 30.0
    asks_again: Annotated[int, Field(ge=0, le=100)] = 1
    interrupts: Share = 0.0
    interrupts_after_s: Seconds = 3.0
    leaves: Share = 0.0
    away_s: Seconds | None = None

    def pause(self, drawn: Random) -> float:
        """Seconds until the next occasion."""
        return _about(self.pause_s, drawn)

    def typing(self, text: str) -> float:
        """Seconds to write ``text``; the next occasion may have come before that."""
        return round(60.0 * len(text.split()) / self.typing_wpm, 6)

    def cuts_in_after(self, drawn: Random) -> float:
        """Seconds of a turn that are heard before it is cut: half of the mean at least."""
        half = self.interrupts_after_s / 2
        return half + _about(half, drawn)

    def away(self, drawn: Random) -> float | None:
        """Seconds until one who leaves is back; ``None``: never."""
        return None if self.away_s is None else _about(self.away_s, drawn)


def _about(mean: float, drawn: Random) -> float:
    return round(drawn.expovariate(1.0 / mean), 6) if mean else 0.0
