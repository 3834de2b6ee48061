"""What is counted is what a benchmark's work has taken, wherever it was done."""

import subprocess
import sys

from tertulia.bench.meter import processor_s

BUSY_S = 0.3
WORK = f"""
import time
while time.process_time() < {BUSY_S}:
    pass
print("done", flush=True)
input()
"""


def test_a_process_beside_this_one_is_counted_too() -> None:
    before = processor_s()
    command = [sys.executable, "-c", WORK]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as beside:
        assert beside.stdout is not None
        assert beside.stdout.readline() == "done\n"
        taken = processor_s() - before
        beside.communicate("\n")
    assert taken >= BUSY_S - 0.05
