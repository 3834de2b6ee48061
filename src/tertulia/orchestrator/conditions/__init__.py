"""When a room stops of itself: conditions that compose with ``&`` and ``|``, and say so as data."""

from tertulia.orchestrator.conditions.amounts import (
    Cost,
    Seconds,
    Tokens,
    Turns,
    TurnsFailed,
    Utterances,
)
from tertulia.orchestrator.conditions.asked import Asks, asked_as
from tertulia.orchestrator.conditions.condition import All, Any, Condition, Criterion
from tertulia.orchestrator.conditions.specification import build, known_as, names, said, specify
from tertulia.orchestrator.conditions.spoken import EverybodySpoke, HandedTo, Spoke, StopWord
from tertulia.orchestrator.conditions.watching import deadline, watched

__all__ = [
    "All",
    "Any",
    "Asks",
    "Condition",
    "Cost",
    "Criterion",
    "EverybodySpoke",
    "HandedTo",
    "Seconds",
    "Spoke",
    "StopWord",
    "Tokens",
    "Turns",
    "TurnsFailed",
    "Utterances",
    "asked_as",
    "build",
    "deadline",
    "known_as",
    "names",
    "said",
    "specify",
    "watched",
]
