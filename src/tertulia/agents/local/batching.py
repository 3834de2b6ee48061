"""Which requests take part in the next forward pass: decided by values, carried out elsewhere.

Batching is continuous: whoever waits joins between two tokens, whoever is done leaves there, and
nobody waits for a batch to fill or to end. One chunk of one prompt is read between two tokens of
the others, so that a long prompt holds nobody up for longer than a chunk.

Who gets a row next: the more urgent (``Rank``), then whose room has fewer rows, then whose room was
served longer ago, then who came first. Each time that somebody who came later is let in before a
request, it ages, and after every ``AGEING`` times it counts as one rank more urgent, without end.
Once a request of rank r was passed over ``AGEING * (r + 1)`` times, nobody who comes then can pass
it any more; so it is passed over at most that often and once by each who waits by then, and nobody
starves. A request that is put back for want of memory comes first.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf

AGEING = 8
"""After how many times of being passed over a request counts as one rank more urgent."""

ROOMS_REMEMBERED = 256
CALM_PASSES = 200
"""After how many passes without want of memory one more row is tried again."""


@dataclass(frozen=True, slots=True)
class Request:
    """One answer that is wanted: ``length`` tokens to read, ``most`` tokens to write.

    ``until`` is when it has to be in a row at the latest, in seconds on the clock of `entered`;
    ``rank`` 0 is the most urgent.
    """

    serial: int
    room: str
    rank: int
    length: int
    most: int
    until: float = inf


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request without a row, and how often others were let in before it."""

    request: Request
    passed: int = 0
    first: bool = False

    @property
    def urgency(self) -> int:
        """Its rank by now: the less, the more urgent."""
        return self.request.rank - self.passed // AGEING


@dataclass(frozen=True, slots=True)
class Row:
    """A request at work: so many tokens of its prompt are read, so many are written."""

    request: Request
    read: int = 0
    written: int = 0

    @property
    def reading(self) -> bool:
        """Whether its prompt is still being read."""
        return self.read < self.request.length

    @property
    def full(self) -> bool:
        """Whether it has written all it may."""
        return self.written >= self.request.most


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so many ``rows`` at once, ``waiting`` requests, and tokens in a ``chunk`` read."""

    rows: int = 8
    waiting: int = 1_000
    chunk: int = 256


@dataclass(frozen=True, slots=True)
class Batch:
    """Who waits and who is at work. ``most`` rows are what the memory has been found to hold."""

    limits: Limits = field(default_factory=Limits)
    most: int = 8
    waiting: tuple[Waiting, ...] = ()
    rows: tuple[Row, ...] = ()
    served: Mapping[str, int] = field(default_factory=dict)
    admissions: int = 0
    calm: int = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.waiting or self.rows)

    @property
    def full(self) -> bool:
        """Whether nobody else may wait."""
        return len(self.waiting) >= self.limits.waiting


@dataclass(frozen=True, slots=True)
class Entry:
    """Who gets in now, and who has waited for too long and goes."""

    admitted: tuple[int, ...] = ()
    expired: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Work:
    """The next passes: who gets a token each, then whose prompt is read and how much of it."""

    write: tuple[int, ...] = ()
    read: tuple[int, int] | None = None


def batch(limits: Limits) -> Batch:
    """Begin with nobody."""
    return Batch(limits, limits.rows)


def joined(state: Batch, request: Request) -> Batch:
    """Let a request wait. The caller has seen that there is room (``full``)."""
    return replace(state, waiting=(*state.waiting, Waiting(request)))


def without(state: Batch, serials: Collection[int]) -> Batch:
    """Let requests go, wherever they are: they are done, cancelled or late."""
    return replace(
        state,
        waiting=tuple(w for w in state.waiting if w.request.serial not in serials),
        rows=tuple(row for row in state.rows if row.request.serial not in serials),
    )


def entered(state: Batch, now: float) -> tuple[Batch, Entry]:
    """Let in whoever there is a row for. ``now`` is in seconds."""
    expired = tuple(w.request.serial for w in state.waiting if w.request.until <= now)
    if expired:
        state = without(state, expired)
    admitted: list[int] = []
    while state.waiting and len(state.rows) < state.most:
        state, serial = _admit(state)
        admitted.append(serial)
    return state, Entry(tuple(admitted), expired)


def work(state: Batch) -> Work:
    """Decide the next passes: a token for all that write, a chunk of the prompt that came first."""
    reading = next((row for row in state.rows if row.reading), None)
    write = tuple(row.request.serial for row in state.rows if not (row.reading or row.full))
    if reading is None:
        return Work(write)
    left = reading.request.length - reading.read
    return Work(write, (reading.request.serial, min(state.limits.chunk, left)))


def read(state: Batch, serial: int, tokens: int) -> Batch:
    """So much more of a prompt is read; the last of it brings the first token of the answer."""

    def further(row: Row) -> Row:
        row = replace(row, read=row.read + tokens)
        return row if row.reading else replace(row, written=row.written + 1)

    return _changed(state, (serial,), further)


def known(state: Batch, serial: int, tokens: int) -> Batch:
    """So much of a prompt need not be read: it was kept. At least one token is left to read."""
    return _changed(state, (serial,), lambda row: replace(row, read=row.read + tokens))


def wrote(state: Batch, serials: Collection[int]) -> Batch:
    """Each of them has one more token."""
    state = _changed(state, serials, lambda row: replace(row, written=row.written + 1))
    if state.most == state.limits.rows:
        return state
    if state.calm < CALM_PASSES:
        return replace(state, calm=state.calm + 1)
    return replace(state, calm=0, most=state.most + 1)


def shrunk(state: Batch) -> Batch:
    """Half as many rows at most, for want of memory: all begin again, the first first.

    What they have written belongs to their prompts from then on.
    """
    again = tuple(Waiting(_resumed(row), first=True) for row in state.rows)
    most = max(1, len(state.rows) // 2)
    return replace(state, most=most, calm=0, rows=(), waiting=(*again, *state.waiting))


def _resumed(row: Row) -> Request:
    request = row.request
    return replace(
        request, length=request.length + row.written, most=request.most - row.written, until=inf
    )


def _admit(state: Batch) -> tuple[Batch, int]:
    """Give a row to the one whose turn it is."""
    busy = dict[str, int]()
    for row in state.rows:
        busy[row.request.room] = busy.get(row.request.room, 0) + 1

    def place(waiting: Waiting) -> tuple[bool, int, int, int, int]:
        request = waiting.request
        turn = state.served.get(request.room, 0)
        return (
            not waiting.first,
            waiting.urgency,
            busy.get(request.room, 0),
            turn,
            request.serial,
        )

    chosen = min(state.waiting, key=place)
    admissions = state.admissions + 1
    served = _remembered({**state.served, chosen.request.room: admissions})
    left = tuple(
        replace(w, passed=w.passed + 1) if w.request.serial < chosen.request.serial else w
        for w in state.waiting
        if w is not chosen
    )
    rows = (*state.rows, Row(chosen.request))
    state = replace(state, waiting=left, rows=rows, served=served, admissions=admissions)
    return state, chosen.request.serial


def _remembered(served: Mapping[str, int]) -> Mapping[str, int]:
    if len(served) <= ROOMS_REMEMBERED:
        return served
    latest = sorted(served.items(), key=lambda item: item[1])
    return dict(latest[-ROOMS_REMEMBERED // 2 :])


def _changed(state: Batch, serials: Iterable[int], change: Callable[[Row], Row]) -> Batch:
    wanted = frozenset(serials)
    rows = tuple(change(row) if row.request.serial in wanted else row for row in state.rows)
    return replace(state, rows=rows)
