"""How many requests and tokens a minute a server lets us send: token buckets. Pure: no clock.

A bucket holds what may be sent at once, and fills up again evenly (RFC 2697 calls it a meter). What
a server says itself, in ``Retry-After`` (RFC 9110, 10.2.3), comes before what it was configured as.
"""

from dataclasses import dataclass, replace
from math import inf

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """What may be sent in a minute (``inf``: as much as one likes), and what is left of it."""

    a_minute: float = inf
    left: float = inf
    at: float = -inf

    def now(self, now: float) -> "Bucket":
        """The bucket as it is by now."""
        if self.a_minute == inf:
            return self
        if self.at == -inf:
            return Bucket(self.a_minute, self.a_minute, now)
        gained = max(0.0, now - self.at) * self.a_minute / MINUTE_S
        return Bucket(self.a_minute, min(self.a_minute, self.left + gained), max(now, self.at))

    def wait_s(self, amount: float, now: float) -> float:
        """Seconds until so much may be sent; more than a bucketful when the bucket is full."""
        here = self.now(now)
        lacking = min(amount, self.a_minute) - here.left
        return (
            0.0 if lacking <= 1e-9 or self.a_minute == inf else lacking / self.a_minute * MINUTE_S
        )

    def take(self, amount: float, now: float) -> "Bucket":
        """The bucket after so much was sent. It may owe: then the next one waits for longer."""
        here = self.now(now)
        return here if self.a_minute == inf else replace(here, left=here.left - amount)


@dataclass(frozen=True, slots=True)
class Rates:
    """The two buckets of a server, and until when it said to send nothing (Unix seconds)."""

    requests: Bucket = Bucket()
    tokens: Bucket = Bucket()
    silent_until: float = -inf

    @classmethod
    def of(cls, requests: float | None = None, tokens: float | None = None) -> "Rates":
        """Limits a minute; ``None`` is none."""
        asked, used = (inf if bound is None else float(bound) for bound in (requests, tokens))
        return cls(Bucket(asked, asked), Bucket(used, used))

    @property
    def unlimited(self) -> bool:
        """Whether there is no limit but what it says itself."""
        return self.requests.a_minute == self.tokens.a_minute == inf

    def wait_s(self, tokens: int, now: float) -> float:
        """Seconds until a call with so many tokens may be sent."""
        told = max(0.0, self.silent_until - now)
        if self.unlimited:
            return told
        return max(told, self.requests.wait_s(1, now), self.tokens.wait_s(tokens, now))

    def sent(self, tokens: int, now: float) -> "Rates":
        """A call with so many tokens was sent."""
        if self.unlimited:
            return self
        requests, used = self.requests.take(1, now), self.tokens.take(tokens, now)
        return Rates(requests, used, self.silent_until)

    def told_to_wait(self, seconds: float, now: float) -> "Rates":
        """The server said after how many seconds it wants to be asked again."""
        return replace(self, silent_until=max(self.silent_until, now + seconds))
