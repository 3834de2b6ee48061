"""The benchmark of decisions: that it runs and says what it promises. Nothing here is timed."""

import pytest

from tertulia.bench import bench_floor, floor


@pytest.mark.slow
def test_the_floor_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "HOUR_S", 60.0)
    result = bench_floor()
    assert {"bench", "step_us_10", "step_us_1000", "virtual_hour_200_s"} <= result.keys()
    assert result["virtual_hour_utterances"] > 10
