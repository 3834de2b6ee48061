"""What a model's tokens cost, and how a turn gets the bill. It asks nobody for prices."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, TypeAlias

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.turns import Turn

MILLION = 1_000_000

Bill: TypeAlias = Callable[[int, int], None]
"""Called with how many tokens an answer has read and written until now."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a million tokens read and of a million written, in any one money."""

    read: float = 0.0
    written: float = 0.0

    def of(self, read: int, written: int) -> float:
        """What so many tokens cost."""
        return (self.read * read + self.written * written) / MILLION


def prices_of(model: Any, card: Any = None) -> Prices:
    """The prices on the card, or else those of the model (``price_in``, ``price_out``), or none."""
    found = []
    for name in ("price_in", "price_out"):
        own = getattr(card, name, None)
        price = own if own is not None else getattr(model, name, None)
        found.append(
            0.0 if price is None else checked_price(f"{type(model).__name__}", name, price)
        )
    return Prices(*found)


def checked_price(where: str, name: str, price: object) -> float:
    """A price as a number. Raises ``Invalid`` for what is none."""
    if isinstance(price, int | float) and not isinstance(price, bool) and 0 <= price < inf:
        return float(price)
    what = f"a price of a million tokens is a finite number from 0 on, not {price!r:.80}"
    raise Invalid(where=f"{where}, {name}", what=what)


def billing(turn: Turn, prices: Prices) -> Bill:
    """What puts one answer of a model on the turn's bill."""
    tab = turn.tab()
    return lambda read, written: tab.comes_to(read + written, prices.of(read, written))
