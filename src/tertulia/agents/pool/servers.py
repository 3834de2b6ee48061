"""What a pool knows of one server, as a value: what runs there, what it bears, what it has read."""

from collections import OrderedDict
from dataclasses import dataclass, field
from math import inf

from tertulia.agents.pool.breaker import REFUSING_S, Breaker
from tertulia.agents.pool.capacity import Capacity
from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.lateness import FirstTokens
from tertulia.agents.pool.rates import Rates

PREFIXES = 4_096
"""How many prefixes are remembered of a server; the one used longest ago is forgotten first."""

READ_PER_S, WRITTEN_PER_S = 500.0, 30.0
"""How fast a server is until it was seen to be otherwise, in tokens a second (written: for each
call)."""

LEARNING, STEP = 0.2, 4.0
"""How far each answer moves what is known of the pace, and how many times as fast or as slow as
that it is taken to have been at most."""

CROWDING = 0.1
"""How much longer an answer takes where as many are written as may be, of what it takes alone."""

READ_AHEAD_S = 0.5
"""How much a server is given to read ahead: what is sent can no longer be overtaken."""

NOTABLE = 64
"""Tokens; reading less tells nothing of the pace."""

UNJUDGED = 8
"""How many first tokens are never late: by then something is known of the pace."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A job on its way: when it was sent, what of it has to be read, and what has to be before."""

    job: Job
    at: float
    cold: int
    ahead: int


@dataclass(slots=True, eq=False)
class Server:
    """One server of a pool. ``running`` has the jobs that were sent and have not ended.

    ``kept_tokens`` is how much of prompts it keeps, about: beyond that, what was used longest ago
    is taken to be forgotten. ``context_tokens`` is how long a prompt with its answer may be, if
    that is known.
    """

    name: str
    capacity: Capacity = field(default_factory=Capacity)
    breaker: Breaker = field(default_factory=Breaker)
    rates: Rates = field(default_factory=Rates)
    kept_tokens: float = 400_000.0
    context_tokens: int | None = None
    read_per_s: float = READ_PER_S
    written_per_s: float = WRITTEN_PER_S
    running: dict[int, Sent] = field(default_factory=dict)
    unread: int = 0
    heard_at: float = 0.0
    first_tokens: FirstTokens | None = None
    _unread: dict[int, int] = field(default_factory=dict)
    _kept: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _kept_sum: int = 0
    _begun: int = 0

    def told(self, slots: int) -> None:
        """It has said how many calls it works on at once."""
        self.capacity = Capacity.of(slots)

    def may_hold_more_than(self, other: "Server") -> bool:
        """Whether a prompt that is too long for the other one may not be so here."""
        if self.context_tokens is None or other.context_tokens is None:
            return self is not other
        return self.context_tokens > other.context_tokens

    def free_at(self, now: float) -> bool:
        """Whether it may be sent one more call, as far as no call is looked at."""
        return (
            len(self.running) < self.capacity.calls
            and self.unread <= READ_AHEAD_S * self.read_per_s
            and not self.breaker.open
            and self.rates.silent_until <= now
        )

    def soon_at(self, now: float) -> bool:
        """Whether it will take calls again when it is through with some of what it has."""
        return bool(self.running) and not self.breaker.open

    def takes(self, job: Job, now: float) -> bool:
        """Whether it may be sent this one now."""
        return self.name not in job.barred and self.wait_s(job, now) <= 0.0

    def wait_s(self, job: Job, now: float) -> float:
        """Seconds until its limits let this one go."""
        return self.rates.wait_s(job.prompt_tokens + job.answer_tokens, now)

    def cold(self, job: Job) -> int:
        """How many tokens of the prompt it would have to read."""
        kept = self._kept.get(job.prefix, 0) if job.prefix else 0
        return max(0, job.prompt_tokens - kept)

    def overhead_s(self, job: Job) -> float:
        """How much longer it may take here than where nothing runs and the prompt is known.

        What is under way is read before it, and written beside it.
        """
        load = len(self.running) / max(1, self.capacity.calls)
        reading = (self.unread + self.cold(job)) / self.read_per_s
        return reading + job.answer_tokens / self.written_per_s * CROWDING * load

    def send(self, job: Job, now: float) -> None:
        """A job was sent to it."""
        cold = self.cold(job)
        self.running[job.serial] = Sent(job, now, cold, self.unread)
        self._unread[job.serial] = cold
        self.unread += cold
        self.rates = self.rates.sent(job.prompt_tokens + job.answer_tokens, now)

    def began(self, serial: int, now: float) -> None:
        """It has read a job's prompt: the first token has come."""
        sent = self.running.get(serial)
        if sent is None or serial not in self._unread:
            return
        self._has_read(serial)
        first_s, read = now - sent.at, sent.ahead + sent.cold
        self._begun += 1
        expected_s = read / self.read_per_s if self._begun > UNJUDGED else inf
        self.capacity = self.capacity.answered(sent.at, first_s, expected_s, len(self.running), now)
        self.heard_at = now
        if self.first_tokens is not None:
            self.first_tokens.add(read, first_s)
        if self.breaker.open:
            self.probed(now, well=True)
        if read >= NOTABLE and first_s > 0:
            surprise = min(max(read / first_s / self.read_per_s, 1 / STEP), STEP)
            self.read_per_s *= surprise**LEARNING
        self._keep(sent.job, 0)

    def ended(self, serial: int, now: float, written: int = 0, writing_s: float = 0.0) -> None:
        """A job has ended there, in whatever way, having written so much in so many seconds."""
        sent = self.running.pop(serial, None)
        if sent is None:
            return
        if serial in self._unread:
            self._has_read(serial)
        elif written:
            self._keep(sent.job, written)
        if writing_s > 0 and written >= 4:
            self.written_per_s += LEARNING * (written / writing_s - self.written_per_s)

    def succeeded(self) -> None:
        """A job came to a good end there, or was left while it was being answered."""
        self.breaker = self.breaker.succeeded()

    def failed(self, now: float) -> None:
        """It could not be reached, or failed while it answered: it may have been started anew."""
        self.breaker = self.breaker.failed(now)
        self.forget()

    def refused(self, now: float) -> None:
        """It did not let us in, or has not the model."""
        self.breaker = self.breaker.failed(now, REFUSING_S)

    def probed(self, now: float, *, well: bool) -> None:
        """It was asked how it is. If it is well again, it is sent little at first."""
        was_open, self.breaker = self.breaker.open, self.breaker.probed(now, well=well)
        if well:
            self.heard_at = now
        elif not was_open and self.breaker.open:
            self.forget()
        if was_open and well:
            self.capacity = self.capacity.afresh(now)

    def lost(self, serial: int, now: float) -> None:
        """Another server was sooner: its own first token would have taken so long, or longer."""
        sent = self.running.get(serial)
        if sent is None or serial not in self._unread:
            return
        took_s, read = now - sent.at, sent.ahead + sent.cold
        if self.first_tokens is not None:
            self.first_tokens.add(read, took_s)
        running = self.capacity.calls - 1  # it has shown nothing to raise the limit for
        expected_s = read / self.read_per_s if self._begun > UNJUDGED else inf
        self.capacity = self.capacity.answered(sent.at, took_s, expected_s, running, now)

    def turned_away(self, serial: int, wait_s: float, now: float) -> None:
        """It has refused a job, and wants to be sent nothing for so long."""
        sent = self.running.get(serial)
        self.rates = self.rates.told_to_wait(wait_s, now)
        self.capacity = self.capacity.strained(now if sent is None else sent.at, now)

    def forget(self) -> None:
        """It was started anew, or so it seems: it has read nothing."""
        self._kept.clear()
        self._kept_sum = 0

    def _has_read(self, serial: int) -> None:
        self.unread -= self._unread.pop(serial)

    def _keep(self, job: Job, written: int) -> None:
        if not job.prefix:
            return
        tokens = job.prompt_tokens + written
        self._kept_sum += tokens - self._kept.pop(job.prefix, 0)
        self._kept[job.prefix] = tokens
        while len(self._kept) > PREFIXES or (
            self._kept_sum > self.kept_tokens and len(self._kept) > 1
        ):
            self._kept_sum -= self._kept.popitem(last=False)[1]
