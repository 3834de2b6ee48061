"""The alarm of a room whose phase has a time to end at. It decides nothing."""

from collections.abc import Callable

from tertulia.orchestrator.floor import Floor, Phase
from tertulia.orchestrator.ports import Clock


class PhaseTimer:
    """Rings when the time of the present phase is up, once for each phase."""

    __slots__ = ("_cancel", "_clock", "_ring", "_stage", "at")

    def __init__(self, clock: Clock, ring: Callable[[int], object]) -> None:
        """``ring`` is called with the number of the phase."""
        self._clock, self._ring = clock, ring
        self._stage: int | None = None
        self._cancel: Callable[[], None] | None = None
        self.at: float | None = None
        """When it rings (Unix seconds), if it does."""

    def set(self, floor: Floor) -> None:
        """Ring when the phase of this floor has its end, and at no other time."""
        stage = floor.stage
        if stage.until is None or stage.expired or floor.phase is Phase.CLOSED:
            self.stop()
        elif self._stage != stage.seq:
            self.stop()
            self._stage, self.at = stage.seq, stage.until
            left, number = max(0.0, stage.until - self._clock.now()), stage.number
            self._cancel = self._clock.call_later(left, lambda: self._ring(number))

    def stop(self) -> None:
        """Do not ring."""
        if self._cancel is not None:
            self._cancel()
        self._stage = self._cancel = self.at = None
