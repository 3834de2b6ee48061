"""Processes that crash: each runs in virtual time over one database, and ends at any await.

A crash is as a power cut is: between two callbacks of the event loop everything is dropped, and no
clean-up of the process can write any more. A new process over the same database then goes on, at
the moment where the old one ended. What a crash does in the middle of a transaction is the
database's affair.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from tertulia.orchestrator import Log
from tertulia.simulation.clock import VirtualLoop

T = TypeVar("T")


class Mortal(Log, Protocol):
    """A log that can be let go of as a process does that is killed."""

    def drop(self) -> None:
        """Write nothing more, and give nothing back."""
        ...


@dataclass(frozen=True, slots=True)
class Crash:
    """The ``step``-th callback that is begun after ``after_s`` seconds of virtual time."""

    step: int
    after_s: float = 0.0


class Crashed(SystemExit):
    """The process is no more. It is no ``Exception``: nothing in it could catch this."""


class _MortalLoop(VirtualLoop):
    """Counts what it is asked to call, and does not come to the last."""

    def __init__(self, crash: Crash | None, elapsed_s: float) -> None:
        self.steps, self.crash = 0, crash
        super().__init__(elapsed_s)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        if self.crash is None or self.elapsed >= self.crash.after_s:
            self.steps += 1
            if self.crash is not None and self.steps == self.crash.step:
                return super().call_soon(_die, context=context)
        return super().call_soon(callback, *args, context=context)


def _die() -> None:
    raise Crashed("the process crashed, as the simulation had drawn")


class Machine:
    """Runs one process after the other over one database; time goes on from each to the next.

    ``steps`` is how many callbacks the last one has begun: a crash can be at any of them.
    """

    def __init__(self, open_log: Callable[[], Mortal]) -> None:
        """``open_log`` is called for each process."""
        self._open, self.elapsed_s, self.steps = open_log, 0.0, 0

    def run(self, main: Callable[[Log], Coroutine[Any, Any, T]], crash: Crash | None = None) -> T:
        """Run ``main`` over a log of its own. Raises ``Crashed`` where ``crash`` says so."""
        log = self._open()
        loop = _MortalLoop(crash, self.elapsed_s)
        runner = asyncio.Runner(loop_factory=lambda: loop)
        try:
            result = runner.run(main(log))
        except Crashed:
            log.drop()
            _bury(loop)
            raise
        else:
            return result
        finally:
            self.elapsed_s, self.steps = loop.elapsed, loop.steps
            if not loop.is_closed():
                loop.crash = None  # what comes now is the loop's own leaving
                runner.close()

    def survive(self, main: Callable[[Log], Coroutine[Any, Any, T]], crashes: Iterable[Crash]) -> T:
        """Run ``main`` again after each of ``crashes``, until it comes to its end."""
        for crash in crashes:
            with suppress(Crashed):
                return self.run(main, crash)
        return self.run(main)


def _bury(loop: asyncio.AbstractEventLoop) -> None:
    """Close what is left of a process, whose log takes nothing any more."""
    loop.set_exception_handler(lambda loop, told: None)  # nobody is there to be told
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # it will never end
        coroutine = task.get_coro()
        if coroutine is not None:
            with suppress(Exception):  # its clean-up finds no log, and no loop
                coroutine.close()
    loop.close()
