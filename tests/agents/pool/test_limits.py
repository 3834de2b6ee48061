"""A limit of tokens a minute: calls that take few do not keep those that take many waiting."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.pool import Capacity, Job, Queue, Rates, Server, admit
from tertulia.agents.pool.queue import QUANTUM, WINDOW

LIMIT = 1_000
STEP_S = 6.0
"""In which as many tokens flow in as a small call takes."""

CROWD = 10
"""How many small calls of a tenant wait at least."""

SMALL = Job(0, "", prompt_tokens=80, answer_tokens=20)
TOKENS = SMALL.prompt_tokens + SMALL.answer_tokens


def server(name: str = "limited", tokens: float | None = LIMIT) -> Server:
    return Server(name, Capacity(limit=100.0, most=100.0), rates=Rates.of(tokens=tokens))


def large(tokens: int = 900, room: str = "den", tenant: str = "big") -> Job:
    return replace(SMALL, room=room, tenant=tenant, prompt_tokens=tokens - 50, answer_tokens=50)


@dataclass
class Flood:
    """Servers that small calls of some tenants never cease to come to; each is answered at once."""

    servers: list[Server]
    tenants: int = 1
    queue: Queue = field(default_factory=Queue)
    now: float = 0.0
    serial: int = 0
    sent: list[tuple[float, Job, str]] = field(default_factory=list)

    def comes(self, job: Job) -> int:
        self.serial += 1
        self.queue.put(replace(job, serial=self.serial, since=self.now))
        return self.serial

    def goes_on(self) -> None:
        """A step of time passes, and calls come until there is a crowd of each tenant's again."""
        self.now += STEP_S
        waiting = Counter(job.tenant for job in self.queue)
        for n in range(self.tenants):
            for _ in range(waiting[f"small-{n}"], CROWD):
                self.comes(replace(SMALL, room=f"attic-{n}", tenant=f"small-{n}"))
        while (found := admit(self.queue, self.servers, self.now)) is not None:
            self.queue.take(found.job)
            found.server.send(found.job, self.now)
            found.server.began(found.job.serial, self.now)
            found.server.ended(found.job.serial, self.now)
            self.sent.append((self.now, found.job, found.server.name))

    def until_sent(self, serials: set[int], seconds: float) -> dict[int, int]:
        """How many calls were sent before each of these, from now on."""
        until, before, left = self.now + seconds, len(self.sent), set(serials)
        while left and self.now < until:
            self.goes_on()
            left = serials - {job.serial for _, job, _ in self.sent[before:]}
        assert not left, f"not sent in {seconds:g} s"
        order = [job.serial for _, job, _ in self.sent[before:]]
        return {serial: order.index(serial) for serial in serials}


def stated(tenants: int, others_due: int = 0) -> int:
    """How many small calls go before one that is the first of its tenant: until it is its turn,
    while it is put off, and for those that were due before it."""
    return tenants * int(QUANTUM / SMALL.cost + 2) + WINDOW + others_due


@given(st.integers(TOKENS + 1, 3 * LIMIT), st.integers(1, 4), st.integers(0, 200))
def test_a_call_that_takes_many_tokens_is_passed_over_no_more_often_than_stated(
    tokens: int, tenants: int, already: int
) -> None:
    flood = Flood([server()], tenants)
    for _ in range(already % 20):
        flood.goes_on()
    mine = flood.comes(large(tokens))
    most = stated(tenants)
    seconds = (most * TOKENS + LIMIT) / LIMIT * 60 + 2 * STEP_S
    assert flood.until_sent({mine}, seconds)[mine] <= most


@given(st.lists(st.integers(TOKENS + 1, LIMIT), min_size=2, max_size=4), st.integers(1, 3))
def test_several_that_take_many_tokens_go_one_after_the_other(
    sizes: list[int], tenants: int
) -> None:
    flood = Flood([server()], tenants)
    flood.goes_on()
    mine = {flood.comes(large(size, tenant=f"big-{n}")) for n, size in enumerate(sizes)}
    others = len(sizes) - 1
    most = stated(tenants + others, others)
    seconds = (most * TOKENS + sum(sizes) + LIMIT) / LIMIT * 60 + 2 * STEP_S
    assert max(flood.until_sent(mine, seconds).values()) <= most


def test_calls_of_one_s_own_tenant_do_not_keep_it_waiting_either() -> None:
    flood = Flood([server()])
    flood.goes_on()
    mine = flood.comes(large(room="den", tenant="small-0"))
    ahead = sum(job.cost for job in flood.queue) / SMALL.cost
    assert flood.until_sent({mine}, 60 * ahead)[mine] <= ahead + 2 * WINDOW


def test_a_limit_is_never_exceeded_for_it() -> None:
    flood = Flood([server()], tenants=2)
    for _ in range(3):
        mine = flood.comes(large())
        flood.until_sent({mine}, 3_600)
    for since, _, _ in flood.sent:
        minute = [job for at, job, _ in flood.sent if since <= at <= since + 60]
        assert sum(job.prompt_tokens + job.answer_tokens for job in minute) <= 2 * LIMIT


@pytest.mark.parametrize(("tenant", "tenants"), [("big", 2), ("small-0", 2), ("small-0", 1)])
def test_while_a_server_is_kept_for_it_the_others_are_sent_all_that_they_may_be(
    tenant: str, tenants: int
) -> None:
    flood = Flood([server(), server("free", None)], tenants)
    flood.goes_on()
    mine = flood.comes(replace(large(tenant=tenant), barred=frozenset({"free"})))
    flood.until_sent({mine}, 3_600)
    for n in range(tenants):  # one of them may be its own
        to_others = (f"small-{n}", "free")
        steps = {at for at, job, name in flood.sent if (job.tenant, name) == to_others}
        assert len(steps - {STEP_S}) == flood.now / STEP_S - 1
    assert not len(flood.queue)


def test_who_leaves_while_a_server_is_kept_for_it_lets_the_others_go() -> None:
    flood = Flood([server()])
    flood.goes_on()
    mine = flood.comes(large())
    while not any(job.serial == mine for job, _ in flood.queue.due()):
        flood.goes_on()
        assert mine in {job.serial for job in flood.queue}
    before = len(flood.sent)
    for _ in range(3):
        flood.goes_on()
    assert len(flood.sent) == before
    flood.queue.drop(mine)
    flood.goes_on()
    assert len(flood.sent) > before
