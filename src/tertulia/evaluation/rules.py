"""Readers and forecasters by simple rules: the floor that something learned has to rise above."""

from collections import Counter

from tertulia.orchestrator.scoring import Line, Reading, Utterance

NAMED_WITHIN = 200
OWN_WITHIN = 12


class NamedOrOwn:
    """Whom the first word names, else one's own last line, not long ago; else a new thread."""

    def __init__(self) -> None:
        self._lines: list[Line] = []

    def hear(self, line: Line) -> Reading:
        """Read ``line``, and remember it."""
        self._lines.append(line)
        number = len(self._lines) - 1
        answered = number if line.notice else self._answered(line, number)
        return Reading((answered,), self._lines[answered].speaker)

    def _answered(self, line: Line, number: int) -> int:
        words = line.text.lower().split()[:1]
        name = words[0].rstrip(":,;") if words else ""
        if len(name) > 2 and name != line.speaker.lower():
            for other in range(number - 1, max(0, number - NAMED_WITHIN) - 1, -1):
                said = self._lines[other]
                if not said.notice and said.speaker.lower() == name:
                    return other
        for other in range(number - 1, max(0, number - OWN_WITHIN) - 1, -1):
            said = self._lines[other]
            if not said.notice and said.speaker == line.speaker:
                return other
        return number


class Previous:
    """Every line answers the one before it, notices left out."""

    def __init__(self) -> None:
        self._number = -1
        self._last: tuple[int, str] | None = None

    def hear(self, line: Line) -> Reading:
        """Read ``line``, and remember it."""
        self._number += 1
        if line.notice:
            return Reading((self._number,), line.speaker)
        answered, meant = self._last or (self._number, line.speaker)
        self._last = self._number, line.speaker
        return Reading((answered,), meant)


class LastOther:
    """Whoever spoke last, other than oneself, is meant."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def hear(self, line: Line) -> Reading:
        """Read ``line``, and remember it."""
        number = len(self._lines)
        self._lines.append(line.speaker)
        others = (n for n in range(number - 1, -1, -1) if self._lines[n] != line.speaker)
        answered = next(others, number)
        return Reading((answered,), self._lines[answered] if answered != number else None)


class _Turns:
    """Counts turns, the speech of one person up to the next one's; nothing in passing."""

    def __init__(self, people: tuple[str, ...]) -> None:
        self.people = sorted(people)
        self.turns: list[str] = []
        self.taken = Counter[str]()
        self.after = Counter[tuple[str, str]]()

    def hear(self, utterance: Utterance) -> None:
        """Remember ``utterance``."""
        who = utterance.speaker
        if utterance.in_passing or self.turns[-1:] == [who]:
            return
        if self.turns:
            self.after[self.turns[-1], who] += 1
        self.taken[who] += 1
        self.turns.append(who)

    def earlier(self, who: str) -> int:
        """Turns of ``who`` before the present one."""
        return self.taken[who] - (self.turns[-1:] == [who])

    def others(self) -> list[str]:
        """Everybody but the present holder."""
        return [who for who in self.people if self.turns[-1:] != [who]]


class PreviousButOne(_Turns):
    """The floor goes back to where it came from."""

    def next(self) -> str | None:
        """Who held the floor before its present holder."""
        return self.turns[-2] if len(self.turns) > 1 else None


class MostFrequent(_Turns):
    """The floor goes to who has had it most often."""

    def next(self) -> str | None:
        """The most frequent of the others; of two, the one later in the alphabet."""
        return max(self.others(), key=lambda who: (self.earlier(who), who), default=None)
