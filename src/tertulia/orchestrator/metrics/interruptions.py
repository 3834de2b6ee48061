"""Who cut whom, and whether it came to anything.

An interruption is *won* when the one who cut in has had the floor by it: it said something while
the other was speaking, or is the first to say anything afterwards. Else it was a false one: the one
who was cut goes on, somebody else speaks, or nobody does. A backchannel is no word of its own here.
What the room itself cuts (a lease that ends, a condition that comes true) is no interruption.
"""

from dataclasses import dataclass, field

from tertulia.orchestrator.events import Event, Outcome, Said, TurnEnded, TurnGranted, Uptake
from tertulia.orchestrator.metrics.parts import Part
from tertulia.orchestrator.room import ParticipantId, TurnId


@dataclass(frozen=True, slots=True)
class Interruption:
    """Somebody was cut off by somebody, at a time (Unix seconds)."""

    by: ParticipantId
    whom: ParticipantId
    at: float
    won: bool


@dataclass(slots=True)
class Interruptions:
    """Collects interruptions; those that are not won at once are decided by who speaks next."""

    _decided: list[Interruption] = field(default_factory=list)
    _open: list[tuple[ParticipantId, Event]] = field(default_factory=list)
    _began: dict[TurnId, int] = field(default_factory=dict)
    _cut_by: dict[TurnId, ParticipantId] = field(default_factory=dict)
    _spoke: dict[ParticipantId, int] = field(default_factory=dict)

    def add(self, event: Event, parts: dict[ParticipantId, Part]) -> None:
        """Take note of an event."""
        match event.body:
            case TurnGranted(turn=turn):
                self._began[turn] = event.seq
            case Said(interrupted_by=None, uptake=Uptake.TAKEN):
                self._spoke[event.by] = event.seq
                for by, cut in self._open:
                    self._decide(by, cut, won=by == event.by)
                self._open = []
            case Said(interrupted_by=by, turn=turn) if by and turn:
                self._cut_by[turn] = by
            case TurnEnded(turn=turn, outcome=Outcome.INTERRUPTED, interrupted_by=by):
                self._cut(by or self._cut_by.get(turn), turn, event, parts)

    def end(self, parts: dict[ParticipantId, Part]) -> tuple[Interruption, ...]:
        """All of them; those after which nobody spoke came to nothing. Counts them in ``parts``."""
        for by, cut in self._open:
            self._decide(by, cut, won=False)
        for one in self._decided:
            parts[one.by].cut_others += 1
            parts[one.by].cuts_won += one.won
            if one.whom in parts:
                parts[one.whom].was_cut += 1
        return tuple(sorted(self._decided, key=lambda one: one.at))

    def _cut(
        self,
        by: ParticipantId | None,
        turn: TurnId,
        ended: Event,
        parts: dict[ParticipantId, Part],
    ) -> None:
        if by is None or by == ended.by or by not in parts:
            return
        if self._spoke.get(by, 0) > self._began.get(turn, 0):
            self._decide(by, ended, won=True)
        else:
            self._open.append((by, ended))

    def _decide(self, by: ParticipantId, cut: Event, *, won: bool) -> None:
        self._decided.append(Interruption(by, cut.by, cut.at, won))
