"""How many calls a server bears at once, learned from how it answers. Pure: no clock of its own.

As TCP learns a network's: slow start until the server first strains, then additive increase,
multiplicative decrease (Jacobson 1988). A server strains when it turns a call away, or when first
tokens take longer than the prompts that it had to read until then explain: then calls wait inside.
One late token is no such queue: a busy machine stalls now and then, but calls that are sent after
that are not late as well. A server that has told how many it works on at once is believed.
"""

from dataclasses import dataclass, replace
from math import inf

LEAST, MOST = 1.0, 1024.0
"""Between what numbers of calls at once the limit stays."""

BEGINNING = 4.0
STRAIN, SLACK_S = 2.0, 0.25
"""A first token is late when it takes so many times as long as expected, and so many seconds."""
BACK_OFF = 0.8


@dataclass(frozen=True, slots=True)
class Capacity:
    """The limit, and what it was learned from.

    ``threshold`` is where slow start ends; ``lowered_at`` (Unix seconds) is when the limit was
    lowered last: calls that were begun before tell nothing about the lower one. ``told`` is whether
    the server itself has said so; ``late_at`` since when a first token has been late.
    """

    limit: float = BEGINNING
    threshold: float = inf
    lowered_at: float = -inf
    most: float = MOST
    told: bool = False
    late_at: float = inf

    @classmethod
    def of(cls, slots: int) -> "Capacity":
        """That of a server that has told how many calls it works on at once."""
        return cls(float(slots), most=float(slots), told=True)

    @property
    def calls(self) -> int:
        """How many calls may run at once."""
        return int(self.limit)

    def answered(
        self, began: float, first_s: float, expected_s: float, running: int, now: float
    ) -> "Capacity":
        """A call that ``began`` then got its first token after ``first_s``, while so many ran.

        ``expected_s`` is how long the server takes to read what it had before it.
        """
        if not self.told and first_s > STRAIN * expected_s + SLACK_S:
            return self._late(began, now)
        punctual = self if self.late_at == inf else replace(self, late_at=inf)
        if running < self.calls or self.limit >= self.most:
            return punctual  # it bears so many anyhow: that tells nothing of more
        step = 1.0 if self.limit < self.threshold else 1.0 / self.limit
        return replace(punctual, limit=min(self.limit + step, self.most))

    def _late(self, began: float, now: float) -> "Capacity":
        if began > self.late_at:
            return self.strained(began, now)
        if began <= self.lowered_at or self.late_at < inf:
            return self
        return replace(self, late_at=now)

    def afresh(self, now: float) -> "Capacity":
        """The server was away and is back: slow start, until half of what it bore before.

        One that has told is believed again.
        """
        if self.told:
            return replace(self, limit=self.most, threshold=inf, lowered_at=now, late_at=inf)
        half = max(LEAST, self.limit / 2)
        return replace(self, limit=LEAST, threshold=half, lowered_at=now, late_at=inf)

    def strained(self, began: float, now: float) -> "Capacity":
        """The server turned a call away that ``began`` then, or let it wait for too long."""
        if began <= self.lowered_at:
            return self
        lower = max(LEAST, self.limit * BACK_OFF)
        return replace(self, limit=lower, threshold=lower, lowered_at=now, late_at=inf)
