"""What tenants may still use, and how many calls may be tried again. Pure."""

from dataclasses import dataclass, replace
from math import inf

RETRY_SHARE = 0.1
"""How many calls may be tried again for each that is made."""
RETRIES = 10.0
"""How many may be tried again at once, whatever was called before."""


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Keeps a pool from answering an overload with more load (Finagle's retry budget)."""

    left: float = RETRIES

    def called(self) -> "RetryBudget":
        """A call was made for the first time."""
        return RetryBudget(min(RETRIES, self.left + RETRY_SHARE))

    def retried(self) -> "RetryBudget | None":
        """One is tried again; ``None`` if that may not be."""
        return RetryBudget(self.left - 1) if self.left >= 1 else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a tenant may use altogether, and what it has used: tokens, and money."""

    tokens: float = inf
    cost: float = inf
    used_tokens: int = 0
    used_cost: float = 0.0

    @property
    def spent(self) -> bool:
        """Whether nothing is left of it."""
        return self.used_tokens >= self.tokens or self.used_cost >= self.cost

    def use(self, tokens: int, cost: float) -> "Allowance":
        """What is left after an answer; the last one may go beyond it."""
        return replace(self, used_tokens=self.used_tokens + tokens, used_cost=self.used_cost + cost)
