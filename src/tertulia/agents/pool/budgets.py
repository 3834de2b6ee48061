"""What participants, rooms and tenants may use, and how many calls may be tried again. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from tertulia.agents.callers import Caller

RETRY_SHARE = 0.1
"""How many calls may be tried again for each that is made."""
RETRIES = 10.0
"""How many may be tried again at once, whatever was called before."""

EACH = "*"
"""Whoever is not named."""

ROUNDING = 1e-9
"""How far a sum of costs may be off."""


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Keeps a pool from answering an overload with more load (Finagle's retry budget)."""

    left: float = RETRIES

    def called(self) -> "RetryBudget":
        """A call was made for the first time."""
        full = self.left >= RETRIES
        return self if full else RetryBudget(min(RETRIES, self.left + RETRY_SHARE))

    def retried(self) -> "RetryBudget | None":
        """One is tried again; ``None`` if that may not be."""
        return RetryBudget(self.left - 1) if self.left >= 1 else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What somebody may use altogether, what is used, and what is held for calls on their way.

    Each is in tokens, read and written, and in money.
    """

    tokens: float = inf
    cost: float = inf
    used_tokens: int = 0
    used_cost: float = 0.0
    held_tokens: int = 0
    held_cost: float = 0.0

    @property
    def spent(self) -> str:
        """Of what nothing is left, ``"tokens"`` or ``"cost"``; else empty."""
        if self.used_tokens >= self.tokens:
            return "tokens"
        return "cost" if self.used_cost >= self.cost else ""

    def lacks(self, tokens: int, cost: float) -> str:
        """Of what it has too little left for so much more: ``"tokens"``, ``"cost"``, or nothing."""
        if self.used_tokens + self.held_tokens + tokens > self.tokens:
            return "tokens"
        over = self.used_cost + self.held_cost + cost - self.cost
        return "cost" if over > ROUNDING * self.cost else ""

    def hold(self, tokens: int, cost: float) -> "Allowance":
        """With so much more held; less than nothing lets go of it."""
        held, held_cost = self.held_tokens + tokens, self.held_cost + cost
        return replace(self, held_tokens=held, held_cost=held_cost)

    def use(self, tokens: int, cost: float) -> "Allowance":
        """What is left after an answer; the last one may go beyond it."""
        return replace(self, used_tokens=self.used_tokens + tokens, used_cost=self.used_cost + cost)


@dataclass(frozen=True, slots=True)
class Budgets:
    """What tenants, rooms, and participants of a room may use altogether.

    ``"*"`` stands for each of them that is not named. ``strict`` budgets are never exceeded: a call
    goes only if the longest prompt and answer that it may come to is left. Others are exceeded by
    no more than the calls that are on their way when they are used up.
    """

    tenants: Mapping[str, Allowance] = field(default_factory=dict)
    rooms: Mapping[str, Allowance] = field(default_factory=dict)
    participants: Mapping[str, Allowance] = field(default_factory=dict)
    strict: bool = False

    def __bool__(self) -> bool:
        return bool(self.tenants or self.rooms or self.participants)

    def of(self, who: Caller) -> Iterator[tuple[tuple[str, ...], Allowance]]:
        """The budgets that a call is charged to, the narrowest first, and whose they are."""
        whose = (
            (self.participants, ("participant", who.room, who.participant)),
            (self.rooms, ("room", who.room)),
            (self.tenants, ("tenant", who.tenant or who.room)),
        )
        for allowances, key in whose:
            allowed = allowances.get(key[-1]) or allowances.get(EACH)
            if allowed is not None and key[-1]:
                yield key, allowed
