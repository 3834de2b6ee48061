"""Virtual time: an event loop whose clock jumps to the next deadline when nothing is ready.

Everything that waits by the loop (``asyncio.sleep``, timeouts, ``call_later``) then takes no time,
also in other people's code. Blocking work that is sent to a thread is done on the spot instead, so
nothing depends on how fast a disk is: the same seed gives the same log to the byte. After trio's
autojump clock and simpy's event queue.

What really has to be waited for (a model behind a socket) says so with ``outside``: while somebody
is out there, time stands still, and for those who are there the loop's timers keep real time.
"""

import asyncio
import heapq
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any, TypeVar

from tertulia.orchestrator.errors import Misbehaved

EPOCH = 1_767_225_600.0
"""When virtual time begins: 2026-01-01 00:00 UTC, in Unix seconds."""

RESOLUTION_S = 1e-7
"""How exactly deadlines are kept. A finer grain would be lost in a float within half a year, and
then a deadline that has come would never seem to; this one lasts for 34 years."""

T = TypeVar("T")

_LEFT: ContextVar[float | None] = ContextVar("left virtual time at", default=None)
"""Since when (``time.monotonic``) this task has been outside, if it is."""


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing but what is outside; otherwise it moves the loop's clock."""

    def __init__(self, elapsed_s: float) -> None:
        super().__init__()
        self.elapsed = elapsed_s
        self.outside = 0
        self.alarms: list[asyncio.TimerHandle] = []
        """Timers of those outside, by the moment when they are due (``time.monotonic``)."""

    def due(self) -> Iterator[asyncio.TimerHandle]:
        """Take out the alarms whose moment has come, and those that were cancelled."""
        while self.alarms and (
            self.alarms[0].cancelled() or self.alarms[0].when() <= time.monotonic()
        ):
            alarm = heapq.heappop(self.alarms)
            if not alarm.cancelled():
                yield alarm

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.outside:
            left = max(0.0, self.alarms[0].when() - time.monotonic()) if self.alarms else None
            return super().select(left)
        if timeout is None:
            what = "everybody waits for somebody else, and no deadline is set"
            raise Misbehaved(who="the simulation", what=what)
        self.elapsed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time."""

    def __init__(self, elapsed_s: float = 0.0) -> None:
        """Begin at 0 seconds, or where another loop ended."""
        self._jumping = _JumpingSelector(elapsed_s)
        super().__init__(self._jumping)
        self._clock_resolution = RESOLUTION_S  # asyncio's own: what is due so soon is due now

    def time(self) -> float:
        """Seconds since the loop was made: virtual ones, and outside the real ones there."""
        left = _LEFT.get()
        return self.elapsed if left is None else self.elapsed + time.monotonic() - left

    @property
    def elapsed(self) -> float:
        """Virtual seconds since the loop was made."""
        return round(self._jumping.elapsed, 9)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call back at a time of this loop, or for those outside in so many real seconds."""
        if _LEFT.get() is None:
            return super().call_at(when, callback, *args, context=context)
        moment = time.monotonic() + when - self.time()
        alarm = asyncio.TimerHandle(moment, callback, args, self, context)
        heapq.heappush(self._jumping.alarms, alarm)
        return alarm

    def _run_once(self) -> None:
        for alarm in self._jumping.due():
            self._ready.append(alarm)  # type: ignore[attr-defined]  # asyncio's own
        super()._run_once()  # type: ignore[misc]

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Let time stand still while something real is waited for.

        Timeouts and sleeps that this task, and tasks which it begins, start there take real time.
        """
        left = _LEFT.get()
        coming_back = _LEFT.set(time.monotonic() if left is None else left)
        self._jumping.outside += 1
        try:
            yield
        finally:
            self._jumping.outside -= 1
            _LEFT.reset(coming_back)

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
        return round(EPOCH + _virtual(asyncio.get_running_loop()), 6)

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        if _LEFT.get() is None:
            await asyncio.sleep(max(0.0, seconds))
            return
        woken = asyncio.Event()
        self.call_later(seconds, woken.set)
        await woken.wait()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back in so many seconds; the returned function cancels that."""
        loop = asyncio.get_running_loop()
        if _LEFT.get() is not None:  # somebody outside asks: what the room waits for is virtual
            inside = copy_context()
            inside.run(_LEFT.set, None)
            return inside.run(loop.call_later, max(0.0, seconds), callback).cancel
        return loop.call_later(max(0.0, seconds), callback).cancel


def _virtual(loop: asyncio.AbstractEventLoop) -> float:
    return loop.elapsed if isinstance(loop, VirtualLoop) else loop.time()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in virtual time, as ``asyncio.run`` does in real time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
