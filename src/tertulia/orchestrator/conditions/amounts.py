"""Conditions that are reached by counting, from when the room began or was resumed."""

from dataclasses import dataclass
from math import isfinite

from tertulia.orchestrator.conditions.condition import Criterion
from tertulia.orchestrator.conditions.specification import known_as
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor, Tally

EARLY_S = 0.001
"""An alarm that rings less than this before its time rings on time."""


def _check(name: str, amount: float, *, whole: bool = True) -> None:
    fits = type(amount) is int or (not whole and type(amount) is float and isfinite(amount))
    if not fits or amount <= 0:
        kind = "a whole number" if whole else "a finite number"
        raise Invalid(where=f"condition {name!r}", what=f"{kind} above 0, not {amount!r:.80}")


def _tally(floor: Floor) -> Tally:
    return floor.tally or Tally()


@known_as("turns")
@dataclass(frozen=True, slots=True)
class Turns(Criterion):
    """So many turns of agents have ended, in whatever way."""

    n: int

    def __post_init__(self) -> None:
        """Check the number once."""
        _check("turns", self.n)

    def met(self, floor: Floor, event: Event) -> bool:
        """Count."""
        return _tally(floor).turns >= self.n

    def says(self) -> str:
        """How many."""
        return "a turn has ended" if self.n == 1 else f"{self.n} turns have ended"


@known_as("utterances")
@dataclass(frozen=True, slots=True)
class Utterances(Criterion):
    """So many things have been said to everybody, by anybody."""

    n: int

    def __post_init__(self) -> None:
        """Check the number once."""
        _check("utterances", self.n)

    def met(self, floor: Floor, event: Event) -> bool:
        """Count."""
        return _tally(floor).utterances >= self.n

    def says(self) -> str:
        """How many."""
        return f"{self.n} things have been said"


@known_as("tokens")
@dataclass(frozen=True, slots=True)
class Tokens(Criterion):
    """The turns that have ended took so many tokens together."""

    n: int

    def __post_init__(self) -> None:
        """Check the number once."""
        _check("tokens", self.n)

    def met(self, floor: Floor, event: Event) -> bool:
        """Add up."""
        return _tally(floor).tokens >= self.n

    def says(self) -> str:
        """How many."""
        return f"{self.n:,} tokens are spent"


@known_as("cost")
@dataclass(frozen=True, slots=True)
class Cost(Criterion):
    """The turns that have ended cost so much together, in the money that the prices are in."""

    amount: float

    def __post_init__(self) -> None:
        """Check the number once."""
        _check("cost", self.amount, whole=False)

    def met(self, floor: Floor, event: Event) -> bool:
        """Add up."""
        return _tally(floor).cost >= self.amount

    def says(self) -> str:
        """How much."""
        return f"{self.amount:g} is spent"


@known_as("turns_failed")
@dataclass(frozen=True, slots=True)
class TurnsFailed(Criterion):
    """So many turns have failed."""

    n: int = 1

    def __post_init__(self) -> None:
        """Check the number once."""
        _check("turns_failed", self.n)

    def met(self, floor: Floor, event: Event) -> bool:
        """Count."""
        return _tally(floor).failed >= self.n

    def says(self) -> str:
        """How many."""
        return "a turn has failed" if self.n == 1 else f"{self.n} turns have failed"


@known_as("seconds")
@dataclass(frozen=True, slots=True)
class Seconds(Criterion):
    """So much time has passed. It comes true on time, whatever happens or does not happen then."""

    seconds: float

    def __post_init__(self) -> None:
        """Check the number once."""
        _check("seconds", self.seconds, whole=False)

    def met(self, floor: Floor, event: Event) -> bool:
        """Look at the event's time."""
        return event.at >= self.deadline(_tally(floor)) - EARLY_S

    def says(self) -> str:
        """How long."""
        return f"{self.seconds:g} s have passed"

    def deadline(self, tally: Tally) -> float:
        """So much after the room began."""
        return tally.since + self.seconds
