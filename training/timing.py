"""Make the profiles of spoken rooms out of the training splits of AMI and ICSI.

Run: ``python training/timing.py --data ../shared/data``. It writes quantiles and shares, no speech.
"""

import argparse
import gzip
import json
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Stretch = tuple[float, float, str]

OUT = Path(__file__).parents[1] / "src" / "tertulia" / "simulation" / "profiles"
STEPS, CLASSES = 40, 5
CORPORA = {"meeting": "ami_turns", "discussion": "icsi_mrda"}


def meetings(data: Path, folder: str) -> Iterator[list[Stretch]]:
    """Who spoke from when to when, in the order in which it began, meeting by meeting."""
    with gzip.open(data / folder / "train.jsonl.gz", "rt", encoding="utf8") as rows:
        for row in map(json.loads, rows):
            if "turns" in row:
                yield sorted((at, at + lasts, who) for at, lasts, who in row["turns"])
            else:
                yield sorted((at, end, who) for at, end, who, *_ in row["utts"])


def quantiles(values: list[float], steps: int = STEPS) -> list[float]:
    """At equal steps; the ends are the 0.2nd and 99.8th per cent, so that no one silence counts."""
    ranked = sorted(values)
    last = len(ranked) - 1
    places = [min(max(step / steps, 0.002), 0.998) for step in range(steps + 1)]
    return [round(ranked[round(place * last)], 3) for place in places]


def profile(data: Path, folder: str) -> dict[str, Any]:
    """The fields of a ``Profile``, counted as ``orchestrator.metrics`` counts floor transfers."""
    turns: list[float] = []
    offsets: list[tuple[float, float]] = []
    pauses: list[float] = []
    passing: list[float] = []
    back = changes = 0
    for speech in meetings(data, folder):
        current, before = speech[0], ""
        for said in speech[1:]:
            if said[2] != current[2] and said[1] <= current[1]:
                passing.append(said[1] - said[0])
                continue
            if said[2] != current[2]:
                offsets.append((current[1] - current[0], said[0] - current[1]))
                back, changes, before = back + (said[2] == before), changes + 1, current[2]
            else:
                pauses.append(max(0.0, said[0] - current[1]))
            if said[1] >= current[1]:
                current = said
                turns.append(said[1] - said[0])
    edges = quantiles([length for length, _ in offsets], CLASSES)[1:-1]
    by_class: list[list[float]] = [[] for _ in range(CLASSES)]
    for length, offset in offsets:
        by_class[bisect_right(edges, length)].append(offset)
    return {
        "turn_s": quantiles(turns),
        "classes_s": edges,
        "offset_s": [quantiles(some) for some in by_class],
        "goes_on": round(len(pauses) / (len(pauses) + len(offsets)), 4),
        "pause_s": quantiles(pauses),
        "returns": round(back / changes, 4),
        "passing_per_s": round(len(passing) / sum(turns), 4),
        "passing_s": quantiles(passing),
    }


def main() -> None:
    """Write both profiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    OUT.mkdir(exist_ok=True)
    for name, folder in CORPORA.items():
        found = profile(data, folder)
        lines = (f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
        (OUT / f"{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
        print(name, {key: value for key, value in found.items() if isinstance(value, float)})


if __name__ == "__main__":
    main()
