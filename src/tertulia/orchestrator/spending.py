"""What a turn costs while it runs: tokens and money, as far as anybody has said.

The log gets it with the turn's end, whichever way it ends.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Draft, TurnEnded
from tertulia.orchestrator.floor import revised
from tertulia.orchestrator.room import TurnId


@dataclass(frozen=True, slots=True)
class Spent:
    """An amount of tokens, and what they cost, in whatever money the prices are in."""

    tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        """Both together."""
        return Spent(self.tokens + other.tokens, self.cost + other.cost)


NOTHING = Spent()


class Tab:
    """What one call within a turn has taken so far; it may be set anew until it is known."""

    __slots__ = ("spent",)

    def __init__(self) -> None:
        """Begin with nothing."""
        self.spent = NOTHING

    def comes_to(self, tokens: int, cost: float) -> None:
        """Say what the call has taken until now, all in all. Raises ``Invalid``."""
        self.spent = spent(tokens, cost)


def spent(tokens: int, cost: float) -> Spent:
    """An amount, checked. Raises ``Invalid`` unless it is a whole number and a finite one, >= 0."""
    if type(tokens) is not int or tokens < 0:
        raise Invalid(where="tokens spent", what=f"a whole number from 0 on, not {tokens!r:.80}")
    if type(cost) not in (int, float) or not isfinite(cost) or cost < 0:
        raise Invalid(where="cost spent", what=f"a finite number from 0 on, not {cost!r:.80}")
    return Spent(tokens, float(cost))


def billed(drafts: Iterable[Draft], taken: Callable[[TurnId], Spent]) -> tuple[Draft, ...]:
    """The same drafts, with what each turn that ends in them has taken."""
    return tuple(
        _with(draft, draft.body, taken(draft.body.turn))
        if isinstance(draft.body, TurnEnded)
        else draft
        for draft in drafts
    )


def _with(draft: Draft, ended: TurnEnded, took: Spent) -> Draft:
    if took == NOTHING:
        return draft
    return revised(draft, body=revised(ended, tokens=took.tokens, cost=round(took.cost, 9)))
