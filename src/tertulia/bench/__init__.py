"""What a turn costs on this machine, beside the least that it could cost, in the same run."""

from tertulia.bench.floor import bench_floor
from tertulia.bench.memory import bench_memory
from tertulia.bench.plan import bench_plan
from tertulia.bench.rooms import bench_rooms
from tertulia.bench.turns import bench_turns

__all__ = ["bench_floor", "bench_memory", "bench_plan", "bench_rooms", "bench_turns"]
