"""Virtual time: an event loop whose clock jumps to the next deadline when nothing is ready.

Everything that waits by the loop (``asyncio.sleep``, timeouts, ``call_later``) then takes no time,
also in other people's code. Blocking work that is sent to a thread is done on the spot instead, so
nothing depends on how fast a disk is: the same seed gives the same log to the byte. After trio's
autojump clock and simpy's event queue.

What really has to be waited for (a model behind a socket) says so with ``outside``: while somebody
is out there, time stands still.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from tertulia.orchestrator.errors import Misbehaved

EPOCH = 1_767_225_600.0
"""When virtual time begins: 2026-01-01 00:00 UTC, in Unix seconds."""

RESOLUTION_S = 1e-7
"""How exactly deadlines are kept. A finer grain would be lost in a float within half a year, and
then a deadline that has come would never seem to; this one lasts for 34 years."""

T = TypeVar("T")


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing but what is outside; otherwise it moves the loop's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed = 0.0
        self.outside = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.outside:
            return super().select(timeout=None)
        if timeout is None:
            what = "everybody waits for somebody else, and no deadline is set"
            raise Misbehaved(who="the simulation", what=what)
        self.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self) -> None:
        """Begin at 0 seconds."""
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = RESOLUTION_S  # asyncio's own: what is due so soon is due now

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return round(self._jumping.elapsed, 9)

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Let time stand still while something real is waited for."""
        self._jumping.outside += 1
        try:
            yield
        finally:
            self._jumping.outside -= 1

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Do it now, on this thread."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


class VirtualClock:
    """The clock (``ports.Clock``) of a ``VirtualLoop`` that runs."""

    def now(self) -> float:
        """Unix seconds in the simulated world, to the microsecond."""
        return round(EPOCH + asyncio.get_running_loop().time(), 6)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(max(0.0, seconds))

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back in so many seconds; the returned function cancels that."""
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback).cancel


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in virtual time, as ``asyncio.run`` does in real time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
