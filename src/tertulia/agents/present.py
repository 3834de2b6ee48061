"""The turn that a graph is running in, for what runs in it and is handed no runtime."""

from collections import Counter
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from tertulia.orchestrator.turns import Turn


@dataclass(slots=True)
class Run:
    """One run of a graph in a turn; ``calls`` counts what each execution of a node calls."""

    turn: Turn
    calls: dict[int, tuple[Any, Counter[str]]] = field(default_factory=dict)


present: ContextVar[Run | None] = ContextVar("present", default=None)
"""The run that is going on; ``None`` outside of turns."""
