"""Counting processor time, wall time and bytes, and saying them as a benchmark's cases."""

import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

TENTH = 10
TEXT = "I would put the tall shelf there, beside the window, and leave the corner free for now."
"""What every agent says in every turn: 87 bytes."""


@dataclass(frozen=True, slots=True)
class Case:
    """One measured case; ``None`` is what does not apply.

    Times are milliseconds a turn; ``growth`` is the processor time of the last tenth of the turns
    over the first tenth; ``ratio`` is processor time over the floor's.
    """

    case: str
    cpu_ms_per_turn: float
    wall_ms_per_turn: float
    growth: float | None = None
    bytes_per_turn: float | None = None
    kb_per_room: float | None = None
    floor_cpu_ms_per_turn: float | None = None
    ratio: float | None = None
    wall_s: float | None = None


def processor_s() -> float:
    """Seconds of the processor that this process and those that it runs have used until now."""
    here = psutil.Process()
    return float(sum(sum(one.cpu_times()[:2]) for one in (here, *here.children(recursive=True))))


class Meter:
    """Marks the processor's time at each turn."""

    def __init__(self) -> None:
        """Begin now."""
        self.marks: list[float] = []
        self.restart()

    def restart(self) -> None:
        """Begin anew."""
        self.marks.clear()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def mark(self) -> None:
        """A turn has begun."""
        self.marks.append(time.process_time())

    def case(self, name: str, turns: int, floor: Case | None = None, **more: Any) -> Case:
        """Everything since the meter was made, spread over ``turns``."""
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        cpu_ms = 1000 * cpu / turns
        least = None if floor is None else floor.cpu_ms_per_turn
        return Case(
            name,
            cpu_ms,
            1000 * wall / turns,
            growth=self._growth(),
            floor_cpu_ms_per_turn=least,
            ratio=cpu_ms / least if least else None,
            wall_s=wall,
            **more,
        )

    def _growth(self) -> float | None:
        part = len(self.marks) // TENTH
        if part < 2:
            return None
        first = self.marks[part] - self.marks[0]
        last = self.marks[-1] - self.marks[-1 - part]
        return last / first if first else None


def result(bench: str, cases: list[Case], **settings: Any) -> dict[str, Any]:
    """A benchmark's object."""
    rounded = [
        {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(case).items()}
        for case in cases
    ]
    return {"bench": bench, **settings, "cases": rounded}


@contextmanager
def database() -> Iterator[Path]:
    """A path for a database in a folder that is removed again."""
    with tempfile.TemporaryDirectory(prefix="tertulia-bench-") as folder:
        yield Path(folder) / "bench.db"


def bytes_of(path: Path) -> int:
    """The bytes of a database's files."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


@contextmanager
def calm_collector() -> Iterator[None]:
    """Let the garbage collector pass over what was set up, as a server would."""
    gc.collect()
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
