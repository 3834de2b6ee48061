"""The queue keeps the order of a plain sort, and looks at little to do it."""

import sys
from collections.abc import Callable
from random import Random
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.pool import Capacity, Job, Queue, Rank, Server, admit
from tertulia.agents.pool.queue import AGEING, LOOKED_AT, WINDOW


class Plain:
    """One tenant's queue, by sorting all of it each time."""

    def __init__(self) -> None:
        self.now, self.finish = 0.0, dict[str, float]()
        self.waiting: list[tuple[float, int, float]] = []
        self.passed: dict[int, int] = {}

    def put(self, job: Job) -> None:
        start = max(self.now, self.finish.get(job.room, 0.0))
        self.finish[job.room] = start + job.cost
        self.waiting.append((start + job.cost + AGEING * job.rank, job.serial, start + job.cost))
        self.waiting.sort()

    def window(self) -> list[int]:
        first = [serial for _, serial, _ in self.waiting[:WINDOW]]
        worn = [n for n, serial in enumerate(first, 1) if self.passed.get(serial, 0) >= WINDOW]
        return first[: min(worn, default=WINDOW)]

    def take(self, serial: int) -> None:
        for earlier in self.window()[: self.window().index(serial)]:
            self.passed[earlier] = self.passed.get(earlier, 0) + 1
        self.now = max(self.now, next(end for _, one, end in self.waiting if one == serial))
        self.leave(serial)

    def drop(self, job: Job) -> None:
        end = next(end for _, one, end in self.waiting if one == job.serial)
        if self.finish[job.room] == end:
            self.finish[job.room] = end - job.cost
        self.leave(job.serial)

    def leave(self, serial: int) -> None:
        self.waiting = [place for place in self.waiting if place[1] != serial]
        if not self.waiting:
            self.__init__()  # type: ignore[misc]


@given(st.integers(0, 10**9), st.floats(0.3, 0.7))
def test_a_tenant_s_window_is_what_a_sort_of_all_its_calls_gives(seed: int, coming: float) -> None:
    chance = Random(seed)
    queue, plain = Queue(), Plain()
    for serial in range(150):
        if chance.random() < coming:
            rank, room = chance.choice(list(Rank)), chance.choice(["attic", "cellar", "hall"])
            job = Job(serial, room, "ana", rank, answer_tokens=chance.randint(1, 3_000))
            queue.put(job)
            plain.put(job)
        elif len(queue) and chance.random() < 0.8:
            taken = chance.choice(next(queue.windows()))
            queue.take(taken)
            plain.take(taken.serial)
        elif (dropped := queue.drop(chance.randrange(serial + 1))) is not None:
            plain.drop(dropped)
        assert len(queue) == len(plain.waiting)
        if len(queue):
            assert [job.serial for job in next(queue.windows())] == plain.window()


class Bound:
    """What may be done before one job: counted by the letters of the queue's docstring."""

    def __init__(self, job: Job, waiting: list[Job]) -> None:
        own = [one for one in waiting if one.tenant == job.tenant]
        self.job, self.done = job, 0.0
        self.w = sum(one.cost for one in own)
        self.h = sum(one.cost for one in own if one.room == job.room) + job.cost
        self.rooms, self.tenants = set[str](), {one.tenant for one in waiting} | {job.tenant}

    def come(self, job: Job) -> None:
        self.tenants.add(job.tenant)
        if job.tenant == self.job.tenant:
            self.rooms.add(job.room)

    def holds(self, most: float, quantum: float, ageing: float) -> bool:
        later = len(self.rooms) * (self.h + ageing * self.job.rank)
        own = self.w + later + (WINDOW + 1) * most
        turns = own / quantum + 2 * most / quantum + 2
        return self.done <= own + (len(self.tenants) - 1) * (quantum + 2 * most) * turns


@given(st.integers(0, 10**9), st.floats(0.5, 0.9), st.integers(1, 4), st.sampled_from([20.0, 90.0]))
def test_nobody_waits_for_more_work_than_is_stated(
    seed: int, coming: float, tenants: int, quantum: float
) -> None:
    """Rooms and tenants come and go, calls are dropped, servers choose as they like."""
    chance, most = Random(seed), 30
    queue, bounds = Queue(quantum), dict[int, Bound]()
    with mock.patch("tertulia.agents.pool.queue.AGEING", 60.0):
        for serial in range(250):
            if chance.random() < (coming if serial < 120 else 0.5):
                tenant, room = f"t{chance.randrange(tenants)}", f"r{chance.randrange(3)}"
                rank, cost = chance.choice(list(Rank)), chance.randint(1, most)
                job = Job(serial, room, tenant, rank, answer_tokens=cost)
                bounds[serial] = Bound(job, list(queue))
                for bound in bounds.values():
                    bound.come(job)
                queue.put(job)
            elif len(queue):
                taken = chance.choice(next(queue.windows())[-2:])
                queue.take(taken)
                assert bounds.pop(taken.serial).holds(most, quantum, 60.0)
                for bound in bounds.values():
                    bound.done += taken.cost
            if bounds:
                assert all(bound.holds(most, quantum, 60.0) for bound in bounds.values())


@given(st.integers(0, 10**9), st.sampled_from(Rank), st.integers(1, 3))
def test_nor_in_a_flood_that_never_ends(seed: int, rank: Rank, tenants: int) -> None:
    chance, most, quantum = Random(seed), 30, 20.0
    queue, waits = Queue(quantum), Job(0, "attic", "t0", rank, answer_tokens=most)
    with mock.patch("tertulia.agents.pool.queue.AGEING", 60.0):
        for serial in range(1, 20):
            tenant = f"t{chance.randrange(tenants)}"
            queue.put(Job(serial, f"r{serial % 3}", tenant, answer_tokens=chance.randint(1, most)))
        bound = Bound(waits, list(queue))
        queue.put(waits)
        while True:
            for tenant in (f"t{chance.randrange(tenants)}", f"t{tenants - 1}"):
                serial, room = serial + 1, f"r{chance.randrange(3)}"
                job = Job(serial, room, tenant, answer_tokens=chance.randint(1, most))
                bound.come(job)
                queue.put(job)
            taken = chance.choice(next(queue.windows()))
            queue.take(taken)
            if taken == waits:
                break
            bound.done += taken.cost
            assert bound.holds(most, quantum, 60.0)


def test_nobody_is_passed_over_more_often_than_the_window_is_wide() -> None:
    queue, order = Queue(), []
    for n in range(200):
        queue.put(Job(n, f"room-{n}", "ana", answer_tokens=100))
    while len(queue):
        order.append(next(queue.windows())[-1])
        queue.take(order[-1])
    taken = {job.serial: place for place, job in enumerate(order)}
    for serial, place in taken.items():
        assert sum(other > serial for other, at in taken.items() if at < place) <= WINDOW


def test_what_a_room_has_called_off_is_not_counted_against_it() -> None:
    queue = Queue()
    queue.put(Job(1, "hall", "ana", answer_tokens=100))
    for n in range(10, 40):
        queue.put(Job(n, "attic", "ana", answer_tokens=100))
        queue.drop(n)
    queue.put(Job(50, "attic", "ana", answer_tokens=50))
    assert next(queue.windows())[0].serial == 50


def calls_made(do: Callable[[], object]) -> int:
    """How many functions are called, of Python's and of ours."""
    made = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        do()
    finally:
        sys.setprofile(None)
    return made


def crowd(waiting: int, tenants: int) -> Queue:
    queue = Queue()
    for n in range(waiting):
        queue.put(Job(n, f"room-{n % 100}", f"tenant-{n % tenants}", answer_tokens=50 + n % 50))
    return queue


@pytest.mark.parametrize("tenants", [1, 10, 1_000])
def test_a_call_costs_the_same_however_many_wait(tenants: int) -> None:
    def turn(queue: Queue, serial: int) -> None:
        free = Server("one", Capacity.of(1))
        queue.put(Job(serial, "attic", "tenant-0", answer_tokens=60))
        found = admit(queue, [free], 0.0)
        assert found is not None
        queue.take(found.job)
        free.send(found.job, 0.0)
        assert admit(queue, [free], 0.0) is None

    few, many = crowd(WINDOW * tenants, tenants), crowd(10_000, tenants)
    made = [sum(calls_made(lambda: turn(q, 10**6 + n)) for n in range(50)) for q in (few, many)]  # noqa: B023
    assert made[1] <= 1.2 * made[0]


@pytest.mark.parametrize("waiting", [1_000, 10_000])
def test_a_look_that_finds_nothing_looks_at_no_more_than_so_many_tenants(waiting: int) -> None:
    queue, other = Queue(), Server("two", Capacity.of(1))
    for n in range(waiting):
        queue.put(Job(n, f"room-{n}", f"tenant-{n}", barred=frozenset({"two"})))
    assert calls_made(lambda: admit(queue, [other], 0.0)) <= 40 * LOOKED_AT


def test_whoever_is_not_looked_at_is_looked_at_next() -> None:
    queue, server = Queue(), Server("one", Capacity.of(1))
    for n in range(10 * LOOKED_AT):
        queue.put(Job(n, f"room-{n}", f"tenant-{n}", barred=frozenset({"one"})))
    queue.put(Job(-1, "attic", "ana"))
    found = [admit(queue, [server], 0.0) for _ in range(11)]
    assert [placed.job.serial for placed in found if placed] == [-1]


def test_a_look_at_a_server_that_wants_to_wait_looks_at_nobody() -> None:
    queue, silent = crowd(1_000, 1_000), Server("one")
    silent.turned_away(0, 5.0, 1.0)
    assert calls_made(lambda: admit(queue, [silent], 5.9)) <= 15
    assert admit(queue, [silent], 6.0) is not None


def test_rooms_that_have_had_their_share_are_forgotten_while_others_wait() -> None:
    queue = Queue()
    queue.put(Job(0, "attic", "ana", Rank.BACKGROUND, answer_tokens=10**9))
    for n in range(1, 2_000):
        queue.put(Job(n, f"room-{n}", "ana", answer_tokens=100))
        queue.take(next(queue.windows())[0])
    assert len(queue) == 1
    assert len(queue._tenants["ana"]._finish) <= 200


def test_what_has_been_dropped_is_not_kept_while_others_wait() -> None:
    queue = Queue()
    for n in range(20):
        queue.put(Job(n, "attic", "ana"))
    for n in range(100, 10_000):
        queue.put(Job(n, f"room-{n}", "ana", Rank.BACKGROUND))
        queue.drop(n)
    tenant = queue._tenants["ana"]
    assert len(queue) == 20
    assert len(tenant.rest) <= 3 * len(queue) + WINDOW
