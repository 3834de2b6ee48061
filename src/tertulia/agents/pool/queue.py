"""Who is next: fair shares for tenants and rooms, the urgent first, nobody for ever last.

Between tenants it is deficit round robin (Shreedhar & Varghese 1995): each in turn may spend its
quantum. Within a tenant, rooms share by self-clocked fair queueing (Golestani 1994): a call is
tagged with the virtual time at which its room will have been served it, so that short calls come
before long ones and a room with ten calls gets no more than a room with one. A lower rank is a
later tag, which work done overtakes: that is the ageing. No step looks at all that waits: what may
be chosen from is kept in order, and each step costs the logarithm of the rest at most.

Nobody starves. As long as something of each window that is offered first may be sent, no more is
sent before a job, from when it comes, than ::

    own = w + R (h + AGEING rank) + (WINDOW + 1) M
    all = own + (n - 1) (Q + 2 M) (own / Q + 2 M / Q + 2)

where M is the most that one job costs, Q the quantum; w what its tenant has waiting when it comes,
h what of that is of its own room, itself included; R from how many rooms of its tenant calls come
after it, and n how many tenants ever wait together with it.

The first of its tenant that may be sent nowhere, as where it takes more tokens than servers let go
by now, is put off: others go, ``WINDOW`` of them at most. Then it is *due*, and is offered before
all who are not, behind those who were due before it: one of each other tenant at most.
"""

from bisect import insort
from collections import OrderedDict
from collections.abc import Container, Iterator
from heapq import heappop, heappush

from tertulia.agents.pool.jobs import Job

QUANTUM = 400.0
"""What a tenant may spend in its round (see ``Job.cost``): a few answers."""

AGEING = 2_000.0
"""How much of its tenant's work one rank below lets go before it."""

WINDOW = 8
"""Among how many of those who are next a server may choose; nobody is passed over more often."""

LOOKED_AT = 64
"""How many tenants are looked at at once; the next look begins with the others."""


class _Waiting:
    """A job in its tenant's queue."""

    __slots__ = ("cost", "gone", "job", "passed", "start")

    def __init__(self, job: Job, start: float) -> None:
        self.job, self.start, self.cost = job, start, job.cost
        self.passed = 0
        self.gone = False


_Place = tuple[float, int, _Waiting]
"""By what the waiting are sorted: tag, serial number."""


class _Tenant:
    """What one tenant has waiting, and what it may spend.

    ``front`` has the next few, in order; ``rest`` is a heap of those behind them.
    """

    __slots__ = ("_finish", "_most_rooms", "deficit", "front", "now", "rest", "size")

    def __init__(self, deficit: float) -> None:
        self.deficit, self.now, self.size = deficit, 0.0, 0
        self.front: list[_Place] = []
        self.rest: list[_Place] = []
        self._finish: dict[str, float] = {}
        self._most_rooms = 64

    def put(self, job: Job) -> _Waiting:
        start = max(self.now, self._finish.get(job.room, 0.0))
        waiting = _Waiting(job, start)
        self._finish[job.room] = start + waiting.cost
        place = (start + waiting.cost + AGEING * job.rank, job.serial, waiting)
        if self.rest and place > self.front[-1]:
            heappush(self.rest, place)
        else:
            insort(self.front, place)
            if len(self.front) > WINDOW:
                heappush(self.rest, self.front.pop())
        self.size += 1
        if len(self._finish) > self._most_rooms:
            self._forget_rooms()
        return waiting

    def window(self, kept: Container[int]) -> list[_Place]:
        """The next few, of whom there is one; none behind one who was passed over too often."""
        for place, (_, _, waiting) in enumerate(self.front, 1):
            if waiting.passed >= WINDOW and waiting.job.serial not in kept:
                return self.front[:place]
        return self.front

    def until(self, last: _Waiting) -> Iterator[_Waiting]:
        """The next few until this one."""
        for _, _, waiting in self.front:
            yield waiting
            if waiting is last:
                break

    def take(self, waiting: _Waiting) -> None:
        for _, _, earlier in self.front:
            if earlier is waiting:
                break
            earlier.passed += 1
        self.deficit -= waiting.cost
        self.now = max(self.now, waiting.start + waiting.cost)
        self.leave(waiting)

    def drop(self, waiting: _Waiting) -> None:
        room = waiting.job.room
        if self._finish.get(room) == waiting.start + waiting.cost:  # else others stand behind it
            self._finish[room] = waiting.start
        self.leave(waiting)

    def leave(self, waiting: _Waiting) -> None:
        waiting.gone = True
        self.size -= 1
        for at, (_, _, one) in enumerate(self.front):
            if one is waiting:
                del self.front[at]
                break
        while self.rest and (len(self.front) < WINDOW or self.rest[0][2].gone):
            place = heappop(self.rest)
            if not place[2].gone:
                self.front.append(place)
        if len(self.rest) > 2 * self.size + WINDOW:
            self.rest = sorted(place for place in self.rest if not place[2].gone)

    def _forget_rooms(self) -> None:
        """Forget those who have had no more than their share; so many more make it worth it."""
        self._finish = {room: at for room, at in self._finish.items() if at > self.now}
        self._most_rooms = 2 * len(self._finish) + 64


class Queue:
    """The calls that wait. Never more than it is given: bounds are for whoever fills it."""

    def __init__(self, quantum: float = QUANTUM) -> None:
        """Nobody waits yet."""
        self._quantum = quantum
        self._tenants: OrderedDict[str, _Tenant] = OrderedDict()
        self._waiting: dict[int, _Waiting] = {}
        self._taken = 0
        self._put_off: dict[str, tuple[_Waiting, int]] = {}

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
        self._waiting[job.serial] = tenant.put(job)

    def drop(self, serial: int) -> Job | None:
        """Let a job wait no longer; nothing happens if it does not."""
        waiting = self._waiting.pop(serial, None)
        if waiting is None:
            return None
        tenant = self._tenants[waiting.job.tenant]
        tenant.drop(waiting)
        self._forget(waiting, tenant)
        return waiting.job

    def windows(self, kept: Container[int] = ()) -> Iterator[list[Job]]:
        """Those who are next, tenant after tenant: the first whose turn it is, then the others.

        Nobody is behind one who was passed over too often, unless a server is ``kept`` for that.
        """
        for _ in range(min(len(self._tenants), LOOKED_AT)):
            name, tenant = self._next()
            yield [waiting.job for _, _, waiting in tenant.window(kept)]
            self._tenants.move_to_end(name)  # nothing of it was taken: another may have its turn

    def put_off(self, job: Job) -> None:
        """Note that the first of a window may be sent nowhere by now."""
        self._put_off.setdefault(job.tenant, (self._waiting[job.serial], self._taken))

    def due(self) -> Iterator[tuple[Job, list[Job]]]:
        """Those who were put off for too long, the longest first; each with those before it."""
        for name, (waiting, taken) in list(self._put_off.items())[:LOOKED_AT]:
            if self._taken - taken >= WINDOW or waiting.passed >= WINDOW:
                yield waiting.job, [one.job for one in self._tenants[name].until(waiting)]

    def take(self, job: Job) -> None:
        """Take a job that was offered last."""
        tenant, waiting = self._tenants[job.tenant], self._waiting.pop(job.serial)
        self._taken += 1
        tenant.take(waiting)
        self._forget(waiting, tenant)

    def _next(self) -> tuple[str, _Tenant]:
        """The tenant whose turn it is; each that cannot pay yet gets its quantum and is passed."""
        while True:
            name = next(iter(self._tenants))
            tenant = self._tenants[name]
            if tenant.front[0][2].cost <= tenant.deficit:
                return name, tenant
            tenant.deficit += self._quantum
            self._tenants.move_to_end(name)

    def _forget(self, gone: _Waiting, tenant: _Tenant) -> None:
        name = gone.job.tenant
        if self._put_off and name in self._put_off and self._put_off[name][0] is gone:
            del self._put_off[name]
        if not tenant.size:
            del self._tenants[name]
