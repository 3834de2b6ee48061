"""What a reader remembers of a room: its latest lines, who is talking with whom, open threads.

Bounded: a line is forgotten after ``SPAN`` others, a name after ``NAMES`` others. Pure state; it
decides nothing.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from tertulia.orchestrator.scoring.lines import Line
from tertulia.orchestrator.scoring.words import Marks, fold, marks

SPAN = 100
NAMES = 1000
OWN = 4
NAMING = 3
_TIDY_EVERY = 64


@dataclass(slots=True)
class Thread:
    """A run of lines that answer one another."""

    size: int
    rank: int
    second: float | None
    people: set[str]


@dataclass(slots=True)
class Heard:
    """A line with its marks, and what became of it as far as is known."""

    number: int
    rank: int
    speaker: str
    second: float | None
    marks: Marks
    first: bool
    thread: Thread
    answered: int | None = None
    answered_speaker: str | None = None
    meant: str | None = None
    begins: bool = True
    replies: int = 0
    repliers: set[str] = field(default_factory=set)


class Memory:
    """The latest lines of one room, by place, speaker, name and word."""

    def __init__(self) -> None:
        self.count = 0
        self.lines = deque[Heard](maxlen=SPAN)
        self.own: dict[str, deque[Heard]] = {}
        self.naming: dict[str, deque[Heard]] = {}
        self.saying: dict[str, Heard] = {}
        self.partner: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._rank = 0

    def introduce(self, speaker: str, names: Iterable[str]) -> None:
        """Know a speaker by these names too, whether or not it has spoken."""
        for name in (speaker, *names):
            plain = fold(name)
            for form in (plain, *plain.split()[:1]):
                self._names.setdefault(form, speaker)

    def find(self, number: int) -> Heard | None:
        """A line by its number, if it has not been forgotten."""
        return next((heard for heard in reversed(self.lines) if heard.number == number), None)

    def hear(self, line: Line) -> Heard | None:
        """Mark up a line, not yet remembering it; None for the room's own notices."""
        number = self.count
        self.count += 1
        if line.notice:
            return None
        found = marks(line.text, self._names, line.speaker)
        thread = Thread(0, self._rank, line.second, set())
        first = line.speaker not in self.own
        return Heard(number, self._rank, line.speaker, line.second, found, first, thread)

    def keep(self, heard: Heard, answers: Heard | None) -> None:
        """Remember a line and what it answers; None when it begins a thread."""
        if answers is not None:
            heard.answered, heard.answered_speaker = answers.number, answers.speaker
            heard.thread, heard.begins = answers.thread, False
            heard.meant = answers.meant
            if answers.speaker != heard.speaker:
                heard.meant = answers.speaker
                answers.replies += 1
                answers.repliers.add(heard.speaker)
        if heard.meant is not None:
            self.partner[heard.speaker] = heard.meant
        thread = heard.thread
        thread.size += 1
        thread.rank, thread.second = heard.rank, heard.second
        thread.people.add(heard.speaker)
        self._file(heard)
        self._rank += 1
        if self._rank % _TIDY_EVERY == 0:
            self._tidy()

    def _file(self, heard: Heard) -> None:
        speaker = heard.speaker
        self.lines.append(heard)
        self.own.setdefault(speaker, deque(maxlen=OWN)).append(heard)
        for name in heard.marks.named:
            self.naming.setdefault(name, deque(maxlen=NAMING)).append(heard)
        for word in heard.marks.rare:
            self.saying[word] = heard
        name = fold(speaker)
        for form in (name, *name.split()[:1]):
            self._names.pop(form, None)
            self._names[form] = speaker

    def _tidy(self) -> None:
        oldest = self._rank - SPAN
        self.saying = {word: line for word, line in self.saying.items() if line.rank >= oldest}
        for shelf in (self.own, self.naming):
            for name in [name for name, lines in shelf.items() if lines[-1].rank < oldest]:
                del shelf[name]
        self.partner = {who: meant for who, meant in self.partner.items() if who in self.own}
        while len(self._names) > NAMES:
            del self._names[next(iter(self._names))]
