"""What admission promises, whatever happens: random lives of a pool, looked at after each step.

Calls come, are read, are answered, are called off; servers fail, rest, are asked how they are, and
come back.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.pool import Breaker, Capacity, Job, Queue, Rank, Server, admit
from tertulia.agents.pool.admission import HOLD_S
from tertulia.agents.pool.hedging import second
from tertulia.agents.pool.queue import AGEING, QUANTUM, WINDOW

ROOMS, TENANTS = 3, 3
MOST = Job(0, "", prompt_tokens=8_000, answer_tokens=400).cost
"""What the dearest call costs."""

JOBS = st.builds(
    Job,
    serial=st.just(0),
    room=st.sampled_from(["attic", "cellar", "hall"]),
    tenant=st.sampled_from(["ana", "bo", "cy"]),
    rank=st.sampled_from(Rank),
    prompt_tokens=st.integers(0, 60) | st.integers(0, 8_000),
    answer_tokens=st.integers(1, 400),
    prefix=st.sampled_from(["", "attic/bo", "hall/cy"]),
)
COMES = st.tuples(st.just("comes"), JOBS)
OTHERS = st.tuples(st.sampled_from(["begins", "ends", "fails", "leaves"]), st.integers(0, 30))
PROBED = st.tuples(st.sampled_from(["well", "unwell"]), st.integers(0, 30))
PASSES = st.tuples(st.just("passes"), st.sampled_from([0.1, 1.0, 5.0]))
STEPS = st.lists(COMES | COMES | OTHERS | OTHERS | PROBED | PASSES, max_size=120)


def bound(ahead_in_room: float, job: Job) -> float:
    """How much work may be sent before a job, from when it comes on (see ``Job.cost``).

    Each room of its tenant may have as much served as it has itself before it, which its rank adds
    to, and one call more; a window of others may be chosen before it. Each other tenant may have
    as much as its own, and a quantum and a call more.
    """
    own = ROOMS * (ahead_in_room + job.cost + AGEING * job.rank + MOST) + WINDOW * MOST
    return own + (TENANTS - 1) * (own + 2 * QUANTUM + MOST)


@dataclass
class Life:
    """A pool as it lives, and what was sent since each job came."""

    servers: list[Server]
    now: float = 0.0
    queue: Queue = field(default_factory=Queue)
    running: list[tuple[Job, Server]] = field(default_factory=list)
    sent: Counter[int] = field(default_factory=Counter)
    work: float = 0.0
    came: dict[int, tuple[float, float]] = field(default_factory=dict)
    serial: int = 0

    def comes(self, job: Job) -> None:
        self.serial += 1
        numbered = replace(job, serial=self.serial, since=self.now)
        ahead = sum(j.cost for j in self.queue if (j.room, j.tenant) == (job.room, job.tenant))
        self.came[self.serial] = (self.work, bound(ahead, numbered))
        self.queue.put(numbered)

    def begins(self, which: int) -> None:
        if self.running:
            job, server = self.running[which % len(self.running)]
            server.began(job.serial, self.now)

    def ends(self, which: int) -> None:
        if self.running:
            job, server = self.running.pop(which % len(self.running))
            server.ended(job.serial, self.now, 10, 0.5)

    def fails(self, which: int) -> None:
        if self.running:
            job, server = self.running.pop(which % len(self.running))
            server.failed(self.now)
            server.ended(job.serial, self.now)

    def leaves(self, which: int) -> None:
        waiting = list(self.queue)
        if waiting:
            self.queue.drop(waiting[which % len(waiting)].serial)

    def well(self, which: int) -> None:
        self.servers[which % len(self.servers)].probed(self.now, well=True)

    def unwell(self, which: int) -> None:
        self.servers[which % len(self.servers)].probed(self.now, well=False)

    def passes(self, seconds: float) -> None:
        self.now += seconds

    def look(self) -> list[tuple[Job, Server]]:
        done = []
        while (found := admit(self.queue, self.servers, self.now)) is not None:
            before, most = self.came[found.job.serial]
            assert self.work - before <= most, "it has waited for more than the stated work"
            assert not found.server.breaker.open
            self.queue.take(found.job)
            found.server.send(found.job, self.now)
            self.work += found.job.cost
            self.sent[found.job.serial] += 1
            self.running.append((found.job, found.server))
            done.append((found.job, found.server))
        return done


def pool(count: int = 2, calls: int = 3) -> Life:
    capacity = Capacity(limit=float(calls), most=float(calls))
    return Life([Server(f"s{n}", capacity) for n in range(count)])


@given(STEPS)
def test_a_dead_server_gets_nothing_but_probes_and_limits_hold(
    steps: list[tuple[str, object]],
) -> None:
    life = pool()
    for step, what in steps:
        getattr(life, step)(what)
        dead = [server for server in life.servers if server.breaker.open]
        running = {server.name: len(server.running) for server in dead}
        life.look()
        assert running == {server.name: len(server.running) for server in dead}
        assert second(Job(10**6, "den"), life.servers[0], life.servers, life.now) not in dead
        for server in life.servers:
            assert len(server.running) <= 3
    assert all(times == 1 for times in life.sent.values())


@given(STEPS)
def test_no_server_idles_while_a_call_waits(steps: list[tuple[str, object]]) -> None:
    """Work conserving: a well server has something to do, or nothing waits.

    One with room left is passed over only for a busy one that has read the prompt, for a while.
    """
    life = pool()
    for step, what in steps:
        getattr(life, step)(what)
        life.look()
        if len(life.queue):
            well = [server for server in life.servers if not server.breaker.open]
            assert all(server.running for server in well)
            roomy = [server for server in well if server.free_at(life.now)]
            first = [window[0] for window in life.queue.windows()]
            assert not roomy or all(life.now - job.since <= HOLD_S for job in first)


@given(STEPS, st.lists(st.sampled_from(["begins", "ends"]), min_size=1, max_size=3))
def test_everybody_is_served_within_the_stated_work_and_once(
    steps: list[tuple[str, object]], rhythm: list[str]
) -> None:
    life = pool()
    for step, what in steps:
        getattr(life, step)(what)
        life.look()
    waiting = {job.serial for job in life.queue}
    for server in life.servers:
        server.breaker = Breaker()
    for _ in range(4 * len(waiting) * len(rhythm) + 4):
        life.passes(1.0)
        for what in [*rhythm, "ends"]:
            getattr(life, what)(0)
        life.look()
    assert not len(life.queue)
    assert all(life.sent[serial] == 1 for serial in waiting)


def test_a_flood_of_one_tenant_s_calls_keeps_nobody_from_a_stated_share() -> None:
    """The bound is met in the worst case that the queue is made for, and not by far."""
    life, flood = pool(1, 1), Job(0, "attic", "ana", answer_tokens=100)
    for _ in range(200):
        life.comes(flood)
    life.comes(Job(0, "attic", "bo", Rank.BACKGROUND, answer_tokens=100))
    mine, served = life.serial, Counter[str]()
    while not life.sent[mine]:
        life.comes(flood)
        for job, _ in life.look():
            served[job.tenant] += round(job.cost)
        life.passes(1.0)
        life.ends(0)
    assert served["ana"] <= QUANTUM + 2 * flood.cost


def test_a_call_that_no_server_has_read_is_passed_over_eight_times_and_no_more() -> None:
    life = pool(1, 1)
    warm = Job(0, "hall", "ana", prompt_tokens=400, answer_tokens=5, prefix="hall/cy")
    life.comes(warm)
    life.look()
    life.begins(0)
    life.ends(0)
    life.comes(Job(0, "attic", "ana", prompt_tokens=8_000, answer_tokens=5, prefix="attic/bo"))
    mine = life.serial
    first = []
    for _ in range(200):
        life.comes(warm)
        first += [next(iter(life.queue.windows()))[0].serial == mine]
        life.look()
        if life.sent[mine]:
            break
        life.begins(0)
        life.ends(0)
    assert life.sent[mine]
    assert sum(first) <= WINDOW + 1


def test_a_call_is_kept_for_the_server_that_has_read_its_prompt_for_a_while_and_no_longer() -> None:
    life = pool(2, 1)
    known, other = life.servers
    other.capacity = Capacity(limit=2.0, most=2.0)
    read = Job(-1, "attic", prompt_tokens=8_000, prefix="attic/bo")
    for server, job in ((known, read), (other, Job(-2, "hall", prompt_tokens=10))):
        server.send(job, 0.0)
        server.began(job.serial, 0.0)
    life.comes(replace(read, tenant="ana"))
    for _ in range(4):
        assert life.look() == []
        life.passes(HOLD_S / 4)
    life.passes(0.01)
    assert [server.name for _, server in life.look()] == [other.name]


def test_what_is_left_alone_stays_alone_until_it_says_that_it_is_well() -> None:
    life = pool(1)
    life.servers[0].breaker = Breaker(open=True, until=5.0)
    life.comes(Job(0, "attic"))
    life.passes(1e6)
    assert life.look() == []
    life.well(0)
    assert len(life.look()) == 1
    assert inf > life.servers[0].breaker.until
