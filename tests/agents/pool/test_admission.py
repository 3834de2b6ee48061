"""Who is sent where: nobody starves, limits hold, broken servers are left alone."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.pool import (
    Breaker,
    Bucket,
    Capacity,
    Job,
    Queue,
    Rank,
    Rates,
    Server,
    admit,
    admit_alone,
)
from tertulia.agents.pool.admission import HOLD_S
from tertulia.agents.pool.breaker import FAILURES
from tertulia.agents.pool.queue import AGEING, QUANTUM

JOBS = st.builds(
    Job,
    serial=st.just(0),
    room=st.sampled_from(["attic", "cellar", "hall"]),
    tenant=st.sampled_from(["ana", "bo", "cy"]),
    rank=st.sampled_from(Rank),
    prompt_tokens=st.integers(0, 8_000),
    answer_tokens=st.integers(1, 400),
    prefix=st.sampled_from(["", "attic/bo", "hall/cy"]),
)


def numbered(jobs: list[Job]) -> list[Job]:
    return [
        Job(n, j.room, j.tenant, j.rank, 0.0, j.prompt_tokens, j.answer_tokens, j.prefix)
        for n, j in enumerate(jobs, 1)
    ]


def server(name: str = "one", calls: int = 4, **more: object) -> Server:
    return Server(name, Capacity(limit=float(calls), most=float(calls)), **more)  # type: ignore[arg-type]


def sent(queue: Queue, servers: list[Server], now: float = 0.0) -> list[tuple[Job, Server]]:
    """All that may be sent at one moment."""
    done = []
    while (found := admit(queue, servers, now)) is not None:
        queue.take(found.job)
        found.server.send(found.job, now)
        done.append((found.job, found.server))
    return done


@given(st.lists(JOBS, max_size=40), st.integers(1, 6), st.integers(1, 3))
def test_everybody_is_served_once_and_limits_hold(jobs: list[Job], calls: int, count: int) -> None:
    queue, servers = Queue(), [server(f"s{n}", calls) for n in range(count)]
    waiting = numbered(jobs)
    for job in waiting:
        queue.put(job)
    served, now = [], 0.0
    for _ in range(1_000):
        now += 1.0
        served += [job.serial for job, _ in sent(queue, servers, now)]
        assert all(len(one.running) <= calls for one in servers)
        for one in servers:
            for serial in list(one.running)[:1]:
                one.began(serial, now)
                one.ended(serial, now, 10, 0.5)
    assert sorted(served) == [job.serial for job in waiting]


@given(st.lists(JOBS, min_size=1, max_size=40))
def test_an_idle_server_never_waits_while_a_call_may_go_to_it(jobs: list[Job]) -> None:
    queue, servers = Queue(), [server("warm"), server("cold")]
    for job in numbered(jobs):
        queue.put(job)
    sent(queue, servers)
    assert not len(queue) or all(one.running for one in servers)


@given(st.lists(JOBS, max_size=12), JOBS, st.integers(0, 12), st.booleans())
def test_a_job_that_nobody_waits_beside_goes_where_the_queue_would_send_it(
    before: list[Job], alone: Job, begun: int, opened: bool
) -> None:
    queue, servers = Queue(), [server("one", 3), server("two", 4), server("three", 5)]
    for job in numbered(before):
        queue.put(job)
    for job, where in sent(queue, servers)[:begun]:
        where.began(job.serial, 0.5)
    if opened:
        servers[2].breaker = Breaker(FAILURES, True, 9.0)
    job = Job(99, alone.room, alone.tenant, alone.rank, 0.9, alone.prompt_tokens, 9, alone.prefix)
    empty = Queue()
    empty.put(job)
    assert admit_alone(job, servers, 1.0) == admit(empty, servers, 1.0)


def test_a_tenant_with_one_call_waits_for_a_round_and_no_longer() -> None:
    queue = Queue()
    for n in range(1, 1_001):
        queue.put(Job(n, f"room-{n % 100}", "big", answer_tokens=100))
    for _ in range(50):
        queue.take(next(queue.windows())[0])
    queue.put(Job(2_000, "den", "small", answer_tokens=100))
    before = 0.0
    while (job := next(queue.windows())[0]).tenant == "big":
        queue.take(job)
        before += job.cost
    assert before <= QUANTUM + 100


def test_a_room_with_ten_calls_gets_no_more_than_a_room_with_one() -> None:
    queue = Queue()
    for n in range(1, 11):
        queue.put(Job(n, "loud", answer_tokens=100))
    queue.put(Job(11, "quiet", answer_tokens=100))
    order = []
    while len(queue):
        job = next(queue.windows())[0]
        queue.take(job)
        order.append(job.room)
    assert order.index("quiet") <= 1


def test_the_holder_comes_before_a_bid_and_a_bid_before_a_summary() -> None:
    queue = Queue()
    for n, rank in enumerate((Rank.BACKGROUND, Rank.BID, Rank.HOLDER), 1):
        queue.put(Job(n, f"room-{n}", rank=rank))
    assert [job.rank for job in next(queue.windows())] == sorted(Rank)


def test_a_summary_rises_past_those_who_came_long_after_it() -> None:
    queue = Queue()
    queue.put(Job(1, "old", rank=Rank.BACKGROUND, answer_tokens=100))
    serial, waited = 1, 0
    for serial in range(2, 1_000):
        queue.put(Job(serial, f"room-{serial}", answer_tokens=100))
        job = next(queue.windows())[0]
        queue.take(job)
        if job.serial == 1:
            break
        waited += 1
    assert waited <= (AGEING * Rank.BACKGROUND) / 100 + 2


def test_a_call_goes_where_its_prompt_is_known() -> None:
    queue, known, other = Queue(), server("known"), server("other")
    first = Job(1, "attic", prompt_tokens=4_000, prefix="attic/bo")
    known.send(first, 0.0)
    known.began(1, 1.0)
    known.ended(1, 2.0, 50, 1.0)
    queue.put(Job(2, "attic", prompt_tokens=4_100, prefix="attic/bo"))
    [(_, chosen)] = sent(queue, [other, known], 3.0)
    assert chosen.name == "known"
    assert known.running[2].cold == 50


def test_unless_that_server_is_overloaded() -> None:
    queue, known, other = Queue(), server("known", 8), server("other", 8)
    known.send(Job(1, "attic", prompt_tokens=400, prefix="attic/bo"), 0.0)
    known.began(1, 1.0)
    known.ended(1, 2.0, 50, 1.0)
    for n in range(2, 5):
        known.send(Job(n, "hall", prompt_tokens=8_000), 2.0)
    queue.put(Job(9, "attic", since=2.0, prompt_tokens=450, prefix="attic/bo"))
    [(_, chosen)] = sent(queue, [known, other], 2.0)
    assert chosen.name == "other"


def broken(now: float = 10.0) -> Server:
    found = server("broken", 8)
    for _ in range(FAILURES):
        found.failed(now)
    return found


def test_a_broken_server_is_sent_nothing_until_it_says_that_it_is_well() -> None:
    queue, one = Queue(), broken()
    for n in range(1, 6):
        queue.put(Job(n, "attic"))
    assert sent(queue, [one], 1e6) == []
    one.probed(1e6, well=False)
    assert sent(queue, [one], 2e6) == []
    one.probed(2e6, well=True)
    assert len(sent(queue, [one], 2e6)) == 1


def test_a_server_that_is_back_gets_little_at_first_and_soon_as_much_as_it_bore() -> None:
    queue, one = Queue(), broken()
    one.probed(20.0, well=True)
    for n in range(1, 40):
        queue.put(Job(n, "attic"))
    at_once = []
    for now in range(21, 27):
        done = sent(queue, [one], float(now))
        at_once.append(len(done))
        for job, _ in done:
            one.began(job.serial, now + 0.1)
        for job, _ in done:
            one.ended(job.serial, now + 0.2)
    assert at_once == [1, 2, 3, 4, 4, 5]  # fast until half of the eight, then slowly


def test_a_call_goes_first_where_that_saves_more_than_its_place_is_worth() -> None:
    queue, known = Queue(), server("known", 8)
    known.send(Job(1, "attic", prompt_tokens=4_000, prefix="attic/bo"), 0.0)
    known.began(1, 1.0)
    known.ended(1, 2.0, 50, 1.0)
    queue.put(Job(2, "hall", prompt_tokens=600, answer_tokens=10, prefix="hall/cy"))
    queue.put(Job(3, "attic", prompt_tokens=4_100, answer_tokens=10, prefix="attic/bo"))
    assert [job.serial for job in next(queue.windows())] == [2, 3]
    assert [job.serial for job, _ in sent(queue, [known], 3.0)] == [3, 2]


def busy_that_knows() -> tuple[Server, Server]:
    """A full one that has read the attic's prompt, and one with room that has not."""
    knows, other = server("knows", 1), server("other", 4)
    knows.send(Job(1, "attic", prompt_tokens=8_000, prefix="attic/bo"), 0.0)
    knows.began(1, 1.0)
    knows.ended(1, 2.0, 50, 1.0)
    knows.send(Job(2, "hall"), 2.0)
    knows.began(2, 2.1)
    other.send(Job(3, "hall"), 2.0)
    other.began(3, 2.1)
    return knows, other


def test_a_call_waits_a_little_for_the_busy_server_that_knows_its_prompt() -> None:
    servers = busy_that_knows()
    job = Job(9, "attic", since=3.0, prompt_tokens=8_100, prefix="attic/bo")
    queue = Queue()
    queue.put(job)
    assert admit_alone(job, servers, 3.0) is admit(queue, servers, 3.0) is None
    late = 3.1 + HOLD_S
    placed = admit_alone(job, servers, late)
    assert placed == admit(queue, servers, late)
    assert placed is not None
    assert placed.server.name == "other"


def test_each_failed_probe_doubles_the_rest_until_a_minute() -> None:
    breaker, now, rests = broken(0.0).breaker, 0.0, []
    for _ in range(9):
        rests.append(breaker.until - now)
        now = breaker.until
        breaker = breaker.probed(now, well=False)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert breaker.since == 0.0


def test_a_server_that_fails_again_at_once_rests_for_longer() -> None:
    breaker = broken(0.0).breaker.probed(1.0, well=True)
    assert not breaker.open
    again = breaker.failed(2.0)
    assert (again.open, again.rest_s) == (True, 2.0)
    assert breaker.succeeded() == Breaker()


def test_a_server_that_begins_to_answer_and_falls_over_each_time_is_left_alone() -> None:
    one = server("one", 8)
    for n in range(1, FAILURES + 1):
        one.send(Job(n, "attic"), float(n))
        one.began(n, n + 0.1)
        one.failed(n + 0.2)
        one.ended(n, n + 0.2)
    assert one.breaker.open


def test_calls_that_fail_together_make_a_server_rest_once() -> None:
    breaker = Breaker()
    for _ in range(10 * FAILURES):
        breaker = breaker.failed(5.0)
    assert (breaker.until, breaker.rest_s) == (6.0, 1.0)


def test_an_answer_that_was_under_way_says_that_the_server_is_well() -> None:
    one = server("one", 8)
    one.send(Job(1, "attic"), 0.0)
    for _ in range(FAILURES):
        one.failed(1.0)
    one.began(1, 2.0)
    assert not one.breaker.open
    assert one.breaker.failed(3.0).open  # on trial
    assert one.capacity.calls == 1


def test_a_server_that_failed_this_call_is_not_sent_it_again() -> None:
    queue = Queue()
    queue.put(Job(1, "attic", barred=frozenset({"one"})))
    assert sent(queue, [server("one")]) == []
    [(_, chosen)] = sent(queue, [server("one"), server("two")])
    assert chosen.name == "two"


def test_who_has_to_wait_for_a_server_does_not_hold_up_the_other_tenants() -> None:
    queue = Queue()
    queue.put(Job(1, "attic", "ana", barred=frozenset({"one"})))
    queue.put(Job(2, "hall", "bo"))
    assert [job.serial for job, _ in sent(queue, [server("one")])] == [2]


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(1, 400)), max_size=200))
def test_no_minute_sees_more_tokens_than_a_bucket_and_what_flows_in(
    asks: list[tuple[float, int]],
) -> None:
    rates, now, taken = Rates.of(tokens=600), 0.0, []
    for pause, amount in asks:
        now += pause
        if rates.wait_s(amount, now) <= 0:
            rates = rates.sent(amount, now)
            taken.append((now, amount))
    for since, _ in taken:
        inside = sum(amount for at, amount in taken if since <= at <= since + 60)
        assert inside <= 2 * 600 + 1e-6


@given(st.floats(1, 1e4), st.floats(0, 100), st.floats(0, 1e3))
def test_after_the_wait_that_a_bucket_names_the_amount_may_be_sent(
    a_minute: float, used: float, amount: float
) -> None:
    bucket = Bucket(a_minute, a_minute).take(used, 0.0)
    wait = bucket.wait_s(amount, 0.0)
    assert wait < inf
    assert bucket.wait_s(amount, wait + 1e-3) == 0.0


def test_retry_after_is_obeyed() -> None:
    queue, told = Queue(), server()
    told.rates = told.rates.told_to_wait(7.0, 1.0)
    queue.put(Job(1, "attic"))
    assert sent(queue, [told], 7.9) == []
    assert len(sent(queue, [told], 8.0)) == 1


def test_the_limit_doubles_until_the_server_strains_then_grows_by_one_a_round() -> None:
    learned, now = Capacity(limit=4.0), 0.0
    for _ in range(4):
        now += 1
        learned = learned.answered(now - 0.1, 0.1, 0.1, learned.calls, now)
    assert learned.limit == 8.0
    learned = learned.strained(now, now + 1)
    assert learned.limit == 6.4
    for _ in range(6):
        learned = learned.answered(now + 2, 0.1, 0.1, learned.calls, now + 2.1)
    assert 7.2 <= learned.limit <= 7.4


def test_one_late_token_is_no_strain_and_one_sent_after_it_was_noticed_is() -> None:
    calm = Capacity(limit=10.0)
    noticed = calm.answered(1.0, 9.0, 0.1, 10, 10.0)
    assert noticed.limit == noticed.answered(2.0, 9.0, 0.1, 10, 11.0).limit == 10.0
    assert noticed.answered(10.5, 9.0, 0.1, 10, 19.5).limit == 8.0
    again = noticed.answered(10.5, 0.1, 0.1, 5, 10.6)
    assert again == calm
    assert again.answered(11.0, 9.0, 0.1, 10, 20.0).limit == 10.0


def test_a_server_that_has_told_its_slots_is_believed_until_it_turns_calls_away() -> None:
    told = Capacity.of(3)
    for now in range(0, 700, 100):
        told = told.answered(now + 1.0, 60.0, 0.1, 3, now + 61.0)
        assert told.calls == 3
    told = told.strained(700.0, 701.0)
    assert told.calls == 2
    for now in range(800, 810):
        told = told.answered(float(now), 0.1, 0.1, told.calls, now + 0.1)
    assert told.limit == 3.0


def test_a_server_that_is_back_is_sent_one_call_or_as_many_as_it_has_told() -> None:
    assert Capacity(limit=10.0).afresh(1.0).calls == 1
    assert Capacity.of(3).strained(1.0, 2.0).afresh(3.0).calls == 3


def test_a_server_is_not_late_before_its_pace_was_seen() -> None:
    slow = server("slow", 2)
    for n in range(1, 9):
        slow.send(Job(n, "attic", prompt_tokens=500), 20.0 * n)
        slow.began(n, 20.0 * n + 9)
        assert slow.capacity.calls == 2
        slow.ended(n, 20.0 * n + 10, 20, 1.0)
    assert slow.read_per_s < 150


def test_calls_that_began_before_the_limit_was_lowered_lower_it_no_further() -> None:
    learned = Capacity(limit=10.0).strained(5.0, 6.0)
    assert learned.strained(5.5, 6.1).limit == learned.limit == 8.0
    assert learned.answered(5.5, 9.0, 0.1, 8, 14.5) == learned


def test_what_has_left_the_queue_is_offered_no_more() -> None:
    queue = Queue()
    for n in range(1, 5):
        queue.put(Job(n, "attic"))
    assert queue.drop(2) is not None
    assert queue.drop(2) is None
    assert {job.serial for job in next(queue.windows())} == {1, 3, 4}
    assert len(queue) == 3
