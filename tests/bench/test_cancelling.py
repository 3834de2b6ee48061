"""The embedded model falls silent when it is cut off, and nothing goes on behind anybody's back."""

import pytest

from tertulia.bench.cancelling import by_agents, freed_ms, over_http, spread

WAYS = {"by agents": by_agents, "over HTTP": over_http}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "cancels", [10, pytest.param(1_000, marks=[pytest.mark.long, pytest.mark.slow])]
)
@pytest.mark.model
@pytest.mark.net
async def test_no_slot_stays_taken_after_so_many_cancels(way: str, cancels: int) -> None:
    async with WAYS[way]() as talker:
        assert len(await freed_ms(talker, cancels)) == cancels
        assert talker.processing() == 0


def test_a_spread_is_told_by_its_middle_and_its_end() -> None:
    assert spread([float(n) for n in range(1, 101)]) == {
        "cancels": 100,
        "p50_ms": 50.5,
        "p95_ms": 96.0,
    }
