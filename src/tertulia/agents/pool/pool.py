"""The calls of one event loop on their way to a pool's servers: they wait, are placed, and end.

It decides nothing: ``admission`` says which call goes where. What waits is bounded; what is
cancelled leaves its place at once, whether it waits or runs.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from tertulia.agents.callers import Caller
from tertulia.agents.faults import (
    UNUSABLE,
    ModelFailed,
    ModelGarbled,
    ModelRateLimited,
    ModelRefused,
    ModelUnreachable,
)
from tertulia.agents.pool.admission import admit, admit_alone
from tertulia.agents.pool.budgets import RetryBudget
from tertulia.agents.pool.health import Health
from tertulia.agents.pool.hedging import HedgeBudget, late_s, second
from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.lengths import Lengths
from tertulia.agents.pool.queue import Queue
from tertulia.agents.pool.servers import Server

MOST_WAITING = 10_000
"""How many calls wait at most; one more is refused at once, so that somebody notices."""

LOOK_S = 0.05
"""How long until it is looked again whether a call may be sent that waits for time to pass."""

PATIENCE_S = 10.0
"""How long a call waits at most while no server is well."""

FAILURES = (ModelUnreachable, ModelGarbled, *UNUSABLE)
"""What is a server's fault, and not the call's: another server may do better."""


class Lease:
    """A call's place on a server, until it has ended."""

    __slots__ = ("_began_at", "_calls", "failed", "job", "lost", "server", "written")

    def __init__(self, calls: "Calls", job: Job, server: Server) -> None:
        """Made by ``Calls.place``."""
        self._calls, self.job, self.server = calls, job, server
        self._began_at: float | None = None
        self.written = 0
        self.failed = self.lost = False

    @property
    def late_s(self) -> float:
        """After how many seconds its first token is late; ``inf`` where nobody cares."""
        return late_s(self.job.serial, self.server, self._calls.servers)

    @property
    def began(self) -> bool:
        """Whether the first token has come."""
        return self._began_at is not None

    def begin(self) -> None:
        """The first token has come."""
        self._began_at, left_alone = self._calls.now(), self.server.breaker.open
        self.server.began(self.job.serial, self._began_at)
        if left_alone:
            self._calls.health.answered(self.server)
        self._calls.look()

    def lose(self) -> None:
        """Another server was sooner."""
        self.server.lost(self.job.serial, self._calls.now())
        self.lost = True

    def fail(self, error: ModelFailed) -> None:
        """The server failed, or turned the call away: it is sent less, or nothing for a while."""
        now, self.failed = self._calls.now(), True
        if isinstance(error, ModelRateLimited):
            self.server.turned_away(self.job.serial, error.retry_after or 1.0, now)
        elif isinstance(error, FAILURES):
            self._calls.health.failed(self.server, error)
            if error.retry_after:
                self.server.rates = self.server.rates.told_to_wait(error.retry_after, now)

    def end(self) -> None:
        """The call has ended, in whatever way, having ``written`` so many tokens."""
        now = self._calls.now()
        writing_s = 0.0 if self._began_at is None else now - self._began_at
        self.server.ended(self.job.serial, now, self.written, writing_s)
        if self.began and not self.failed:
            self.server.succeeded()
        self._calls.lengths.answered(self.job.prefix, self.job.rank, self.written)
        self._calls.look()


class Calls:
    """The calls of one event loop."""

    def __init__(
        self,
        name: str,
        servers: Sequence[Server],
        now: Callable[[], float],
        health: Health,
        hedging: float = 0.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Nothing waits; ``now`` counts seconds and never goes back.

        ``hedging`` is which share of the calls may be sent twice.
        """
        self.name, self.servers, self.now = name, tuple(servers), now
        self.health, health.recovered = health, self.look
        self.queue, self.lengths = Queue(), Lengths()
        self.retries, self.hedges = RetryBudget(), HedgeBudget(hedging)
        self._patience_s = patience_s
        self._waiting: dict[int, asyncio.Future[Server]] = {}
        self._serial = 0
        self._alarm: asyncio.TimerHandle | None = None

    def job(self, who: Caller, prompt_tokens: int) -> Job:
        """A call with its number, and how long its answer may be expected to be."""
        self._serial += 1
        now = self.health.used_at = self.now()
        if self.health.asleep:
            self.health.wake()
        self.retries = self.retries.called()
        if self.hedges.share:
            self.hedges = self.hedges.called()
        prefix = f"{who.room}/{who.participant}" if who.room or who.participant else ""
        expected = self.lengths.expected(prefix, who.rank)
        return Job(
            self._serial,
            who.room,
            who.tenant or who.room,
            who.rank,
            now,
            prompt_tokens,
            expected,
            prefix,
        )

    def again(self, job: Job, barred: frozenset[str]) -> Job:
        """The same call with a number of its own, not to be sent to the ``barred`` servers."""
        self._serial += 1
        return replace(job, serial=self._serial, since=self.now(), barred=barred)

    def left_for(self, barred: frozenset[str]) -> bool:
        """Whether some server is well but the barred ones."""
        return any(not one.breaker.open and one.name not in barred for one in self.servers)

    def second(self, lease: Lease, may_be: Callable[[], bool]) -> Lease | None:
        """A place for a call that is late, on another server, if one has nothing better to do.

        ``may_be`` has the last word.
        """
        now, budget = self.now(), self.hedges.hedged()
        waited_for = len(self.queue) > 0  # what a limit lets go is for those who wait
        servers = [one for one in self.servers if one.rates.unlimited or not waited_for]
        server = second(lease.job, lease.server, servers, now)
        if server is None or budget is None or not may_be():
            return None
        self.hedges = budget
        job = self.again(lease.job, lease.job.barred | {lease.server.name})
        server.send(job, now)
        return Lease(self, job, server)

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
        others_wait = len(self.queue) > 0  # else it was looked already whether it may go
        self.queue.put(job)
        if others_wait:
            self.look()
        else:
            self._look_soon()
        try:
            return await placed
        except (asyncio.CancelledError, ModelUnreachable):
            self.queue.drop(job.serial)
            # It may have been placed and cancelled in one breath.
            if placed.done() and not placed.cancelled() and placed.exception() is None:
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
        self._look_soon()

    def _look_soon(self) -> None:
        """Look again before long, as long as somebody waits."""
        if len(self.queue) and self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(LOOK_S, self._look_again)

    def _look_again(self) -> None:
        self._alarm = None
        if any(server.breaker.open for server in self.servers):
            self._give_up()
        self.look()

    def _give_up(self) -> None:
        """Let those go who have waited for long while no server that they may go to is well."""
        since = max(server.breaker.since for server in self.servers)
        for job in list(self.queue):
            patience_s = self.now() - max(since, job.since)
            if patience_s >= self._patience_s and not self.left_for(job.barred):
                placed = self._waiting[job.serial]
                if not placed.done():
                    placed.set_exception(self._nobody())

    def _nobody(self) -> ModelUnreachable:
        why = "; ".join(f"{name}: {error.what}" for name, error in self.health.why.items())
        return ModelUnreachable(
            f"no server of the pool is well: {why}",
            model=self.name,
            where="in the pool",
            hint="they are asked again and again, and called once they are well",
        )
