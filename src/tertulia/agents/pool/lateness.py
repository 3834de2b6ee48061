"""How late a server's first tokens are, by what they were lately. Pure: no clock, no chance."""

from bisect import bisect_left, insort
from collections import deque
from math import inf

LATE = 0.95
"""Which share of first tokens come earlier than one that is late."""

KEPT, ENOUGH = 100, 10
"""How many first tokens are remembered of a server, and how many say when one is late; each for
calls of about one length."""


class FirstTokens:
    """How long the first tokens of one server took lately, by how much it had to read."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        """Nothing is known."""
        self._kept: dict[int, tuple[deque[float], list[float]]] = {}

    def add(self, tokens: int, seconds: float) -> None:
        """One that had ``tokens`` to be read took so long, or at least so long."""
        came, ordered = self._kept.setdefault(_length(tokens), (deque(), []))
        if len(came) == KEPT:
            del ordered[bisect_left(ordered, came.popleft())]
        came.append(seconds)
        insort(ordered, seconds)

    def late_s(self, tokens: int) -> float:
        """After how many seconds one is late; ``inf`` while too little is known.

        What is known of longer prompts does for shorter ones.
        """
        known = [
            length
            for length, (came, _) in self._kept.items()
            if length >= _length(tokens) and len(came) >= ENOUGH
        ]
        if not known:
            return inf
        _, ordered = self._kept[min(known)]
        return ordered[min(len(ordered) - 1, int(LATE * len(ordered)))]


def _length(tokens: int) -> int:
    """Prompts of one length: up to four times as long as the shortest."""
    return (max(0, tokens).bit_length() + 1) // 2
