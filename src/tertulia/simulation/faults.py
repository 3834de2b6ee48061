"""What goes wrong in a simulation, drawn from a seed: the same seed, the same misfortune.

Each fault is an adapter at a seam: ``Unsteady`` around an agent, ``Partitioned`` around the log,
``Machine`` around the whole process. Here is only how much of each there shall be, and when.
"""

from typing import Annotated

from pydantic import Field

from tertulia.simulation.fields import Seconds, Share, Strict
from tertulia.simulation.habits import chance
from tertulia.simulation.machine import Crash
from tertulia.simulation.partition import Partition

CALLBACKS = 60
"""Within how many callbacks of a moment a crash comes: it may hit any of them."""

Times = Annotated[int, Field(ge=0, le=1000)]


class Faults(Strict):
    """How much goes wrong.

    ``slow_turns`` is how likely an agent's turn waits before it begins, for ``slow_s`` seconds in
    the mean; ``failing_turns`` how likely its model raises, or breaks off in the middle of its
    words. The database cannot be reached ``partitions`` times, for ``partition_s`` seconds in the
    mean. The process ends without warning ``crashes`` times (in virtual time only).
    """

    slow_turns: Share = 0.0
    slow_s: Seconds = 30.0
    failing_turns: Share = 0.0
    partitions: Times = 0
    partition_s: Annotated[Seconds, Field(gt=0)] = 5.0
    crashes: Times = 0

    def partitions_of(self, seed: int, since: float, within_s: float) -> tuple[Partition, ...]:
        """The stretches without a database in the ``within_s`` seconds from ``since`` on."""
        drawn = chance(seed, "partitions")
        found = []
        for _ in range(self.partitions):
            begins = since + drawn.uniform(0, within_s)
            ends = begins + drawn.expovariate(1 / self.partition_s)
            answer, broken = drawn.random() < 0.5, drawn.random() < 0.3
            found.append(Partition(begins, ends, only_the_answer=answer, unusable=broken))
        return tuple(sorted(found, key=lambda partition: partition.begins))

    def crashes_of(self, seed: int, within_s: float) -> tuple[Crash, ...]:
        """The crashes in the first ``within_s`` seconds of virtual time, in their order."""
        drawn = chance(seed, "crashes")
        moments = sorted(drawn.uniform(0, within_s) for _ in range(self.crashes))
        return tuple(Crash(drawn.randint(1, CALLBACKS), after_s=moment) for moment in moments)
