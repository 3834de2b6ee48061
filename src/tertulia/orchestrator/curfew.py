"""The alarm of a room that stops when some time has passed. It decides nothing."""

from collections.abc import Callable

from tertulia.orchestrator.conditions import deadline
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.ports import Clock


class Curfew:
    """Rings when the next part of the room's condition comes true by time alone."""

    __slots__ = ("_at", "_cancel", "_clock", "_ring")

    def __init__(self, clock: Clock, ring: Callable[[], object]) -> None:
        """``ring`` is called at that time."""
        self._clock, self._ring = clock, ring
        self._at: float | None = None
        self._cancel: Callable[[], None] | None = None

    def set(self, floor: Floor) -> None:
        """Ring when this floor has it, and at no other time."""
        at = None if floor.tally is None else deadline(floor)
        if at != self._at:
            self.lift()
            if at is not None:
                self._at = at
                self._cancel = self._clock.call_later(at - self._clock.now(), self._rings)

    def lift(self) -> None:
        """Do not ring."""
        if self._cancel is not None:
            self._cancel()
        self._at = self._cancel = None

    def _rings(self) -> None:
        self._at = self._cancel = None
        self._ring()
