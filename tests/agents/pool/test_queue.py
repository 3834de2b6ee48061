"""The queue keeps the order of a plain sort, and looks at little to do it."""

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.pool import Capacity, Job, Queue, Rank, Server, admit
from tertulia.agents.pool.queue import AGEING, LOOKED_AT, WINDOW

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            st.sampled_from(["attic", "cellar", "hall"]),
            st.sampled_from(Rank),
            st.integers(1, 5_000),
        ),
        st.tuples(st.just("take"), st.integers(0, WINDOW - 1)),
        st.tuples(st.just("drop"), st.integers(0, 60)),
    ),
    max_size=120,
)


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
        return first[:1] if self.passed.get(first[0], 0) >= WINDOW else first

    def take(self, serial: int) -> None:
        for earlier in self.window()[: self.window().index(serial)]:
            self.passed[earlier] = self.passed.get(earlier, 0) + 1
        self.now = max(self.now, next(end for _, one, end in self.waiting if one == serial))
        self.drop(serial)

    def drop(self, serial: int) -> None:
        self.waiting = [place for place in self.waiting if place[1] != serial]
        if not self.waiting:
            self.__init__()  # type: ignore[misc]


@given(STEPS)
def test_a_tenant_s_window_is_what_a_sort_of_all_its_calls_gives(steps: list[tuple]) -> None:  # type: ignore[type-arg]
    queue, plain, jobs = Queue(), Plain(), list[Job]()
    for step in steps:
        match step:
            case ("put", room, rank, tokens):
                jobs.append(Job(len(jobs), room, "ana", rank, answer_tokens=tokens))
                queue.put(jobs[-1])
                plain.put(jobs[-1])
            case ("take", place) if len(queue):
                window = next(queue.windows())
                taken = window[min(place, len(window) - 1)]
                queue.take(taken)
                plain.take(taken.serial)
            case ("drop", serial):
                if queue.drop(serial) is not None:
                    plain.drop(serial)
        assert len(queue) == len(plain.waiting)
        if len(queue):
            assert [job.serial for job in next(queue.windows())] == plain.window()


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
