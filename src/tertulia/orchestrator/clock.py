"""The wall clock. Simulation hands in another one (``tertulia.simulation.clock``)."""

import asyncio
import time
from collections.abc import Callable


class WallClock:
    """Real time, and waiting on the running event loop."""

    def now(self) -> float:
        """Unix seconds, to the microsecond."""
        return round(time.time(), 6)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back in so many seconds; the returned function cancels that."""
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback).cancel
