"""When a call is sent to a second server as well, and to which. Pure: no clock, no chance.

A first token is late when nineteen in twenty have come sooner, by a quarter, of those that had as
much to be read before them on that server; or in half the time on another one. Then the same call
goes to another server, if one has nothing better to do and few calls were sent twice so far
("hedged requests", Dean & Barroso 2013). Whoever answers first is heard, and the other one is
called off.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf

from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.servers import Server

LONGER, ELSEWHERE = 1.25, 2.0
"""How many times as long as those of this server, and of another, a late one takes: one that is
about to come need not be sent twice, and what stalls all the time is no measure of itself."""

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


def late_s(serial: int, server: Server, servers: Iterable[Server]) -> float:
    """After how many seconds the first token of a job is late that was sent to the ``server``.

    ``inf`` where too little is known, or nobody cares.
    """
    sent, least = server.running.get(serial), inf
    if sent is None or server.first_tokens is None:
        return inf
    for one in servers:
        if one.first_tokens is not None:
            times = LONGER if one is server else ELSEWHERE
            least = min(least, times * one.first_tokens.late_s(sent.ahead + sent.cold))
    return least


def second(job: Job, first: Server, servers: Iterable[Server], now: float) -> Server | None:
    """Where a call is sent as well that is late on the ``first``: where it is done soonest."""
    free = [one for one in servers if one is not first and one.free_at(now) and one.takes(job, now)]
    return min(free, key=lambda one: one.overhead_s(job), default=None)
