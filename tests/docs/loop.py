"""An event loop for which only waiting takes time.

What is done takes none, so that sleeps end in the order in which a page tells of them, however busy
the machine is that runs it, and whatever stops it in between.
"""

import asyncio
import selectors
import time


class _Waiting(selectors.DefaultSelector):
    """Counts the seconds that are waited, and no others."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        began = time.monotonic()
        ready = super().select(timeout)
        took = time.monotonic() - began
        self.waited += took if timeout is None else min(took, max(timeout, 0.0))
        return ready


class Unhurried(asyncio.SelectorEventLoop):
    """The loop, to be made in the place of ``asyncio``'s own."""

    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)

    def time(self) -> float:
        """Seconds that have been waited since it was made."""
        return self._waiting.waited
