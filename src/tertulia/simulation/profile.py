"""How long people speak in meetings, and when the next one begins: numbers, and draws from them.

The shipped profiles are quantiles of real meetings (``training/timing.py`` makes them): ``meeting``
of the AMI corpus' training split, ``discussion`` of ICSI's. Nothing here waits.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from random import Random
from typing import Any, Self

from tertulia.orchestrator.errors import Unknown

Quantiles = tuple[float, ...]
"""Values at equal steps from the least to the greatest."""

PROFILES = ("meeting", "discussion")
ATTEMPTS = 100
"""How often something that does not fit is drawn again."""
LEAST_S = 0.05
"""Nothing that is said is shorter, in seconds."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The timing of one kind of spoken room; all times are seconds.

    ``turn_s`` are lengths of turns that take the floor. ``offset_s`` are floor transfer offsets,
    negative where the next one begins before the other has ended, by the length of that other's
    turn, whose classes end at ``classes_s``. ``goes_on`` is how likely the same speaker goes on,
    after a pause of ``pause_s``; ``returns`` how likely the floor goes back to who had it before.
    ``passing_per_s`` is how often, in a second of a turn, somebody else says something within it,
    of the length ``passing_s``. ``word_s`` is how long a word takes.
    """

    turn_s: Quantiles
    classes_s: Quantiles
    offset_s: tuple[Quantiles, ...]
    goes_on: float
    pause_s: Quantiles
    returns: float
    passing_per_s: float
    passing_s: Quantiles
    word_s: float = 0.35

    @classmethod
    def named(cls, name: str) -> Self:
        """A shipped profile. Raises ``Unknown``."""
        if name not in PROFILES:
            raise Unknown(kind="profile", name=name, hint=f"; there are {', '.join(PROFILES)}")
        file = resources.files("tertulia.simulation").joinpath("profiles", f"{name}.json")
        fields = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{key: _frozen(value) for key, value in fields.items()})

    def turn(self, drawn: Random, longer_than: float = 0.0) -> float:
        """The length of a turn."""
        for _ in range(ATTEMPTS):
            found = draw(self.turn_s, drawn)
            if found > longer_than:
                return max(LEAST_S, found)
        return longer_than + LEAST_S

    def offset(self, drawn: Random, turn_s: float) -> float:
        """When the next one begins, from the end of a turn of ``turn_s``: not before that began."""
        of_class = self.offset_s[bisect_right(self.classes_s, turn_s)]
        for _ in range(ATTEMPTS):
            found = draw(of_class, drawn)
            if found > -turn_s:
                return found
        return 0.0

    def passing(self, drawn: Random, turn_s: float) -> list[tuple[float, float]]:
        """What others say within a turn of ``turn_s``: when, from its beginning, and how long."""
        found, reached = [], drawn.expovariate(self.passing_per_s) if self.passing_per_s else turn_s
        while reached < turn_s:
            lasts = self._within(turn_s, drawn)
            if lasts < turn_s:
                found.append((drawn.uniform(0.0, turn_s - lasts), lasts))
            reached += drawn.expovariate(self.passing_per_s)
        return found

    def _within(self, turn_s: float, drawn: Random) -> float:
        for _ in range(ATTEMPTS):
            lasts = max(LEAST_S, draw(self.passing_s, drawn))
            if lasts < turn_s:
                return lasts
        return turn_s


def draw(quantiles: Sequence[float], drawn: Random) -> float:
    """A value of the distribution with these quantiles, straight lines between them."""
    place = drawn.random() * (len(quantiles) - 1)
    lower = int(place)
    below, above = quantiles[lower], quantiles[min(lower + 1, len(quantiles) - 1)]
    return round(below + (above - below) * (place - lower), 6)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
