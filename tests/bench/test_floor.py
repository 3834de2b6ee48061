"""The benchmark of decisions: that it runs and says what it promises. Nothing here is timed."""

from random import Random

import pytest

from tertulia.bench import bench_floor, floor, readings


@pytest.mark.slow
def test_the_floor_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(floor, "HOUR_S", 60.0)
    monkeypatch.setattr(floor, "STEPS", 10)
    monkeypatch.setattr(readings, "LINES", 600)
    result = bench_floor()
    assert {"bench", "step_us_10", "step_us_1000", "virtual_hour_200_s"} <= result.keys()
    assert result["virtual_hour_utterances"] > 10
    for room in ("reading", "reading_5"):
        assert 0 < result[f"{room}_us_p50"] <= result[f"{room}_us_p99"]


def test_the_lines_that_are_read_call_names_and_come_from_everybody() -> None:
    lines = list(readings.lines(200, Random(1)))
    spoken = {line.speaker for line in lines}
    assert len(spoken) == 200
    named = sum(line.text.partition(":")[0] in spoken for line in lines)
    assert 0.3 < named / len(lines) < 0.5
    assert lines == list(readings.lines(200, Random(1)))
