"""The simulated servers do what they say, and the pool's figures come out of them."""

from pathlib import Path

import pytest

from tertulia.bench.calls import call_cpu_ms
from tertulia.bench.placing import Oracle, Pooled, RoundRobin, served
from tertulia.bench.pool import bench_pool
from tertulia.bench.serving import Call, Hardware
from tertulia.bench.traffic import at_pace, group_chats, trace
from tertulia.orchestrator.errors import Invalid

PLAIN = Hardware(step_s=0.01, call_s=0.0, read_per_s=1_000.0, chunk=100, slots=2, kept_tokens=5_000)


def call(serial: int, prefix: str = "a", read: int = 1_000, written: int = 100) -> Call:
    return Call(serial, 0.0, "room", "", 0, prefix, read, written)


def test_a_call_takes_what_is_read_and_what_is_written() -> None:
    calls = [call(1)]
    served(RoundRobin, calls, PLAIN, servers=1)
    reading = 10 * (PLAIN.step_s + 0.1)
    assert calls[0].first == pytest.approx(reading)
    assert calls[0].done == pytest.approx(reading + 100 * PLAIN.step_s)


def test_what_was_read_before_is_not_read_again() -> None:
    calls = [call(1), call(2)]
    calls[1].at = 10.0
    served(RoundRobin, calls, PLAIN, servers=1)
    assert calls[0].cold == 1_000
    assert calls[1].cold == 1


def test_more_than_the_slots_wait_inside() -> None:
    calls = [call(n, prefix=str(n), read=1) for n in range(1, 4)]
    served(RoundRobin, calls, PLAIN, servers=1)
    assert calls[2].first > min(calls[0].done, calls[1].done)


@pytest.mark.parametrize("way", [RoundRobin, Pooled, Oracle])
def test_every_call_is_answered_once_in_each_way(way: type) -> None:
    calls = at_pace(group_chats(8, 60, 3), 4.0)
    served(way, calls, PLAIN, servers=2)
    assert all(one.at <= one.sent <= one.first <= one.done < float("inf") for one in calls)


def test_the_same_seed_gives_the_same_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.bench.pool.TENANTS", 2)
    once = bench_pool(12, 5, None, real=False)
    assert once == bench_pool(12, 5, None, real=False)
    assert once["speedup_over_fcfs"] > 1
    assert once["chats"]["pool"]["prompts_read_share"] < once["chats"]["fcfs"]["prompts_read_share"]


def test_a_trace_with_a_bad_line_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "trace.jsonl"
    file.write_text("[0.0, 10, 5]\n[1.0, 10]\n")
    with pytest.raises(Invalid, match="line 2"):
        trace(file, 10)


@pytest.mark.net
async def test_what_a_call_costs_is_told_for_each_way_beside_httpx(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tertulia.bench.calls.WAITING", (0, 3))
    found = await call_cpu_ms(slices=2)
    assert found.keys() == {
        f"{name}_{waiting}"
        for name in ("httpx", "model", "model_over_httpx", "pool", "pool_over_httpx")
        for waiting in (0, 3)
    }
    assert found["httpx_0"] > 0
    over = found["pool_3"] - found["httpx_3"]  # a median of two is their mean
    assert found["pool_over_httpx_3"] == pytest.approx(over)
