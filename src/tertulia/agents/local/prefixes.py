"""What was read is kept, so that the next turn of the same agent reads only what is new.

Kept keys are found again by the very tokens they stand for, read with the very same adapter: equal
tokens have equal keys, so nothing of one room can appear in another. Nothing here knows a model.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import takewhile
from operator import eq
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefixes(Generic[T]):
    """The most recently used token sequences with their keys, ``tokens`` of them in all."""

    def __init__(self, tokens: int) -> None:
        """Keep at most so many ``tokens``."""
        self.limit = tokens
        self._kept: OrderedDict[tuple[str, tuple[int, ...]], T] = OrderedDict()

    @property
    def tokens(self) -> int:
        """How many tokens are kept."""
        return sum(len(tokens) for _, tokens in self._kept)

    def keep(self, adapter: str, tokens: Sequence[int], keys: T) -> None:
        """Keep the keys of ``tokens``; what they begin with need not be kept beside them."""
        told = tuple(tokens)
        if not told or len(told) > self.limit:
            return
        for known, beginning in list(self._kept):
            if known == adapter and told[: len(beginning)] == beginning:
                del self._kept[known, beginning]
        self._kept[adapter, told] = keys
        while self.tokens > self.limit:
            self._kept.popitem(last=False)

    def longest(self, adapter: str, tokens: Sequence[int]) -> tuple[int, T | None]:
        """How many tokens at the beginning are known at most, and the keys of (at least) those.

        The last token is never among them: reading it tells the first token of the answer.
        """
        best, found = 0, None
        for known, kept in self._kept:
            if known == adapter and (common := _common(kept, tokens[:-1])) > best:
                best, found = common, (known, kept)
        if found is None:
            return 0, None
        self._kept.move_to_end(found)
        return best, self._kept[found]

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    if len(one) <= len(other) and one == tuple(other[: len(one)]):
        return len(one)
    return sum(1 for _ in takewhile(bool, map(eq, one, other)))
