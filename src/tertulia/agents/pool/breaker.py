"""Whether a server is to be called at all: a circuit breaker (Nygard 2007). Pure: no clock.

Closed, it lets every call through. After ``FAILURES`` in a row it opens: no call is sent, and after
a rest a probe is, which costs nobody an answer. Each probe that fails doubles the rest; one that is
answered closes it on trial: the next call that fails opens it again.
"""

from dataclasses import dataclass, replace
from math import inf

FAILURES = 3
FIRST_S, LONGEST_S = 1.0, 60.0
"""How long a server rests after opening for the first time, and at most."""

REFUSING_S = (60.0, 600.0)
"""The same of one that does not let us in, or has not the model: somebody has to change that."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one server's breaker. Times are in the pool's seconds.

    ``since`` is when it opened, ``until`` when the next probe is due; ``rest_s`` is how long the
    last rest was, 0 if the server has been well since.
    """

    failures: int = 0
    open: bool = False
    since: float = -inf
    until: float = -inf
    rest_s: float = 0.0

    def succeeded(self) -> "Breaker":
        """A call came to a good end."""
        return Breaker() if self.failures and not self.open else self

    def failed(self, now: float, rests_s: tuple[float, float] = (FIRST_S, LONGEST_S)) -> "Breaker":
        """A call failed in a way that is the server's fault.

        ``rests_s``: how long it rests when it opens for the first time, and at most.
        """
        if self.open:  # as those did that were sent with it
            return self
        failures = self.failures + 1
        if failures < FAILURES:
            return replace(self, failures=failures)
        return self._opened(now, now, *rests_s)

    def probed(self, now: float, *, well: bool) -> "Breaker":
        """A probe was answered, or not."""
        if not self.open:
            return self if well else self.failed(now)
        return self._on_trial() if well else self._opened(self.since, now)

    def _opened(
        self, since: float, now: float, first_s: float = FIRST_S, longest_s: float = LONGEST_S
    ) -> "Breaker":
        rest_s = min(max(2 * self.rest_s, first_s), longest_s)
        return Breaker(FAILURES, True, since, now + rest_s, rest_s)

    def _on_trial(self) -> "Breaker":
        return Breaker(FAILURES - 1, rest_s=self.rest_s)
