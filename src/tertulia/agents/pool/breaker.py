"""Whether a server is to be called at all: a circuit breaker (Nygard 2007). Pure: no clock.

Closed, it lets every call through. After ``FAILURES`` in a row it opens, and nothing is sent for a
while that doubles each time. Then it is half open: one call is let through as a probe, and its end
decides.
"""

from dataclasses import dataclass, replace
from math import inf

FAILURES = 3
FIRST_S, LONGEST_S = 1.0, 60.0
"""How long nothing is sent after opening for the first time, and at most."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """The state of one server's breaker.

    ``opens_s`` is how long it stays open; ``until`` is when a probe may be sent (Unix seconds);
    ``probing`` whether one is under way.
    """

    failures: int = 0
    open: bool = False
    until: float = -inf
    opens_s: float = FIRST_S
    probing: bool = False

    def lets_through(self, now: float) -> bool:
        """Whether a call may be sent now; if the breaker is open, that one is the probe."""
        return not self.open or (not self.probing and now >= self.until)

    def sent(self) -> "Breaker":
        """A call was sent."""
        return replace(self, probing=True) if self.open else self

    def succeeded(self) -> "Breaker":
        """A call came to a good end, or at least began to answer."""
        return Breaker() if self.failures or self.open else self

    def failed(self, now: float) -> "Breaker":
        """A call failed in a way that is the server's fault."""
        failures = self.failures + 1
        if not self.open and failures < FAILURES:
            return replace(self, failures=failures)
        lasts = min(2 * self.opens_s, LONGEST_S) if self.open else FIRST_S
        return Breaker(failures, True, now + lasts, lasts)

    def given_up(self) -> "Breaker":
        """The probe was called off before it told anything: the next call is one."""
        return replace(self, probing=False)
