"""Conditions of the user's own: a function, named in the log, that says whether it has come true.

It has to be pure, like everything that decides: from floor and event alone, the same each time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeAlias

from tertulia.orchestrator.conditions.condition import Criterion
from tertulia.orchestrator.conditions.specification import known_as
from tertulia.orchestrator.errors import Exists, Unknown
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Floor

Question: TypeAlias = Callable[[Floor, Event], bool]

_FUNCTIONS: dict[str, Question] = {}


def asked_as(name: str) -> Callable[[Question], "Asks"]:
    """Make a condition of a function from floor and event to yes or no (a decorator).

    The log keeps ``name``; a process that opens the room must have imported the function. Raises
    ``Exists`` when another function bears the name.
    """

    def register(function: Question) -> Asks:
        if _FUNCTIONS.setdefault(name, function) is not function:
            raise Exists(kind="function of a condition", name=name)
        return Asks(name)

    return register


@known_as("asks")
@dataclass(frozen=True, slots=True)
class Asks(Criterion):
    """The function known by this name has said yes."""

    function: str

    def __post_init__(self) -> None:
        """Look for it once. Raises ``Unknown``."""
        if self.function not in _FUNCTIONS:
            close = get_close_matches(str(self.function), _FUNCTIONS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "; register it with @asked_as"
            raise Unknown(kind="function of a condition", name=self.function, hint=hint)

    def met(self, floor: Floor, event: Event) -> bool:
        """Ask it."""
        return bool(_FUNCTIONS[self.function](floor, event))

    def says(self) -> str:
        """Its name."""
        return f"{self.function} came true"
