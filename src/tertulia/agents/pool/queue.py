"""Who is next: fair shares for tenants and rooms, the urgent first, nobody for ever last.

Between tenants it is deficit round robin (Shreedhar & Varghese 1995): each in turn may spend its
quantum. Within a tenant, rooms share by self-clocked fair queueing (Golestani 1994): a call is
tagged with the virtual time at which its room will have been served it, so that short calls come
before long ones and a room with ten calls gets no more than a room with one. A lower rank is a
later tag, which work done overtakes: that is the ageing. No step looks at all that waits: each
costs the logarithm of it.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush

from tertulia.agents.pool.jobs import Job

QUANTUM = 400.0
"""What a tenant may spend in its round (see ``Job.cost``): a few answers."""

AGEING = 2_000.0
"""How much of its tenant's work one rank below lets go before it."""

WINDOW = 8
"""Among how many of those who are next a server may choose; nobody is passed over more often."""


class _Waiting:
    """A job in its tenant's queue."""

    __slots__ = ("gone", "job", "key", "passed", "start")

    def __init__(self, job: Job, start: float) -> None:
        self.job, self.start = job, start
        self.key = start + job.cost + AGEING * job.rank
        self.passed = 0
        self.gone = False

    def __lt__(self, other: "_Waiting") -> bool:
        return (self.key, self.job.serial) < (other.key, other.job.serial)


class _Tenant:
    """What one tenant has waiting, and what it may spend."""

    __slots__ = ("deficit", "finish", "heap", "now", "size")

    def __init__(self, deficit: float) -> None:
        self.deficit, self.now = deficit, 0.0
        self.heap: list[_Waiting] = []
        self.finish: dict[str, float] = {}
        self.size = 0

    def put(self, job: Job) -> _Waiting:
        start = max(self.now, self.finish.get(job.room, 0.0))
        self.finish[job.room] = start + job.cost
        waiting = _Waiting(job, start)
        heappush(self.heap, waiting)
        self.size += 1
        return waiting

    def first(self) -> _Waiting:
        """The next one; there is one."""
        while self.heap[0].gone:
            heappop(self.heap)
        return self.heap[0]

    def window(self) -> list[_Waiting]:
        """The next few; one who was passed over too often alone."""
        first = self.first()
        if first.passed >= WINDOW or self.size == 1:
            return [first]
        found: list[_Waiting] = []
        while self.heap and len(found) < WINDOW:
            waiting = heappop(self.heap)
            if not waiting.gone:
                found.append(waiting)
        for waiting in found:
            heappush(self.heap, waiting)
        return found

    def take(self, waiting: _Waiting, window: list[_Waiting]) -> None:
        for earlier in window:
            if earlier is waiting:
                break
            earlier.passed += 1
        self.deficit -= waiting.job.cost
        self.now = max(self.now, waiting.start + waiting.job.cost)
        self.leave(waiting)

    def leave(self, waiting: _Waiting) -> None:
        waiting.gone = True
        self.size -= 1
        if not self.size:
            self.heap.clear()
            self.finish.clear()


class Queue:
    """The calls that wait. Never more than it is given: bounds are for whoever fills it."""

    def __init__(self, quantum: float = QUANTUM) -> None:
        """Nobody waits yet."""
        self._quantum = quantum
        self._tenants: dict[str, _Tenant] = {}
        self._ring: deque[str] = deque()
        self._waiting: dict[int, _Waiting] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def __iter__(self) -> Iterator[Job]:
        """Those who wait, in the order of coming."""
        return (waiting.job for waiting in self._waiting.values())

    def put(self, job: Job) -> None:
        """Let a job wait."""
        tenant = self._tenants.get(job.tenant)
        if tenant is None:
            tenant = self._tenants[job.tenant] = _Tenant(self._quantum)
            self._ring.append(job.tenant)
        self._waiting[job.serial] = tenant.put(job)

    def drop(self, serial: int) -> Job | None:
        """Let a job wait no longer; nothing happens if it does not."""
        waiting = self._waiting.pop(serial, None)
        if waiting is None:
            return None
        self._tenants[waiting.job.tenant].leave(waiting)
        self._forget(waiting.job.tenant)
        return waiting.job

    def windows(self) -> Iterator[list[Job]]:
        """Those who are next, tenant after tenant: the first whose turn it is, then the others."""
        for _ in range(len(self._ring)):
            yield [waiting.job for waiting in self._next().window()]
            self._ring.rotate(-1)  # nothing of it was taken, so another may have its turn

    def take(self, job: Job) -> None:
        """Take a job of the window that was offered last."""
        tenant, waiting = self._tenants[job.tenant], self._waiting.pop(job.serial)
        tenant.take(waiting, tenant.window())
        self._forget(job.tenant)

    def _next(self) -> _Tenant:
        """The tenant whose turn it is; each that cannot pay yet gets its quantum and is passed."""
        while True:
            tenant = self._tenants[self._ring[0]]
            if tenant.first().job.cost <= tenant.deficit:
                return tenant
            tenant.deficit += self._quantum
            self._ring.rotate(-1)

    def _forget(self, name: str) -> None:
        if not self._tenants[name].size:
            del self._tenants[name]
            self._ring.remove(name)
