"""When a call is sent to a second server as well, and to which. Pure: no clock, no chance.

A first token is late when it takes longer than nineteen in twenty have taken on that server that
had as much to read before them ("hedged requests", Dean & Barroso 2013). Then the same call goes to
another server, if one has nothing better to do and few calls were sent twice so far; whoever
answers first is heard, and the other one is called off.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.servers import Server

SAVED = 10.0
"""How many calls may be sent twice in a row at most, after many that were not."""


@dataclass(frozen=True, slots=True)
class HedgeBudget:
    """How many calls may be sent twice: ``share`` of all, so that hedging never adds much load."""

    share: float = 0.0
    left: float = 0.0

    def called(self) -> "HedgeBudget":
        """A call was made for the first time."""
        return replace(self, left=min(SAVED, self.left + self.share))

    def hedged(self) -> "HedgeBudget | None":
        """One is sent twice; ``None`` if that may not be."""
        return replace(self, left=self.left - 1) if self.left >= 1 else None


def second(job: Job, first: Server, servers: Iterable[Server], now: float) -> Server | None:
    """Where a call is sent as well that is late on the ``first``: where it is done soonest."""
    free = [one for one in servers if one is not first and one.free_at(now) and one.takes(job, now)]
    return min(free, key=lambda one: one.overhead_s(job), default=None)
