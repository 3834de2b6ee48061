"""How long everybody waited for the floor.

Somebody *wants* the floor from when it raises its hand, or is asked, until it is granted a turn,
answers without one, takes the hand down, or leaves. Who never gets it wants it to the log's end.
Apart from what it wants, somebody *goes without* for as long as it neither has the floor nor says
anything, from when it came in. Both count in seconds and in the grants that others got meanwhile.
"""

from dataclasses import dataclass, field

from tertulia.orchestrator.events import (
    Event,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    Joined,
    Left,
    Said,
    TurnEnded,
    TurnGranted,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.metrics.parts import Part
from tertulia.orchestrator.room import Kind, ParticipantId


@dataclass(frozen=True, slots=True)
class Hand:
    """A hand that was up from ``start`` to ``end``; ``granted``: until its turn came."""

    participant: ParticipantId
    start: float
    end: float
    granted: bool


@dataclass(slots=True)
class _Wish:
    """Since when somebody waits: Unix seconds, and the number of grants so far."""

    at: float
    grants: int


@dataclass(slots=True)
class Waiting:
    """Collects how long everybody waits."""

    hands: list[Hand] = field(default_factory=list)
    _raised: dict[ParticipantId, _Wish] = field(default_factory=dict)
    _asked: dict[ParticipantId, _Wish] = field(default_factory=dict)
    _quiet: dict[ParticipantId, _Wish] = field(default_factory=dict)
    _grants: int = 0

    def add(self, event: Event, parts: dict[ParticipantId, Part]) -> None:
        """Take note of an event."""
        who, part = event.by, parts.get(event.by)
        match event.body:
            case Joined(kind=kind) if kind is not Kind.OBSERVER:
                self._quiet[who] = self._now(event)
            case FloorRequested():
                self._raised.setdefault(who, self._now(event))
            case FloorRequestCancelled() | FloorRequestDenied():
                self._lowered(event, part, granted=False)
            case TurnGranted():
                self._granted(event, part)
            case Said():
                self._said(event, event.body, part, parts)
            case TurnReturned() if part is not None:
                self._have_waited(who, part, event.at)
                self._quiet.pop(who, None)
            case TurnParked() | TurnEnded() if part is not None:
                self._quiet.setdefault(who, self._now(event))
            case Left():
                self._gone(event, part)

    def end(self, at: float, parts: dict[ParticipantId, Part]) -> None:
        """The log ends here; whoever waits has waited until now."""
        for who, part in parts.items():
            self._have_waited(who, part, at)
            if who in self._raised:
                self.hands.append(Hand(who, self._raised[who].at, at, granted=False))

    def _now(self, event: Event) -> _Wish:
        return _Wish(event.at, self._grants)

    def _granted(self, event: Event, part: Part | None) -> None:
        if part is not None:
            raised = self._raised.get(event.by)
            if raised is not None:
                part.waits_s.append(event.at - raised.at)
                waited = self._grants - raised.grants
                part.longest_wait_grants = max(part.longest_wait_grants, waited)
            self._have_waited(event.by, part, event.at)
        self._lowered(event, part, granted=True)
        self._asked.pop(event.by, None)
        self._quiet.pop(event.by, None)
        self._grants += 1

    def _said(
        self, event: Event, said: Said, part: Part | None, parts: dict[ParticipantId, Part]
    ) -> None:
        who = event.by
        if said.turn is None and part is not None:
            self._have_waited(who, part, event.at)
            self._quiet[who] = self._now(event)
            if part.kind is Kind.HUMAN:
                self._asked.pop(who, None)
        for asked in said.addressees:
            if asked != who and asked in parts:
                self._asked.setdefault(asked, self._now(event))

    def _lowered(self, event: Event, part: Part | None, *, granted: bool) -> None:
        raised = self._raised.pop(event.by, None)
        if raised is None:
            return
        self.hands.append(Hand(event.by, raised.at, event.at, granted))
        if part is not None:
            _longest(part, raised, event.at, self._grants)

    def _gone(self, event: Event, part: Part | None) -> None:
        if part is not None:
            self._have_waited(event.by, part, event.at)
        self._lowered(event, part, granted=False)
        for waiting in (self._asked, self._quiet):
            waiting.pop(event.by, None)

    def _have_waited(self, who: ParticipantId, part: Part, at: float) -> None:
        for wish in (self._raised.get(who), self._asked.get(who)):
            if wish is not None:
                _longest(part, wish, at, self._grants)
        quiet = self._quiet.get(who)
        if quiet is not None:
            part.longest_without_s = max(part.longest_without_s, at - quiet.at)
            grants = self._grants - quiet.grants
            part.longest_without_grants = max(part.longest_without_grants, grants)


def _longest(part: Part, wish: _Wish, at: float, grants: int) -> None:
    part.starved_s = max(part.starved_s, at - wish.at)
    part.starved_grants = max(part.starved_grants, grants - wish.grants)
