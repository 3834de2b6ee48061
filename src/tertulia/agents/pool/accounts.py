"""What participants, rooms and tenants have used of what they may use. No clock, no model.

A call is checked before it waits, and charged when it has ended, in whatever way. Where budgets are
strict, what it may come to at most is held until then, so that all calls in flight together never
take more than is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from tertulia.agents.callers import Caller
from tertulia.agents.faults import BudgetSpent
from tertulia.agents.pool.budgets import Allowance, Budgets

Key: TypeAlias = tuple[str, ...]
"""Whose account it is: its kind, and names; ``("participant", "attic", "bo")``."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A call that is on its way: whom it is charged to, and what is held for it."""

    keys: tuple[Key, ...]
    tokens: int
    cost: float


class Accounts:
    """The accounts of one pool; they may be used from several threads."""

    def __init__(self, name: str, budgets: Budgets) -> None:
        """Nobody has used anything. ``name`` is the pool's, for errors."""
        self._name, self._budgets = name, budgets
        self._accounts: dict[Key, Allowance] = {}
        self._lock = Lock()

    @property
    def strict(self) -> bool:
        """Whether what calls may come to is held."""
        return self._budgets.strict

    def bind(self, who: Caller) -> bool:
        """Whether a call of this one is charged to anybody."""
        return bool(self._budgets) and any(True for _ in self._budgets.of(who))

    def hold(self, who: Caller, tokens: int, cost: float) -> Hold:
        """Let a call go that takes so much at most. Raises ``BudgetSpent`` if it may not."""
        with self._lock:
            found = self._of(who)
            for key, account in found.items():
                lacking = account.lacks(tokens, cost) if self.strict else account.spent
                if lacking:
                    raise self._spent(
                        key, account, lacking, tokens if lacking == "tokens" else cost
                    )
            if self.strict:
                self._accounts |= {
                    key: account.hold(tokens, cost) for key, account in found.items()
                }
            else:
                self._accounts |= found
                tokens, cost = 0, 0.0
        return Hold(tuple(found), tokens, cost)

    def settle(self, hold: Hold, tokens: int, cost: float) -> None:
        """Charge what a call has used, and hold nothing for it any more."""
        with self._lock:
            for key in hold.keys:
                held = self._accounts[key].hold(-hold.tokens, -hold.cost)
                self._accounts[key] = held.use(tokens, cost)

    def __iter__(self) -> Iterator[Allowance]:
        """The accounts of all who have called."""
        return iter(self._accounts.values())

    def items(self) -> Iterator[tuple[Key, Allowance]]:
        """The same, with whose they are."""
        return iter(self._accounts.items())

    def of(self, who: Caller, kind: str) -> Allowance:
        """What somebody may use and has used: as ``"tenant"``, ``"room"`` or ``"participant"``."""
        with self._lock:
            of_kind = (one for key, one in self._of(who).items() if key[0] == kind)
            return next(of_kind, Allowance())

    def _of(self, who: Caller) -> dict[Key, Allowance]:
        found: dict[Key, Allowance] = {}
        for key, allowed in self._budgets.of(who):
            found[key] = self._accounts.get(key, allowed)
        return found

    def _spent(self, key: Key, account: Allowance, budget: str, wanted: float) -> BudgetSpent:
        money = budget == "cost"
        used = account.used_cost + account.held_cost
        return BudgetSpent(
            who=_called(key),
            budget=budget,
            used=used if money else account.used_tokens + account.held_tokens,
            allowed=account.cost if money else account.tokens,
            wanted=wanted,
            model=self._name,
        )


def _called(key: Key) -> str:
    kind, *names = key
    return f"{kind} {names[-1]!r}" + (f" of room {names[0]!r}" if len(names) > 1 else "")
