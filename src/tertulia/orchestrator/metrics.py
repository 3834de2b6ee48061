"""A conversation in numbers, from its log alone: who had how much of it, who waited, who cut whom.

Times are seconds, waiting is also counted in grants. A person's post that needs no turn takes no
time; an agent speaks from its grant to the end of its turn. Terms after Sacks, Schegloff &
Jefferson 1974; floor transfer offsets as Heldner & Edlund 2010 measure them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tertulia.orchestrator.events import (
    Event,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    Joined,
    Left,
    Outcome,
    Said,
    TurnEnded,
    TurnGranted,
)
from tertulia.orchestrator.room import Audience, Kind, ParticipantId, TurnId


@dataclass(frozen=True, slots=True)
class Span:
    """A floor that was held, from ``start`` to ``end`` (Unix seconds)."""

    participant: ParticipantId
    turn: TurnId
    start: float
    end: float
    outcome: Outcome
    spoke: bool
    audience: Audience = None


@dataclass(slots=True)
class Part:
    """One participant's part in a conversation."""

    participant: ParticipantId
    kind: Kind
    utterances: int = 0
    words: int = 0
    turns: int = 0
    silent_turns: int = 0
    floor_s: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    longest_wait_grants: int = 0
    was_cut: int = 0
    cut_others: int = 0


@dataclass(frozen=True, slots=True)
class Metrics:
    """A conversation in numbers.

    ``evenness`` is 1 - Gini of the words that those who may speak have said: 1 when all said as
    much, 0 when one said everything. ``offsets_s`` are floor transfers: from the end of one turn to
    the beginning of the next by somebody else, negative where they overlap. ``answers`` counts who
    answered whom.
    """

    seconds: float
    parts: tuple[Part, ...]
    spans: tuple[Span, ...]
    posts: tuple[tuple[ParticipantId, float], ...]
    evenness: float | None
    overlap_share: float | None
    offsets_s: tuple[float, ...]
    answers: Mapping[tuple[ParticipantId, ParticipantId], int]

    @property
    def posts_during_turns(self) -> int:
        """How many posts landed while somebody else held the floor."""
        return sum(
            any(s.start < at < s.end and s.participant != who for s in self.spans)
            for who, at in self.posts
        )


def measure(events: Iterable[Event]) -> Metrics:
    """Measure a log, or the part of one that somebody may see."""
    count = _Count()
    for event in events:
        count.add(event)
    spans = tuple(sorted(count.spans, key=lambda span: (span.start, span.turn)))
    spoken = [span for span in spans if span.spoke]
    words = [part.words for part in count.parts.values() if part.kind is not Kind.OBSERVER]
    return Metrics(
        seconds=count.until - count.since,
        parts=tuple(count.parts.values()),
        spans=spans,
        posts=tuple(count.posts),
        evenness=evenness(words),
        overlap_share=overlap_share(spoken),
        offsets_s=tuple(offsets_s(spoken)),
        answers=dict(count.answers),
    )


def evenness(amounts: Sequence[float]) -> float | None:
    """1 - Gini coefficient; ``None`` when there is nothing to share or nobody to share it."""
    total, n = sum(amounts), len(amounts)
    if not total:
        return None
    if n == 1:
        return 1.0
    ranked = sum(rank * amount for rank, amount in enumerate(sorted(amounts), 1))
    gini = (2 * ranked / (n * total) - (n + 1) / n) * n / (n - 1)
    return round(1 - gini, 9)


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


def offsets_s(spans: Sequence[Span]) -> Iterable[float]:
    """Floor transfer offsets, in seconds, of spans in the order in which they began."""
    current: Span | None = None
    for span in spans:
        if current is not None and span.participant != current.participant:
            if span.end <= current.end:
                continue  # within the other's turn: no transfer
            yield span.start - current.end
        if current is None or span.end >= current.end:
            current = span


class _Count:
    """What is counted event by event."""

    def __init__(self) -> None:
        self.parts: dict[ParticipantId, Part] = {}
        self.spans: list[Span] = []
        self.posts: list[tuple[ParticipantId, float]] = []
        self.answers: Counter[tuple[ParticipantId, ParticipantId]] = Counter()
        self.since = self.until = 0.0
        self._authors: dict[int, ParticipantId] = {}
        self._hands: dict[ParticipantId, tuple[float, int]] = {}
        self._held: dict[TurnId, tuple[ParticipantId, float, Audience]] = {}
        self._spoke: set[TurnId] = set()
        self._grants = 0

    def add(self, event: Event) -> None:
        self.since = self.since or event.at
        self.until = event.at
        body, who = event.body, event.by
        match body:
            case Joined(kind=kind):
                self.parts.setdefault(who, Part(who, kind))
            case FloorRequested():
                self._hands.setdefault(who, (event.at, self._grants))
            case FloorRequestCancelled() | FloorRequestDenied() | Left():
                self._hands.pop(who, None)
            case TurnGranted(turn=turn):
                self._granted(who, turn, event)
            case Said():
                self._said(who, body, event)
            case TurnEnded(turn=turn, outcome=outcome):
                self._ended(turn, outcome, event.at)

    def _granted(self, who: ParticipantId, turn: TurnId, event: Event) -> None:
        part = self.parts[who]
        part.turns += 1
        self._held[turn] = (who, event.at, event.audience)
        if who in self._hands:
            at, grants = self._hands.pop(who)
            part.waits_s.append(event.at - at)
            waited = self._grants - grants
            part.longest_wait_grants = max(part.longest_wait_grants, waited)
        self._grants += 1

    def _said(self, who: ParticipantId, said: Said, event: Event) -> None:
        part = self.parts[who]
        part.utterances += 1
        part.words += len(said.text.split())
        self._authors[event.seq] = who
        if said.turn is None:
            self.posts.append((who, event.at))
        else:
            self._spoke.add(said.turn)
        if said.interrupted_by is not None and said.interrupted_by in self.parts:
            part.was_cut += 1
            self.parts[said.interrupted_by].cut_others += 1
        if said.reply_to is not None and said.reply_to in self._authors:
            self.answers[who, self._authors[said.reply_to]] += 1

    def _ended(self, turn: TurnId, outcome: Outcome, at: float) -> None:
        held = self._held.pop(turn, None)
        if held is None:
            return
        who, start, audience = held
        spoke = turn in self._spoke
        self.spans.append(Span(who, turn, start, at, outcome, spoke, audience))
        part = self.parts[who]
        part.floor_s += at - start
        part.silent_turns += not spoke
