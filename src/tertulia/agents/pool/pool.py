"""The calls of one event loop on their way to a pool's servers: they wait, are placed, and end.

It decides nothing: ``admission`` says which call goes where. What waits is bounded; what is
cancelled leaves its place at once, whether it waits or runs.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from tertulia.agents.faults import ModelFailed, ModelRateLimited, ModelRefused, ModelUnreachable
from tertulia.agents.pool.admission import admit
from tertulia.agents.pool.budgets import RetryBudget
from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.queue import Queue
from tertulia.agents.pool.servers import Server
from tertulia.agents.pool.watching import Closed, Opened, Watchers

MOST_WAITING = 10_000
"""How many calls wait at most; one more is refused at once, so that somebody notices."""

LOOK_S = 0.05
"""How long until it is looked again whether a call may be sent that waits for time to pass."""

EXPECTED_TOKENS = 100
"""How long an answer is taken to be before any was seen."""
LEARNING = 0.3


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
        server, now = self.server, self._calls.now()
        sent = server.running.get(self.job.serial)
        if isinstance(error, ModelRateLimited):
            server.rates = server.rates.told_to_wait(error.retry_after or 1.0, now)
            server.capacity = server.capacity.strained(now if sent is None else sent.at, now)
        elif isinstance(error, ModelUnreachable):
            server.breaker = server.breaker.failed(now)
            server.forget()
            if server.breaker.open and self._calls.watchers:
                rest_s = server.breaker.until - now
                self._calls.watchers.tell(Opened(self._calls.name, server.name, rest_s))

    def end(self) -> None:
        """The call has ended, in whatever way, having ``written`` so many tokens."""
        now = self._calls.now()
        writing_s = 0.0 if self._began_at is None else now - self._began_at
        self.server.ended(self.job.serial, now, self.written, writing_s)
        self._calls.answered(self.job, self.written)
        if self.server.breaker.open and not self.began:
            self.server.breaker = self.server.breaker.given_up()
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
        self.queue = Queue()
        self.retries = RetryBudget()
        self._waiting: dict[int, asyncio.Future[Server]] = {}
        self._serial = 0
        self._lengths: dict[str, float] = {}
        self._alarm: asyncio.TimerHandle | None = None

    def job(self, wanted: Job) -> Job:
        """The call with its number, and how long its answer may be expected to be."""
        self._serial += 1
        expected = round(self._lengths.get(wanted.prefix, EXPECTED_TOKENS))
        return replace(wanted, serial=self._serial, since=self.now(), answer_tokens=expected)

    def answered(self, job: Job, written: int) -> None:
        """Remember how long an answer was."""
        if job.prefix and written:
            before = self._lengths.pop(job.prefix, float(written))
            self._lengths[job.prefix] = before + LEARNING * (written - before)
            if len(self._lengths) > MOST_WAITING:
                del self._lengths[next(iter(self._lengths))]

    @asynccontextmanager
    async def place(self, job: Job) -> AsyncIterator[Lease]:
        """Wait for a server, and have it until the block is left.

        Raises ``ModelRateLimited`` where too many wait already, and ``ModelRefused`` where every
        server has failed this very call.
        """
        if job.barred.issuperset(server.name for server in self.servers):
            raise ModelRefused(
                "every server of the pool has failed this call",
                model=self.name,
                where="in the pool",
                hint="see why each failed: run `tertulia models check`",
            )
        server = await self._placed(job)
        lease = Lease(self, job, server)
        try:
            yield lease
        finally:
            lease.end()

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
            self._waiting.pop(job.serial, None)

    def look(self) -> None:
        """Send what may be sent."""
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
