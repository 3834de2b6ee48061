"""Which call goes to which server next. No clock, no chance; the shell carries it out.

Three things decide: whose turn it is (``queue``), which servers may be sent something (not broken,
not strained, within their rates), and where the call will be done soonest: a server that has read
the room's prompt before need not read it again, unless it is so busy that another would be through
sooner. An idle server never waits while a call may go to it, with one exception: where calls that
take few tokens keep a minute's limit used up, one that takes more would never go. So the server
that lets it go soonest is kept for one that is due (``Queue.due``), and sent nothing but what comes
before that; the other servers are not kept from anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf

from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.queue import Queue
from tertulia.agents.pool.servers import Server

PLACE_S = 0.05
"""How many seconds it has to save for a call to go before the one that is ahead of it."""

HOLD_S = 2.0
"""How long a call is kept at most for a busy server that has read its prompt, in seconds."""


@dataclass(frozen=True, slots=True)
class Placement:
    """This call goes to that server."""

    job: Job
    server: Server


def admit(queue: Queue, servers: Sequence[Server], now: float) -> Placement | None:
    """The next placement, or ``None`` while nothing may be sent; ``now`` in Unix seconds.

    It is not carried out here: ``queue.take(job)`` and ``server.send(job, now)`` do that.
    """
    free = [server for server in servers if server.free_at(now)]
    if not free:
        return None
    busy = _busy(servers, free, now)
    left, kept = free, set[int]()
    for job, window in queue.due():
        found = _best(window, left, busy, now)
        if found is not None:
            return found
        if not _goes(job, left, now):
            kept.add(job.serial)
            soonest = _soonest(job, servers, now)
            left = [server for server in left if server is not soonest]
    for window in queue.windows(kept) if left else ():
        found = _best(window, left, busy, now)
        if found is not None:
            return found
        if not _goes(window[0], free, now):
            queue.put_off(window[0])
    return None


def admit_alone(job: Job, servers: Sequence[Server], now: float) -> Placement | None:
    """What ``admit`` says of a job that nobody waits beside, without a queue."""
    free = [server for server in servers if server.free_at(now)]
    return _best((job,), free, _busy(servers, free, now), now) if free else None


def _goes(job: Job, servers: Iterable[Server], now: float) -> bool:
    """Whether one of them may be sent the job."""
    return any(server.takes(job, now) for server in servers)


def _soonest(job: Job, servers: Iterable[Server], now: float) -> Server | None:
    """Which server lets so many tokens go first."""
    well = [one for one in servers if one.name not in job.barred and not one.breaker.open]
    return min(well, key=lambda server: server.wait_s(job, now), default=None)


def _busy(servers: Sequence[Server], free: Sequence[Server], now: float) -> list[Server]:
    """Those that a job may be kept for."""
    if len(free) == len(servers):
        return []
    return [server for server in servers if server not in free and server.soon_at(now)]


def _best(
    window: Iterable[Job], free: Sequence[Server], busy: Sequence[Server], now: float
) -> Placement | None:
    best: Placement | None = None
    least = inf
    for place, job in enumerate(window):
        behind_s = place * PLACE_S
        if behind_s >= least:  # nor will those behind it save as much
            break
        for server in free:
            score = behind_s + server.overhead_s(job)
            if score < least and server.takes(job, now) and not _held(job, server, busy, now):
                best, least = Placement(job, server), score
    return best


def _held(job: Job, server: Server, busy: Sequence[Server], now: float) -> bool:
    """Whether the job is better kept for a busy server than sent to this one, which has work."""
    if not busy or not server.running or now - job.since > HOLD_S:
        return False
    here = server.overhead_s(job)
    return any(other.overhead_s(job) < here and other.takes(job, now) for other in busy)
