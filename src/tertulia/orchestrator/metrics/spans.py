"""Who had the floor from when to when, and how one turn follows upon another.

Terms after Sacks, Schegloff & Jefferson 1974; floor transfer offsets as Heldner & Edlund 2010
measure them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles

from tertulia.orchestrator.events import (
    Event,
    Outcome,
    Said,
    TurnEnded,
    TurnGranted,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.room import Audience, ParticipantId, TurnId


@dataclass(frozen=True, slots=True)
class Span:
    """A floor that was held, from ``start`` to ``end`` (Unix seconds).

    A turn that waits off the floor has one span for each time that it has it. ``spoke``: it said
    something in it; ``outcome`` is the turn's.
    """

    participant: ParticipantId
    turn: TurnId
    start: float
    end: float
    outcome: Outcome
    spoke: bool
    audience: Audience = None


@dataclass(frozen=True, slots=True)
class Spread:
    """How some times are spread: how many there are, and their 10th, 50th and 90th percentile."""

    n: int
    p10: float
    p50: float
    p90: float


class Spans:
    """Collects the spans of a log."""

    def __init__(self) -> None:
        self.ended: list[Span] = []
        self._granted: dict[TurnId, Audience] = {}
        self._held: dict[TurnId, float] = {}
        self._spoke: set[TurnId] = set()
        self._before: dict[TurnId, list[tuple[float, float, bool]]] = {}

    def add(self, event: Event) -> None:
        """Take note of an event."""
        match event.body:
            case TurnGranted(turn=turn):
                self._granted[turn], self._held[turn] = event.audience, event.at
            case TurnReturned(turn=turn) if turn in self._granted:
                self._held[turn] = event.at
            case Said(turn=turn) if turn is not None:
                self._spoke.add(turn)
            case TurnParked(turn=turn):
                self._off(turn, event.at)
            case TurnEnded(turn=turn, outcome=outcome) if turn in self._granted:
                self._off(turn, event.at)
                whom = self._granted.pop(turn)
                for start, end, spoke in self._before.pop(turn, ()):
                    self.ended.append(Span(event.by, turn, start, end, outcome, spoke, whom))

    def _off(self, turn: TurnId, at: float) -> None:
        """A turn gives up the floor, if it has it."""
        start = self._held.pop(turn, None)
        if start is not None:
            self._before.setdefault(turn, []).append((start, at, turn in self._spoke))
            self._spoke.discard(turn)

    def in_order(self) -> tuple[Span, ...]:
        """Those that have ended, by when they began."""
        return tuple(sorted(self.ended, key=lambda span: (span.start, span.turn)))


def overlap_share(spans: Sequence[Span]) -> float | None:
    """The share of the time in which somebody spoke that two or more did."""
    edges = sorted([(s.start, 1) for s in spans] + [(s.end, -1) for s in spans])
    spoken = overlapped = last = 0.0
    speakers = 0
    for at, change in edges:
        spoken += (at - last) * (speakers >= 1)
        overlapped += (at - last) * (speakers >= 2)
        speakers, last = speakers + change, at
    return overlapped / spoken if spoken else None


def offsets_s(spans: Sequence[Span]) -> Iterator[float]:
    """Floor transfer offsets, in seconds: from the end of a turn to the next one by somebody else.

    Negative where they overlap; a turn within another's is no transfer. In the order of beginning.
    """
    current: Span | None = None
    for span in spans:
        if current is not None and span.participant != current.participant:
            if span.end <= current.end:
                continue  # within the other's turn: no transfer
            yield span.start - current.end
        if current is None or span.end >= current.end:
            current = span


def spread(times: Iterable[float]) -> Spread | None:
    """How times are spread; ``None`` where there are none."""
    known = sorted(times)
    if not known:
        return None
    tenths = quantiles(known, n=10, method="inclusive") if len(known) > 1 else known * 9
    return Spread(len(known), *(round(tenths[place], 9) for place in (0, 4, 8)))
