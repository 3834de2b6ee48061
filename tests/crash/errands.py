"""Kill a process whose agents do things, at every state of the ledger, and count what was done.

    python -m tests.crash.errands --kills 200 --seed 1 --json

Each life is killed with SIGKILL after a time drawn from the seed, and the next one goes on; the
last one is let be. Then each tool that may be called once has been called once, but for what the
person said was to be done again; each payment has been made once; what may run again has run; and
nothing is left open. ``--no-ledger`` is the negative control: doubles must be found.
"""

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.crash import clerk as clerk_module
from tests.crash.clerk import Life

from tertulia.storage import verify

ONCE = ("book", "sign")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found. All from ``doubled`` on are faults.

    ``again`` counts what a person had done again, ``given_up`` the turns that the room gave up
    after so many crashes. ``doubled``: calls of what may be called once, beyond the first and those
    that a person asked for, and payments beyond the first for a key. ``missed``: tools that a turn
    which came to its end has not called. ``stuck``: turns without an end, effects left open.
    """

    turns: int = 0
    effects: int = 0
    again: int = 0
    given_up: int = 0
    doubled: int = 0
    missed: int = 0
    stuck: int = 0
    violations: tuple[str, ...] = ()

    @property
    def faults(self) -> int:
        """How much is wrong."""
        return self.doubled + self.missed + self.stuck + len(self.violations)


@dataclass(slots=True)
class Run:
    """What happened: how the lives ended, and what is left of them."""

    endings: list[int] = field(default_factory=list)
    figures: Figures = field(default_factory=Figures)

    @property
    def kills(self) -> int:
        """How many lives were ended by a signal."""
        return sum(ending < 0 for ending in self.endings)

    def as_json(self) -> dict[str, Any]:
        """The counts as a JSON object."""
        counts = {"lives": len(self.endings), "kills": self.kills}
        return counts | asdict(self.figures) | {"faults": self.figures.faults}


class Nursery:
    """Where processes come from, one after the other."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", clerk_module.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def live(self, folder: Path, **life: Any) -> int:
        """Let a process live so, on the files in ``folder``; how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        talk, world = f"sqlite:///{folder / 'talk.db'}", str(folder / "world.db")
        whole = Life(talk, world, **life)
        self._process.stdin.write(json.dumps(asdict(whole)) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """No more of them."""
        self._process.communicate()


def killed_at(nursery: Nursery, folder: Path, points: Sequence[str], **life: Any) -> Run:
    """Kill one life at each of the points, and let the one after them be."""
    run = Run([nursery.live(folder, point=point, **life) for point in (*points, None)])
    run.figures = count(folder)
    return run


def killed_at_random(nursery: Nursery, folder: Path, kills: int, seed: int, **life: Any) -> Run:
    """Kill so many lives at random moments, and let the one after them be."""
    chance, run, number = random.Random(seed), Run(), 0
    while run.kills < kills:
        number += 1
        own = {"seconds": 0.02 + chance.random() * 0.5, "seed": seed * 10_000 + number}
        run.endings.append(nursery.live(folder, rooms=3, errands=2 * number, **own, **life))
    run.endings.append(nursery.live(folder, rooms=3, errands=2 * number, seed=seed, **life))
    run.figures = count(folder)
    return run


# ---- what is left


def count(folder: Path) -> Figures:
    """Compare the world with the ledger and the log."""
    report = verify(f"sqlite:///{folder / 'talk.db'}")
    with (
        closing(sqlite3.connect(folder / "talk.db")) as talk,
        closing(sqlite3.connect(folder / "world.db")) as world,
    ):
        calls = Counter(world.execute("SELECT tool, turn FROM calls").fetchall())
        paid = Counter(key for (key,) in world.execute("SELECT key FROM paid"))
        again = Counter(_again(talk))
        ended = dict(talk.execute("SELECT id, outcome FROM turns").fetchall())
        states = Counter(talk.execute("SELECT turn, state FROM effects").fetchall())
    figures = Figures(
        turns=len(ended),
        effects=sum(states.values()),
        again=sum(again.values()),
        given_up=sum(outcome == "failed" for outcome in ended.values()),
        violations=tuple(f"{v.rule} {v.seq}: {v.what}" for v in report.violations),
    )
    doubled = sum(
        max(0, times - 1 - again[tool, turn])
        for (tool, turn), times in calls.items()
        if tool in ONCE
    )
    whole = [turn for turn, outcome in ended.items() if outcome == "committed"]
    missed = sum(
        not calls[tool, turn] for turn in whole for tool in ("look", "pay", "book", "sign")
    )
    stuck = sum(outcome is None for outcome in ended.values())
    for (turn, state), number in states.items():
        left = state in ("asked", "running") or (state == "uncertain" and turn in whole)
        stuck += number if left else 0
    doubled += sum(times - 1 for times in paid.values())
    return replace(figures, doubled=doubled, missed=missed, stuck=stuck)


def _again(talk: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """The tool and turn of each call that a person wanted made again."""
    asked: dict[str, tuple[str, str]] = {}
    wanted = "SELECT type, body FROM events WHERE type LIKE 'Approval%' ORDER BY room, seq"
    for kind, text in talk.execute(wanted):
        body = json.loads(text)
        if kind == "ApprovalAsked":
            asked[body["approval"]] = body["tool"], body["turn"]
        elif kind == "ApprovalSettled" and body["ruling"] == "again":
            yield asked[body["approval"]]


def main() -> int:
    """Run it from a shell; 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wrong", type=float, default=0.1, help="share of needless repetitions")
    parser.add_argument("--no-ledger", dest="ledger", action="store_false", help="must find faults")
    parser.add_argument("--json", action="store_true")
    options = vars(parser.parse_args())
    as_json = options.pop("json")
    with tempfile.TemporaryDirectory() as folder, closing(Nursery()) as nursery:
        run = killed_at_random(nursery, Path(folder), **options)
    told = run.as_json()
    lines = json.dumps(told) if as_json else "\n".join(f"{k:12} {v}" for k, v in told.items())
    sys.stdout.write(lines + "\n")
    return 1 if run.figures.faults else 0


if __name__ == "__main__":
    sys.exit(main())
