"""The calls of one event loop on their way to a pool's servers: they wait, are placed, and end.

It decides nothing: ``admission`` says which call goes where. What waits is bounded; what is
cancelled leaves its place at once, whether it waits or runs.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from tertulia.agents.callers import Caller
from tertulia.agents.faults import ModelFailed, ModelRateLimited, ModelRefused, ModelUnreachable
from tertulia.agents.pool.admission import admit, admit_alone
from tertulia.agents.pool.budgets import RetryBudget
from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.lengths import Lengths
from tertulia.agents.pool.queue import Queue
from tertulia.agents.pool.servers import Server
from tertulia.agents.pool.watching import Closed, Opened, Watchers

MOST_WAITING = 10_000
"""How many calls wait at most; one more is refused at once, so that somebody notices."""

LOOK_S = 0.05
"""How long until it is looked again whether a call may be sent that waits for time to pass."""


class Lease:
    """A call's place on a server, until it has ended."""

    __slots__ = ("_began_at", "_calls", "job", "server", "written")

    def __init__(self, calls: "Calls", job: Job, server: Server) -> None:
        """Made by ``Calls.place``."""
        self._calls, self.job, self.server = calls, job, server
        self._began_at: float | None = None
        self.written = 0

    @property
    def began(self) -> bool:
        """Whether the first token has come."""
        return self._began_at is not None

    def begin(self) -> None:
        """The first token has come."""
        self._began_at, left_alone = self._calls.now(), self.server.breaker.open
        self.server.began(self.job.serial, self._began_at)
        if left_alone and self._calls.watchers:
            self._calls.watchers.tell(Closed(self._calls.name, self.server.name))
        self._calls.look()

    def fail(self, error: ModelFailed) -> None:
        """The server failed, or turned the call away: it is sent less, or nothing for a while."""
        now = self._calls.now()
        if isinstance(error, ModelRateLimited):
            self.server.turned_away(self.job.serial, error.retry_after or 1.0, now)
        elif isinstance(error, ModelUnreachable):
            self.server.failed(now)
            if self.server.breaker.open and self._calls.watchers:
                rest_s = self.server.breaker.until - now
                self._calls.watchers.tell(Opened(self._calls.name, self.server.name, rest_s))

    def end(self) -> None:
        """The call has ended, in whatever way, having ``written`` so many tokens."""
        now = self._calls.now()
        writing_s = 0.0 if self._began_at is None else now - self._began_at
        self.server.ended(self.job.serial, now, self.written, writing_s)
        self._calls.lengths.answered(self.job.prefix, self.job.rank, self.written)
        self._calls.look()


class Calls:
    """The calls of one event loop."""

    def __init__(
        self,
        name: str,
        servers: Sequence[Server],
        now: Callable[[], float],
        watchers: Watchers | None = None,
    ) -> None:
        """Nothing waits; ``now`` counts seconds and never goes back."""
        self.name, self.servers, self.now = name, tuple(servers), now
        self.watchers = Watchers() if watchers is None else watchers
        self.queue, self.lengths = Queue(), Lengths()
        self.retries = RetryBudget()
        self._waiting: dict[int, asyncio.Future[Server]] = {}
        self._serial = 0
        self._alarm: asyncio.TimerHandle | None = None

    def job(self, who: Caller, prompt_tokens: int) -> Job:
        """A call with its number, and how long its answer may be expected to be."""
        self._serial += 1
        prefix = f"{who.room}/{who.participant}" if who.room or who.participant else ""
        expected = self.lengths.expected(prefix, who.rank)
        return Job(
            self._serial,
            who.room,
            who.tenant or who.room,
            who.rank,
            self.now(),
            prompt_tokens,
            expected,
            prefix,
        )

    def again(self, job: Job, barred: frozenset[str]) -> Job:
        """The same call with a number of its own, not to be sent to the ``barred`` servers."""
        self._serial += 1
        return replace(job, serial=self._serial, since=self.now(), barred=barred)

    async def place(self, job: Job) -> Lease:
        """Wait for a server, and have it until the lease is ended, as it must be.

        Raises ``ModelRateLimited`` where too many wait already, and ``ModelRefused`` where every
        server has failed this very call.
        """
        if job.barred and job.barred.issuperset(server.name for server in self.servers):
            raise ModelRefused(
                "every server of the pool has failed this call",
                model=self.name,
                where="in the pool",
                hint="see why each failed: run `tertulia models check`",
            )
        return Lease(self, job, self._at_once(job) or await self._placed(job))

    def _at_once(self, job: Job) -> Server | None:
        """Send it, if nobody waits and it may go."""
        if len(self.queue):
            return None
        now = self.now()
        found = admit_alone(job, self.servers, now)
        if found is None:
            return None
        found.server.send(job, now)
        return found.server

    async def _placed(self, job: Job) -> Server:
        if len(self.queue) >= MOST_WAITING:
            raise ModelRateLimited(
                f"{MOST_WAITING:,} calls wait already",
                model=self.name,
                where="in the pool",
                hint="add servers, or let fewer rooms talk at once",
                retry_after=1.0,
            )
        placed: asyncio.Future[Server] = asyncio.get_running_loop().create_future()
        self._waiting[job.serial] = placed
        self.queue.put(job)
        self.look()
        try:
            return await placed
        except asyncio.CancelledError:
            self.queue.drop(job.serial)
            if placed.done() and not placed.cancelled():  # placed and cancelled in one breath
                placed.result().ended(job.serial, self.now())
            self.look()
            raise
        finally:
            del self._waiting[job.serial]

    def look(self) -> None:
        """Send what may be sent."""
        if not len(self.queue):
            return
        now = self.now()
        while (found := admit(self.queue, self.servers, now)) is not None:
            self.queue.take(found.job)
            placed = self._waiting[found.job.serial]
            if not placed.done():  # else it has been called off, and its task not yet heard of it
                found.server.send(found.job, now)
                placed.set_result(found.server)
        if len(self.queue) and self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)

    def _look_again(self) -> None:
        self._alarm = None
        self.look()
