"""How the next token is drawn among the likeliest: by temperature, nucleus and a seed of its own.

Every request draws from its own generator, so what others do in the same batch changes nothing.
Nothing here knows a model.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp
from random import Random

from tertulia.orchestrator.errors import Invalid

BREADTH = 1_000
"""Among how many tokens may be drawn at most."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How freely to draw: ``temperature`` 0 always takes the likeliest token.

    Tokens are drawn among the ``top_k`` likeliest, and among those only from the likeliest whose
    probabilities add up to ``top_p``. ``repetition_penalty`` above 1 makes tokens that are there
    already, in prompt or answer, less likely (Keskar et al. 2019). Raises ``Invalid``.
    """

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 50
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        ranges = {
            "temperature": (0.0, 100.0),
            "top_p": (1e-6, 1.0),
            "top_k": (1, BREADTH),
            "repetition_penalty": (0.01, 100.0),
        }
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if not least <= value <= most:
                what = f"{name} is between {least:g} and {most:g}, not {value!r}"
                raise Invalid(where="sampling", what=what)

    @property
    def breadth(self) -> int:
        """How many of the likeliest tokens have to be known."""
        return 1 if self.temperature == 0 else self.top_k


@dataclass(frozen=True, slots=True)
class Want:
    """What is to be known of a row's next token: so many of the likeliest.

    ``seen`` are the tokens that a ``penalty`` other than 1 makes less likely; ``allowed`` tells
    which tokens may come at all, a bit each.
    """

    breadth: int
    penalty: float = 1.0
    seen: Sequence[int] = ()
    allowed: Callable[[], bytes] | None = None


Likeliest = tuple[list[int], list[float]]
"""Tokens with their logits, the likeliest first."""


def drawn(ids: Sequence[int], logits: Sequence[float], how: Sampling, chance: Random) -> int:
    """Draw one of ``ids``, whose ``logits`` come with the likeliest first.

    More candidates than ``how.breadth`` may be given; they are left out. A logit of minus infinity
    is a token that is forbidden.
    """
    if how.temperature == 0:
        return ids[0]
    top = logits[0]
    weights = [exp((logit - top) / how.temperature) for logit in logits[: how.breadth]]
    enough = how.top_p * sum(weights)
    sums = list(accumulate(weights))
    nucleus = min(bisect_left(sums, enough - 1e-12) + 1, len(sums))
    at = bisect_right(sums[:nucleus], chance.random() * sums[nucleus - 1])
    return ids[min(at, nucleus - 1)]
