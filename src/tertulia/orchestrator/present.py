"""Which turn runs here: for tools that have to know for whom they work."""

from contextvars import ContextVar
from typing import Any

PRESENT: ContextVar[Any] = ContextVar("the turn that is running", default=None)
"""The ``Turn`` in which something is called; ``None`` outside of turns."""
