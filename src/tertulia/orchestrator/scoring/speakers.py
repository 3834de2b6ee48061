"""Who takes the floor next, from what has been heard: a learned forecaster of one room.

It hears speech in the order in which it begins and names only people of the room. Trained by
``training/speakers.py``.
"""

from collections.abc import Mapping
from functools import cache

from tertulia.orchestrator.scoring.floor_memory import FloorMemory
from tertulia.orchestrator.scoring.lines import Utterance
from tertulia.orchestrator.scoring.network import Network, shipped, softmax, unpacked
from tertulia.orchestrator.scoring.words import spoken

KEEP = 12
_Leanings = Mapping[str, float]


@cache
def trained(name: str) -> tuple[Network, _Leanings]:
    """A shipped network and its words' leanings, read once."""
    stored = shipped(name)
    words = stored.get("words")
    leanings = zip(words.split(" "), unpacked(stored["leanings"]), strict=True) if words else ()
    return Network.read(stored), dict(leanings)


def phrases(memory: FloorMemory) -> list[str]:
    """The words on which the floor may turn: of the present turn's end, and of the one before."""
    now = spoken(memory.stretch.text) if memory.stretch else []
    before = spoken(memory.last_before.text) if memory.last_before else []
    ends = ["^" + now[0], "$" + now[-1]] if now else []
    return [*dict.fromkeys(now), *ends, *("<" + word for word in dict.fromkeys(before))]


class LearnedForecaster:
    """Forecasts for one room; ``weights`` is ``meeting`` or ``discussion``.

    The first knows times alone, the second words too. ``people`` are those in the room, whether or
    not they have spoken.
    """

    def __init__(self, people: tuple[str, ...], weights: str = "meeting") -> None:
        self._network, self._leanings = trained(weights)
        self._memory = FloorMemory(people)

    def hear(self, utterance: Utterance) -> None:
        """Remember that ``utterance`` has begun; its end is used once something begins after it."""
        self._memory.hear(utterance)

    def next(self) -> str | None:
        """Who takes the floor after its present holder; None when nobody else is there."""
        shares = self.shares()
        return max(shares, key=shares.__getitem__, default=None)

    def shares(self) -> dict[str, float]:
        """How likely each of the others is to be next, the likeliest dozen of them together one."""
        people = self._memory.others()
        if not people:
            return {}
        lean = sum(self._leanings.get(phrase, 0.0) for phrase in phrases(self._memory))
        rows = self._memory.of_people(people, lean)
        scores = self._network.scores(self._memory.of_floor(lean), rows, KEEP)
        return {people[place]: share for place, share in softmax(scores).items()}
