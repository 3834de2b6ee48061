"""The alarm of a room in which answers are waited for until a time. It decides nothing."""

from collections.abc import Callable

from tertulia.orchestrator.floor import Floor, Phase
from tertulia.orchestrator.ports import Clock


class Deadlines:
    """Rings when the time for the next approval, or for the next answer, is up."""

    __slots__ = ("_cancel", "_clock", "_ring", "at")

    def __init__(self, clock: Clock, ring: Callable[[], object]) -> None:
        """``ring`` is called at that time."""
        self._clock, self._ring = clock, ring
        self._cancel: Callable[[], None] | None = None
        self.at: float | None = None
        """When it rings (Unix seconds), if it does."""

    def set(self, floor: Floor) -> None:
        """Ring when this floor has it, and at no other time."""
        at = _next(floor) if floor.approvals or floor.queries else None
        if at != self.at:
            self.stop()
            if at is not None:
                self.at = at
                left = max(0.0, at - self._clock.now())
                self._cancel = self._clock.call_later(left, self._rings)

    def stop(self) -> None:
        """Do not ring."""
        if self._cancel is not None:
            self._cancel()
        self.at = self._cancel = None

    def _rings(self) -> None:
        self.at = self._cancel = None
        self._ring()


def _next(floor: Floor) -> float | None:
    if floor.phase is Phase.CLOSED:
        return None
    approvals = [a.until for a in floor.approvals if a.open and a.until is not None]
    queries = [query.until for query in floor.queries if query.open]
    return min(approvals + queries, default=None)
