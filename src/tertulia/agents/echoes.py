"""Whether a sentence says again what was said, and whether one that has only begun still might."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

ALIKE = 0.8
"""Two sentences are alike when twice the words they share, in order, are so much of their words."""

SHORTEST_WORN = 4

Words = tuple[str, ...]


def words_of(text: str) -> Words:
    """The words of a text, whatever their case and the signs between them."""
    return tuple(re.findall(r"\w+", text.casefold()))


def alike(one: Words, other: Words) -> bool:
    """Whether two sentences are the same, but for a word here and there."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def worn(texts: Iterable[str]) -> list[str]:
    """The words with which more than one text begins or ends; short ones do not wear out."""
    found = [words for text in texts if (words := re.findall(r"\w+", text))]
    ends = Counter(word for words in found for word in {words[0], words[-1]})
    return [word for word, count in ends.items() if count > 1 and len(word) >= SHORTEST_WORN]


class Echo:
    """Watches one sentence word by word for whether it can still become like ``heard``.

    It may only be wrong by caution: the longest common subsequence bounds what ``alike`` counts
    (a row of it is kept, and grows by one step a word), and the best that may follow is the rest
    of ``heard`` itself.
    """

    def __init__(self, heard: Words) -> None:
        """Nothing has been said of it."""
        self._heard = heard
        self._shared = [0] * (len(heard) + 1)
        self._count = 0

    def take(self, word: str) -> None:
        """One more word."""
        before, self._count = 0, self._count + 1
        for place, other in enumerate(self._heard, 1):
            above = self._shared[place]
            same = before + 1 if word == other else 0
            self._shared[place] = max(above, self._shared[place - 1], same)
            before = above

    def possible(self) -> bool:
        """Whether some end would make them alike."""
        length = len(self._heard)
        return any(
            _ratio(shared + length - place, self._count + 2 * length - place) >= ALIKE
            for place, shared in enumerate(self._shared)
        )


class Echoes:
    """The same for one sentence and all that were heard."""

    def __init__(self, heard: Iterable[Words]) -> None:
        """Nothing has been said of it."""
        self._left = [Echo(words) for words in heard]

    def possible(self, words: Sequence[str]) -> bool:
        """Take the next ``words``; whether it can still become like any."""
        for word in words:
            for echo in self._left:
                echo.take(word)
        self._left = [echo for echo in self._left if echo.possible()]
        return bool(self._left)


def _ratio(shared: int, words: int) -> float:
    """As ``SequenceMatcher`` reckons it, of the words of both together."""
    return 2.0 * shared / words if words else 1.0
