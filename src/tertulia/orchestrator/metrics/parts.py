"""One participant's part in a conversation, and how evenly parts are shared out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tertulia.orchestrator.events import (
    Event,
    Joined,
    Said,
    TurnEnded,
    TurnGranted,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.metrics.silence import Silence
from tertulia.orchestrator.room import Kind, ParticipantId, TurnId


@dataclass(slots=True)
class Part:
    """One participant's part in a conversation.

    ``waits_s`` and ``longest_wait_grants`` are of hands that were granted. ``starved_s`` and
    ``starved_grants`` are the longest that it wanted the floor and did not have it,
    ``longest_without_s`` and ``longest_without_grants`` the longest that it had no word at all,
    whether it wanted one or not (see ``waiting``); both up to the end, also for one who never got
    it. ``floor_s`` leaves out what its turns waited off the floor. ``cuts_won`` are interruptions
    after which it had the floor (see ``interruptions``).
    """

    participant: ParticipantId
    kind: Kind
    utterances: int = 0
    words: int = 0
    turns: int = 0
    silent_turns: int = 0
    floor_s: float = 0.0
    tokens: int = 0
    cost: float = 0.0
    waits_s: list[float] = field(default_factory=list)
    longest_wait_grants: int = 0
    starved_s: float = 0.0
    starved_grants: int = 0
    longest_without_s: float = 0.0
    longest_without_grants: int = 0
    was_cut: int = 0
    cut_others: int = 0
    cuts_won: int = 0
    silence: Silence = field(default_factory=Silence)


class Parts:
    """Collects everybody's part, in the order of coming in."""

    def __init__(self) -> None:
        self.by: dict[ParticipantId, Part] = {}
        self.names: dict[ParticipantId, str] = {}
        self._held: dict[TurnId, float] = {}
        self._granted: set[TurnId] = set()
        self._spoke: set[TurnId] = set()

    def add(self, event: Event) -> None:
        """Take note of an event. Whoever is not known to have come in is taken for a person."""
        match event.body:
            case Joined(name=name, kind=kind):
                self.by.setdefault(event.by, Part(event.by, kind))
                self.names[event.by] = name
            case TurnGranted(turn=turn):
                self._part(event.by).turns += 1
                self._held[turn] = event.at
                self._granted.add(turn)
            case Said(text=text, turn=turn):
                part = self._part(event.by)
                part.utterances += 1
                part.words += len(text.split())
                if turn is not None:
                    self._spoke.add(turn)
            case TurnParked(turn=turn):
                self._off(event, turn)
            case TurnReturned(turn=turn) if turn in self._granted:
                self._held[turn] = event.at
            case TurnEnded(turn=turn) if turn in self._granted:
                self._granted.discard(turn)
                self._off(event, turn)
                self._ended(self._part(event.by), event.body)

    def _off(self, event: Event, turn: TurnId) -> None:
        """A turn gives up the floor, if it has it."""
        if turn in self._held:
            self._part(event.by).floor_s += event.at - self._held.pop(turn)

    def _ended(self, part: Part, ended: TurnEnded) -> None:
        part.silent_turns += ended.turn not in self._spoke
        part.tokens += ended.tokens
        part.cost = round(part.cost + ended.cost, 9)

    def _part(self, who: ParticipantId) -> Part:
        return self.by.setdefault(who, Part(who, Kind.HUMAN))


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
