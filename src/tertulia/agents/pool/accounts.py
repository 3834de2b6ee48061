"""What participants, rooms and tenants have used of what they may use. No clock, no model.

A call is checked before it waits, and charged when it has ended, in whatever way. Where budgets are
strict, what it may come to at most is held until then, so that all calls in flight together never
take more than is left.

What is remembered of whom:

- while something is held for a call, and once something is used up: for as long as the pool lasts;
- where budgets are strict, of everybody who has used anything, since they are never exceeded;
- of others who have used something: of the ``KEPT`` who were charged last. Who is forgotten begins
  anew;
- of those who have used nothing: nothing.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from tertulia.agents.callers import Caller
from tertulia.agents.faults import BudgetSpent
from tertulia.agents.pool.budgets import ROUNDING, Allowance, Budgets

Key: TypeAlias = tuple[str, ...]
"""Whose account it is: its kind, and names; ``("participant", "attic", "bo")``."""

KEPT = 100_000
"""Of how many it is remembered what they have used, beside those who have used up what they may."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A call that is on its way: whom it is charged to, what they may use, what is held for it."""

    budgets: Mapping[Key, Allowance]
    tokens: int
    cost: float


class Accounts:
    """The accounts of one pool; they may be used from several threads."""

    def __init__(self, name: str, budgets: Budgets) -> None:
        """Nobody has used anything. ``name`` is the pool's, for errors."""
        self._name, self._budgets = name, budgets
        self._lasting: dict[Key, Allowance] = {}
        self._passing: OrderedDict[Key, Allowance] = OrderedDict()
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
            budgets = dict(self._budgets.of(who))
            found = {key: self._known(key, allowed) for key, allowed in budgets.items()}
            for key, account in found.items():
                lacking = account.lacks(tokens, cost) if self.strict else account.spent
                if lacking:
                    raise self._spent(
                        key, account, lacking, tokens if lacking == "tokens" else cost
                    )
            if self.strict:
                for key, account in found.items():
                    self._keep(key, account.hold(tokens, cost))
            else:
                tokens, cost = 0, 0.0
        return Hold(budgets, tokens, cost)

    def settle(self, hold: Hold, tokens: int, cost: float) -> None:
        """Charge what a call has used, and hold nothing for it any more."""
        with self._lock:
            for key, allowed in hold.budgets.items():
                held = self._known(key, allowed).hold(-hold.tokens, -hold.cost)
                self._keep(key, held.use(tokens, cost))

    def __iter__(self) -> Iterator[Allowance]:
        """The accounts of all of whom something is remembered."""
        return (account for _, account in self.items())

    def items(self) -> Iterator[tuple[Key, Allowance]]:
        """The same, with whose they are."""
        with self._lock:
            return iter([*self._lasting.items(), *self._passing.items()])

    def of(self, who: Caller, kind: str) -> Allowance:
        """What somebody may use and has used: as ``"tenant"``, ``"room"`` or ``"participant"``."""
        with self._lock:
            budgets = self._budgets.of(who)
            of_kind = (self._known(key, allowed) for key, allowed in budgets if key[0] == kind)
            return next(of_kind, Allowance())

    def _known(self, key: Key, allowed: Allowance) -> Allowance:
        return self._lasting.get(key) or self._passing.get(key, allowed)

    def _keep(self, key: Key, account: Allowance) -> None:
        """Remember an account, for good or until many others were charged; or not at all."""
        self._lasting.pop(key, None)
        self._passing.pop(key, None)
        used = account.used_tokens or account.used_cost
        held = account.held_tokens or account.held_cost > ROUNDING
        if held or (used and (self.strict or account.spent)):
            self._lasting[key] = account
        elif used:
            self._passing[key] = account
            if len(self._passing) > KEPT:
                self._passing.popitem(last=False)

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
