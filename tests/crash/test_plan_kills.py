"""A plan whose process is killed at each of its moments ends with every task done as it should."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

pytestmark = [pytest.mark.db, pytest.mark.slow]

WORKER = Path(__file__).parent / "plan_worker.py"


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.long)])
def test_a_plan_killed_at_any_moment_is_carried_out_as_its_policies_say(
    tmp_path: Path, every: int
) -> None:
    ran = subprocess.run(
        [sys.executable, str(WORKER), str(tmp_path), str(every)],
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    runs = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [run["signal"] for run in runs] == [signal.SIGKILL] * (len(runs) - 1) + [0]
    assert len(runs) > 20 / every
    for run in runs:
        assert run["ended"] == ["done"], run
        done = Counter(run["done"])
        for booked in ("b", "a b"):
            assert done[f"begin {booked}"] <= 1 + run["again"], run
            assert done[f"end {booked}"] == 1, run
        assert done["end a"] >= 1, run
        assert done["end y"] >= 1, run
    assert any(run["again"] for run in runs)
