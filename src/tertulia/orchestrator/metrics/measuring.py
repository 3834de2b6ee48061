"""All figures of one log, in one pass."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add

from tertulia.orchestrator.events import Event, Said
from tertulia.orchestrator.metrics.addressees import Addressees, Addressing
from tertulia.orchestrator.metrics.approvals import NO_WAITS, Approvals, ApprovalWaits
from tertulia.orchestrator.metrics.interruptions import Interruption, Interruptions
from tertulia.orchestrator.metrics.parts import Part, Parts, evenness
from tertulia.orchestrator.metrics.silence import Silence, Silences
from tertulia.orchestrator.metrics.spans import (
    Span,
    Spans,
    Spread,
    offsets_s,
    overlap_share,
    spread,
)
from tertulia.orchestrator.metrics.waiting import Hand, Waiting
from tertulia.orchestrator.room import Kind, ParticipantId


@dataclass(frozen=True, slots=True)
class Metrics:
    """A conversation in numbers.

    ``evenness`` is 1 - Gini of the words that those who may speak have said: 1 when all said as
    much, 0 when one said everything. ``offsets_s`` are floor transfers, from the end of one turn to
    the beginning of the next by somebody else, negative where they overlap; they and
    ``overlap_share`` are those of everybody's floor, not of whispering. ``posts`` were made
    without a turn. ``answers`` counts who answered whom.
    """

    began: float
    seconds: float
    parts: tuple[Part, ...]
    spans: tuple[Span, ...]
    posts: tuple[tuple[ParticipantId, float], ...]
    hands: tuple[Hand, ...]
    interruptions: tuple[Interruption, ...]
    evenness: float | None
    overlap_share: float | None
    offsets_s: tuple[float, ...]
    addressees: Addressees
    answers: Mapping[tuple[ParticipantId, ParticipantId], int]
    names: Mapping[ParticipantId, str] = field(default_factory=dict)
    approvals: ApprovalWaits = NO_WAITS

    @property
    def posts_during_turns(self) -> int:
        """How many posts landed while somebody else held the floor."""
        return sum(
            any(s.start < at < s.end and s.participant != who for s in self.spans)
            for who, at in self.posts
        )

    @property
    def offsets(self) -> Spread | None:
        """How floor transfers are spread."""
        return spread(self.offsets_s)

    @property
    def gaps(self) -> Spread | None:
        """How long silences between turns are, where there is one."""
        return spread(offset for offset in self.offsets_s if offset > 0)

    @property
    def overlaps(self) -> Spread | None:
        """How long turns overlap at transfers, where they do."""
        return spread(-offset for offset in self.offsets_s if offset < 0)

    @property
    def silence(self) -> Silence:
        """How all agents together spoke and kept silent."""
        return reduce(add, (part.silence for part in self.parts), Silence())

    @property
    def tokens(self) -> int:
        """What all turns took."""
        return sum(part.tokens for part in self.parts)

    @property
    def cost(self) -> float:
        """What all turns cost."""
        return round(sum(part.cost for part in self.parts), 9)


def measure(events: Iterable[Event]) -> Metrics:
    """Measure a log, or the part of one that somebody may see."""
    count = _Count()
    for event in events:
        count.add(event)
    return count.done()


class _Count:
    """What is counted event by event."""

    def __init__(self) -> None:
        self.parts, self.spans, self.waiting = Parts(), Spans(), Waiting()
        self.cuts, self.addressing, self.silences = Interruptions(), Addressing(), Silences()
        self.approvals = Approvals()
        self.posts: list[tuple[ParticipantId, float]] = []
        self.answers: Counter[tuple[ParticipantId, ParticipantId]] = Counter()
        self._authors: dict[int, ParticipantId] = {}
        self.since: float | None = None
        self.until = 0.0

    def add(self, event: Event) -> None:
        self.since = event.at if self.since is None else self.since
        self.until = event.at
        self.parts.add(event)
        self.spans.add(event)
        self.waiting.add(event, self.parts.by)
        self.cuts.add(event, self.parts.by)
        self.addressing.add(event, self.parts.names)
        self.silences.add(event)
        self.approvals.add(event)
        if isinstance(event.body, Said):
            self._said(event, event.body)

    def _said(self, event: Event, said: Said) -> None:
        self._authors[event.seq] = event.by
        if said.turn is None:
            self.posts.append((event.by, event.at))
        if said.reply_to in self._authors:
            self.answers[event.by, self._authors[said.reply_to]] += 1

    def done(self) -> Metrics:
        parts, spans = self.parts.by, self.spans.in_order()
        self.waiting.end(self.until, parts)
        for who, silence in self.silences.judged().items():
            if who in parts:
                parts[who].silence = silence
        aloud = [span for span in spans if span.spoke and span.audience is None]
        began = self.until if self.since is None else self.since
        words = [part.words for part in parts.values() if part.kind is not Kind.OBSERVER]
        return Metrics(
            began=began,
            seconds=self.until - began,
            interruptions=self.cuts.end(parts),
            parts=tuple(parts.values()),
            spans=spans,
            posts=tuple(self.posts),
            hands=tuple(sorted(self.waiting.hands, key=lambda hand: hand.start)),
            evenness=evenness(words),
            overlap_share=overlap_share(aloud),
            offsets_s=tuple(offsets_s(aloud)),
            addressees=self.addressing.end(),
            answers=dict(self.answers),
            names=self.parts.names,
            approvals=self.approvals.end(),
        )
