"""When a call is sent twice: late by what that server does, seldom, and where somebody is free."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.pool import Breaker, Capacity, Job, Rates, Server
from tertulia.agents.pool.hedging import HedgeBudget, second
from tertulia.agents.pool.lateness import ENOUGH, KEPT, FirstTokens

SECONDS = st.floats(0.001, 60)


def server(name: str, **more: object) -> Server:
    return Server(name, Capacity(limit=4.0, most=4.0), **more)  # type: ignore[arg-type]


@given(st.lists(SECONDS, min_size=ENOUGH, max_size=3 * KEPT))
def test_one_in_twenty_of_the_last_hundred_was_later_than_late(took: list[float]) -> None:
    known = FirstTokens()
    for seconds in took:
        known.add(500, seconds)
    last = took[-KEPT:]
    later = sum(seconds > known.late_s(500) for seconds in last)
    sooner = sum(seconds < known.late_s(500) for seconds in last)
    assert later <= 0.05 * len(last)
    assert sooner <= 0.95 * len(last)


@given(st.lists(SECONDS, max_size=ENOUGH - 1))
def test_nothing_is_late_where_too_little_is_known(took: list[float]) -> None:
    known = FirstTokens()
    for seconds in took:
        known.add(500, seconds)
    assert known.late_s(500) == inf


def test_a_long_prompt_may_take_longer_and_says_the_most_for_shorter_ones() -> None:
    known = FirstTokens()
    for _ in range(ENOUGH):
        known.add(8_000, 4.0)
    assert known.late_s(100) == known.late_s(8_000) == 4.0
    assert known.late_s(100_000) == inf
    for _ in range(ENOUGH):
        known.add(100, 0.2)
    assert (known.late_s(100), known.late_s(8_000)) == (0.2, 4.0)


def test_a_server_that_has_become_slow_or_fast_is_known_to_be_so() -> None:
    known = FirstTokens()
    for took in (0.2, 2.0, 0.2):
        for _ in range(KEPT):
            known.add(100, took)
        assert known.late_s(100) == took


@given(st.floats(0, 0.5), st.lists(st.booleans(), max_size=300))
def test_no_more_than_the_share_of_calls_is_ever_sent_twice(share: float, late: list[bool]) -> None:
    budget, twice = HedgeBudget(share), 0
    for calls, one in enumerate(late, 1):
        budget = budget.called()
        after = budget.hedged() if one else None
        if after is not None:
            budget, twice = after, twice + 1
        assert twice <= share * calls + 1e-9


def test_every_late_call_is_sent_twice_while_few_are_late() -> None:
    budget, twice = HedgeBudget(0.05), 0
    for n in range(1_000):
        budget = budget.called()
        after = budget.hedged() if n % 50 == 49 else None
        if after is not None:
            budget, twice = after, twice + 1
    assert twice == 20


def test_it_goes_where_it_is_done_soonest_and_never_where_it_waits_already() -> None:
    stalls, busy, idle = server("stalls"), server("busy"), server("idle")
    busy.send(Job(1, "hall", prompt_tokens=100), 0.0)
    job = Job(2, "attic")
    assert second(job, stalls, [stalls, busy, idle], 1.0) is idle
    assert second(job, idle, [idle], 1.0) is None


def test_it_goes_nowhere_where_a_call_may_not_go() -> None:
    first = server("first")
    full, told, open_one = server("full"), server("told"), server("open")
    for n in range(1, 5):
        full.send(Job(n, "hall"), 0.0)
    told.rates = Rates().told_to_wait(9.0, 0.0)
    open_one.breaker = Breaker(open=True, until=inf)
    barred = Job(9, "attic", barred=frozenset({"failed"}))
    others = [first, full, told, open_one, server("failed")]
    assert second(barred, first, others, 1.0) is None
