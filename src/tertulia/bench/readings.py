"""What a learned reader costs: the processor's microseconds a line, in a room of made-up lines."""

import time
from collections.abc import Iterator
from random import Random

from tertulia.orchestrator.scoring import LearnedReader, Line

LINES, WARM = 3000, 200
"""Lines heard; the first ones, while the memory is not full yet, do not count."""

PAUSE_S = 20.0
NAMING, CHATTY = 0.4, 0.3
"""How many lines begin with somebody's name; how many come from the five last speakers."""

_COMMON = (  # noqa: SIM905 - read as one row, not as a column
    "the it you is that to i and not with just have what how so this when can if then there"
).split()
_ENDS = "?", ".", "", "", " thanks", " http://example.org/paste/77"


def reading_us(speakers: int, seed: int = 1) -> tuple[float, float]:
    """The median and the 99th percentile over the lines of a room with so many ``speakers``.

    Of the processor's time: a line takes so little that one pause of a busy machine is the dearest.
    """
    reader, costs = LearnedReader("channel"), []
    for line in lines(speakers, Random(seed)):  # noqa: S311 - a simulation
        began = time.thread_time()
        reader.hear(line)
        costs.append(1e6 * (time.thread_time() - began))
    costs = sorted(costs[WARM:])
    return costs[len(costs) // 2], costs[99 * len(costs) // 100]


def lines(speakers: int, chance: Random) -> Iterator[Line]:
    """Lines with names in front, rare words that come back, questions and addresses on the web."""
    names = [f"speaker{number}" for number in range(speakers)]
    topics = [f"gadget{number}" for number in range(300)]
    latest: list[str] = []
    for number in range(LINES):
        who = chance.choice(latest[-5:] if latest and chance.random() < CHATTY else names)
        called = f"{chance.choice(latest)}: " if latest and chance.random() < NAMING else ""
        words = chance.choices(_COMMON, k=chance.randint(2, 14)) + chance.choices(topics, k=2)
        chance.shuffle(words)
        yield Line(who, f"{called}{' '.join(words)}{chance.choice(_ENDS)}", number * PAUSE_S)
        latest = [*latest[-15:], who]
