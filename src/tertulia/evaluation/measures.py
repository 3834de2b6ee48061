"""Shares and F, each with the interval in which it would lie had other rooms been drawn.

A tally is one room's counts; figures are made of sums of tallies, so rooms weigh by their size.
"""

from collections.abc import Callable, Sequence
from random import Random

Tally = tuple[int, ...]
Figure = Callable[[Sequence[int]], float]

RESAMPLES = 1000
_SEED = 2026


def share(counts: Sequence[int]) -> float:
    """Right answers over questions, of ``(right, asked)``."""
    right, asked = counts
    return right / asked if asked else 0.0


def balanced(counts: Sequence[int]) -> float:
    """The mean of two shares, of ``(right, asked, right, asked, all)``: chance is 0.5."""
    return (share(counts[:2]) + share(counts[2:4])) / 2


def f_of(counts: Sequence[int]) -> float:
    """The harmonic mean of precision and recall, times 100, of ``(right, said, true)``."""
    right, said, true = counts
    return 200.0 * right / (said + true) if said + true else 0.0


def total(tallies: Sequence[Tally]) -> Tally:
    """The sum over rooms."""
    return tuple(map(sum, zip(*tallies, strict=True)))


def interval(figure: Figure, tallies: Sequence[Tally]) -> tuple[float, float]:
    """The middle 95 % of ``figure`` over rooms drawn with replacement (Efron 1979)."""
    chance = Random(_SEED)  # noqa: S311 - the same rooms give the same interval; no secret
    drawn = sorted(figure(total(chance.choices(tallies, k=len(tallies)))) for _ in range(RESAMPLES))
    return drawn[round(0.025 * (RESAMPLES - 1))], drawn[round(0.975 * (RESAMPLES - 1))]
