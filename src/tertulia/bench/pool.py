"""What a pool of model servers is worth: how soon everybody is answered, and what a call costs.

The servers are simulated on virtual time, so the same seed gives the same figures on any machine.
The load is a share of what the servers get through first come first served when all waits.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from tertulia.bench.calls import call_cpu_ms
from tertulia.bench.placing import Oracle, Pooled, RoundRobin, Way, p95, served, turn_s
from tertulia.bench.serving import Call, Hardware
from tertulia.bench.slots import slots_used
from tertulia.bench.traffic import at_pace, group_chats, numbered, trace

LOAD = 0.8
SECONDS = 600.0
ALL_AT_ONCE = 1e9
TRACED = 6_000
"""How many calls of a trace are replayed."""
TENANTS = 36
"""How many rooms of one tenant alone are tried beside the big one, one after the other."""
BIG = 100
WAYS: Mapping[str, Way] = {"fcfs": RoundRobin, "pool": Pooled, "oracle": Oracle}


def bench_pool(rooms: int, seed: int, recorded: Path | None, *, real: bool) -> dict[str, Any]:
    """Group chats in so many rooms, a recorded trace if there is one, a small tenant beside a big.

    ``real`` measures what a call costs and how well slots of embedded servers are used, too.
    """
    chats = group_chats(rooms, SECONDS, seed)
    found = _compared(chats)
    costs = asyncio.run(call_cpu_ms()) if real else None
    return {
        "bench": "pool",
        "rooms": rooms,
        "seed": seed,
        "load": LOAD,
        "speedup_over_fcfs": _ratio(found, "fcfs", "pool"),
        "share_of_oracle": _ratio(found, "oracle", "pool"),
        "small_tenant_p95_ratio": round(_beside_a_big_one(seed), 3),
        "call_cpu_ms_over_httpx": _over_httpx(costs, 0),
        "call_cpu_ms_over_httpx_1000_queued": _over_httpx(costs, 1_000),
        "call_cpu_ms": costs and {name: round(ms, 3) for name, ms in costs.items()},
        "slots_used": round(asyncio.run(slots_used()), 3) if real else None,
        "slots_used_untold": round(asyncio.run(slots_used(told=False)), 3) if real else None,
        "chats": found,
        "trace": None if recorded is None else _compared(trace(recorded, TRACED)),
    }


def _compared(calls: Sequence[Call]) -> dict[str, dict[str, float]]:
    """Seconds a turn takes at the same load, placed in each way."""
    hardware = Hardware()
    through = len(calls) / served(RoundRobin, at_pace(calls, ALL_AT_ONCE), hardware)
    pace = LOAD * through / (len(calls) / (calls[-1].at or 1.0))
    found = {}
    for name, way in WAYS.items():
        again = at_pace(calls, pace)
        served(way, again, hardware)
        took = turn_s(again)
        read = sum(call.cold for call in again) / sum(call.prompt_tokens for call in again)
        found[name] = {
            "turn_s_mean": round(mean(took), 3),
            "turn_s_p95": round(p95(took), 3),
            "prompts_read_share": round(read, 3),
        }
    return found


def _ratio(found: Mapping[str, Mapping[str, float]], one: str, other: str) -> float:
    return round(found[one]["turn_s_mean"] / found[other]["turn_s_mean"], 3)


def _beside_a_big_one(seed: int) -> float:
    """How much longer the turns of a tenant with one room take beside one with a hundred (p95)."""
    hardware, alone, beside = Hardware(), list[float](), list[float]()
    big = group_chats(BIG, SECONDS, seed, "big-")
    through = len(big) / served(RoundRobin, at_pace(big, ALL_AT_ONCE), hardware)
    pace = LOAD * through / (len(big) / big[-1].at)
    for number in range(TENANTS):
        small = group_chats(1, SECONDS / pace, seed + number, "small-")
        solo = at_pace(small, 1.0)
        served(Pooled, solo, hardware)
        both = numbered([*at_pace(small, 1.0), *at_pace(big, pace)])
        served(Pooled, both, hardware)
        alone += turn_s(solo)
        beside += turn_s(both, "small-")
    return p95(sorted(beside)) / p95(sorted(alone))


def _over_httpx(costs: Mapping[str, float] | None, waiting: int) -> float | None:
    return None if costs is None else round(costs[f"pool_over_httpx_{waiting}"], 3)
