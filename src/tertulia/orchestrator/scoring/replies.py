"""Which line a line answers, and who is meant: a learned reader of one room.

It hears lines in their order and keeps no more of them than ``Memory`` does; the same lines give
the same readings. It names only people who have spoken. Trained by ``training/replies.py``.
"""

from dataclasses import dataclass
from functools import cache

from tertulia.orchestrator.scoring.clues import candidates, of_itself, of_line, of_pair
from tertulia.orchestrator.scoring.lines import Line, Reading
from tertulia.orchestrator.scoring.memory import Heard, Memory
from tertulia.orchestrator.scoring.network import Network, shipped, softmax

KEEP = 8
SECOND = 0.4
"""A second line is taken as answered too when it is as likely as this."""


@cache
def network(name: str) -> Network:
    """A shipped network, read once."""
    return Network.read(shipped(name))


@dataclass(frozen=True, slots=True)
class Opinion:
    """A reading of the line ``number``, and what remembering that line takes."""

    number: int
    reading: Reading
    heard: Heard | None
    answered: Heard | None


class LearnedReader:
    """Reads a room line by line; ``weights`` is ``channel`` or ``dialogue``.

    A channel is where strangers come and go in several threads at once; a dialogue is one
    conversation that all in the room take part in.
    """

    def __init__(self, weights: str = "channel") -> None:
        self._network = network(weights)
        self._memory = Memory()

    def introduce(self, speaker: str, *names: str) -> None:
        """Know a speaker by other names as well, before having heard a word of theirs."""
        self._memory.introduce(speaker, names)

    def hear(self, line: Line) -> Reading:
        """Read ``line``, and remember it."""
        opinion = self.weigh(line)
        self.keep(opinion)
        return opinion.reading

    def mark(self, line: Line) -> Opinion:
        """Take ``line`` as it is, for ``keep``, where it need not be read: it answers nothing."""
        heard = self._memory.hear(line)
        number = self._memory.count - 1
        return Opinion(number, Reading((number,), None, 0.0), heard, None)

    def keep(self, opinion: Opinion, answers: int | None = None) -> None:
        """Remember a line that was weighed; ``answers`` is the line it answers, where known."""
        if opinion.heard is not None:
            known = None if answers is None else self._memory.find(answers)
            self._memory.keep(opinion.heard, known or opinion.answered)

    def weigh(self, line: Line) -> Opinion:
        """Read ``line``, and forget it again unless it is kept."""
        heard = self._memory.hear(line)
        if heard is None:
            number = self._memory.count - 1
            return Opinion(number, Reading((number,), None, 0.0), None, None)
        options: list[Heard | None] = [None, *candidates(self._memory, heard)]
        shares = self._shares(heard, options)
        best = max(shares, key=lambda place: (shares[place], -place))
        people = _people(heard, options, shares)
        meant = max(people, key=people.__getitem__, default=None)
        answers = tuple(
            heard.number if (option := options[place]) is None else option.number
            for place, likely in shares.items()
            if place == best or likely > SECOND
        )
        reading = Reading(answers, meant, people[meant] if meant is not None else 0.0)
        return Opinion(heard.number, reading, heard, options[best])

    def _shares(self, heard: Heard, options: list[Heard | None]) -> dict[int, float]:
        rows = [of_pair(self._memory, heard, o) if o is not None else of_itself() for o in options]
        return softmax(self._network.scores(of_line(self._memory, heard), rows, KEEP))


def _people(
    heard: Heard, options: list[Heard | None], shares: dict[int, float]
) -> dict[str, float]:
    """How likely it is of each of the others that one of their lines is answered."""
    people = dict[str, float]()
    for place, likely in shares.items():
        option = options[place]
        if option is not None and option.speaker != heard.speaker:
            people[option.speaker] = people.get(option.speaker, 0.0) + likely
    return people
