"""Which of several candidates is said: λ·D + (1 - λ)·J of each, as values. Pure.

D is a discriminator's (would a person say this here?), J a judge's (is it good?); both are from 0
to 1. Where one of them is missing, the other decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from tertulia.orchestrator.errors import Invalid


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that might be said; ``place`` is which of the drafts it was."""

    place: int
    text: str
    likeness: float | None = None
    quality: float | None = None
    score: float | None = None


def ranked(candidates: Sequence[Candidate], weight: float) -> tuple[Candidate, ...]:
    """The candidates with their scores, the best first; among equals, the earlier draft.

    ``weight`` is λ, the discriminator's share. Those that nobody has scored come last. Raises
    ``Invalid`` for a weight outside 0 to 1.
    """
    checked_weight(weight)
    scored = [
        Candidate(c.place, c.text, c.likeness, c.quality, _score(c, weight)) for c in candidates
    ]
    return tuple(sorted(scored, key=lambda c: (c.score is None, -(c.score or 0.0), c.place)))


def checked_weight(weight: float) -> float:
    """λ, if it is from 0 to 1. Raises ``Invalid``."""
    if not (isfinite(weight) and 0 <= weight <= 1):
        raise Invalid(where="weight of likeness", what=f"is from 0 to 1, not {weight!r}")
    return weight


def usable(score: object) -> float | None:
    """A score from 0 to 1; whatever else a scorer gives is none."""
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    return float(score) if 0 <= score <= 1 else None


def _score(candidate: Candidate, weight: float) -> float | None:
    likeness, quality = candidate.likeness, candidate.quality
    if likeness is None or quality is None:
        return quality if likeness is None else likeness
    return round(weight * likeness + (1 - weight) * quality, 6)
