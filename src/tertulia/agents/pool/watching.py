"""What can be seen of a pool at work, as values: for metrics, traces and logs. It decides nothing.

``pool.watch(watcher)`` calls ``watcher`` with each of these as it happens, in the task that makes
the call, so that a tracer finds its context there. A ``list.append`` is a watcher. Nobody watches
by default, and then nothing is made.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from tertulia.agents.callers import Caller

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is watched: its number among the calls of a pool, and on whose behalf it is.

    Tries of one call have one number. ``prompt_tokens`` is estimated from the length.
    """

    pool: str
    number: int
    caller: Caller
    tenant: str
    prompt_tokens: int


@dataclass(frozen=True, slots=True)
class Came:
    """A call has come."""

    call: Call


@dataclass(frozen=True, slots=True)
class Placed:
    """It is sent to a server, having waited for ``waited_s`` since it came or was sent last."""

    call: Call
    server: str
    waited_s: float


@dataclass(frozen=True, slots=True)
class Began:
    """Its first token has come, ``first_s`` after it was sent there."""

    call: Call
    server: str
    first_s: float


@dataclass(frozen=True, slots=True)
class Retried:
    """It failed before anything was heard, and waits to be sent again."""

    call: Call
    server: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Hedged:
    """``first`` lets it wait for long, so that it is sent to ``second`` as well."""

    call: Call
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Ended:
    """It has ended, ``seconds`` after it came. Every call that came ends once.

    ``server`` is where it was last, empty if it never was anywhere. ``error`` is ``None`` for an
    answer; ``CancelledError`` or ``GeneratorExit`` where somebody left early, else what was wrong.
    Tokens are as the server told them, or else at least so many; ``cost`` is what these cost there.
    """

    call: Call
    server: str
    seconds: float
    read: int
    written: int
    cost: float
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A server has failed so often that it is left alone for ``rest_s``."""

    pool: str
    server: str
    rest_s: float


@dataclass(frozen=True, slots=True)
class Closed:
    """A server that was left alone has answered again."""

    pool: str
    server: str


@dataclass(frozen=True, slots=True)
class Probed:
    """A server was asked how it is; ``error`` is what it lacks, ``None`` if it is well."""

    pool: str
    server: str
    error: Exception | None


Sighting: TypeAlias = Came | Placed | Began | Retried | Hedged | Ended | Opened | Closed | Probed
Watcher: TypeAlias = Callable[[Sighting], object]


class Watchers:
    """Those who watch one pool, and those who watch all. It is false while nobody does."""

    __slots__ = ("_watchers",)

    everywhere: ClassVar[tuple[Watcher, ...]] = ()
    """Those who watch every pool of this process."""

    def __init__(self) -> None:
        """Nobody watches."""
        self._watchers: tuple[Watcher, ...] = ()

    def __bool__(self) -> bool:
        return bool(self._watchers or Watchers.everywhere)

    def add(self, watcher: Watcher) -> Callable[[], None]:
        """Let somebody watch; what is returned ends that."""
        self._watchers += (watcher,)

        def leave() -> None:
            self._watchers = tuple(one for one in self._watchers if one is not watcher)

        return leave

    def tell(self, sighting: Sighting) -> None:
        """Tell all of them. One that fails does no harm to the call: it is logged."""
        for watcher in (*Watchers.everywhere, *self._watchers):
            try:
                watcher(sighting)
            except Exception:
                _LOG.exception("a watcher of a pool failed at %s", type(sighting).__name__)


def watch_every_pool(watcher: Watcher) -> Callable[[], None]:
    """Let somebody see what all pools of this process do; what is returned ends that."""
    Watchers.everywhere += (watcher,)

    def leave() -> None:
        Watchers.everywhere = tuple(one for one in Watchers.everywhere if one is not watcher)

    return leave


class Watched:
    """One call as its watchers see it."""

    __slots__ = ("_call", "_came", "_now", "_sent", "_server", "_since", "_watchers")

    def __init__(self, watchers: Watchers, call: Call, now: Callable[[], float]) -> None:
        """It has come; ``now`` counts seconds."""
        self._watchers, self._call, self._now = watchers, call, now
        self._came = self._since = now()
        self._sent: dict[str, float] = {}
        self._server = ""
        watchers.tell(Came(call))

    def placed(self, server: str) -> None:
        """It is sent somewhere."""
        now = self._now()
        waited_s, self._sent, self._server = now - self._since, {server: now}, server
        self._watchers.tell(Placed(self._call, server, waited_s))

    def hedged(self, first: str, second: str) -> None:
        """It is sent to a second server as well."""
        self._sent[second] = self._now()
        self._watchers.tell(Hedged(self._call, first, second))

    def began(self, server: str) -> None:
        """Its first token has come from there."""
        self._server = server
        self._watchers.tell(Began(self._call, server, self._now() - self._sent[server]))

    def retried(self, error: Exception) -> None:
        """It is to be sent again."""
        self._since = self._now()
        self._watchers.tell(Retried(self._call, self._server, error))

    def ended(self, read: int, written: int, cost: float, error: BaseException | None) -> None:
        """It is over."""
        seconds = self._now() - self._came
        self._watchers.tell(Ended(self._call, self._server, seconds, read, written, cost, error))
