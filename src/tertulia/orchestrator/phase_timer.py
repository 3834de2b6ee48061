"""The alarm of a room whose phase has a time to end at. It decides nothing."""

from collections.abc import Callable

from tertulia.orchestrator.floor import Floor, Phase
from tertulia.orchestrator.ports import Clock
from tertulia.orchestrator.stage import Stage


class PhaseTimer:
    """Rings when the time of the present phase is up, once for each phase."""

    __slots__ = ("_cancel", "_clock", "_number", "_ring")

    def __init__(self, clock: Clock, ring: Callable[[int], object]) -> None:
        """``ring`` is called with the number of the phase."""
        self._clock, self._ring = clock, ring
        self._number: tuple[int, int] | None = None
        self._cancel: Callable[[], None] | None = None

    def set(self, floor: Floor) -> None:
        """Ring when the phase of this floor has its end, and at no other time."""
        stage = floor.stage
        timed = stage.until is not None and not stage.expired and floor.phase is not Phase.CLOSED
        wanted = (stage.number, stage.seq) if timed else None
        if wanted != self._number:
            self.stop()
            self._number = wanted
            if timed:
                self._cancel = self._clock.call_later(*self._alarm(stage))

    def stop(self) -> None:
        """Do not ring."""
        if self._cancel is not None:
            self._cancel()
        self._number = self._cancel = None

    def _alarm(self, stage: Stage) -> tuple[float, Callable[[], object]]:
        left = 0.0 if stage.until is None else max(0.0, stage.until - self._clock.now())
        return left, lambda: self._ring(stage.number)
