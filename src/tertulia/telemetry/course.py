"""What is under way in the rooms of a house, folded from their committed events. Pure: no clock.

It keeps what has begun and not ended, and tells what an event has brought to its end. Only times,
figures and ids come out of it, never what was said.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeAlias

from tertulia.orchestrator.approvals import Matter, Ruling
from tertulia.orchestrator.events import (
    ApprovalAsked,
    ApprovalExpired,
    ApprovalSettled,
    Event,
    Joined,
    Outcome,
    OutcomeAsked,
    OutcomeRecorded,
    RoomOpened,
    Said,
    TurnEnded,
    TurnGranted,
    TurnParked,
    TurnResumed,
    TurnReturned,
    Uptake,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.room import Kind, ParticipantId, RoomId, TurnId

POSTS = 4_096
"""Posts whose time is remembered for the first word of an answer."""


@dataclass(slots=True)
class Underway:
    """A turn that has begun and not ended, since ``since`` (Unix seconds).

    ``asked`` is when the post was made that it answers, or, where an agent took the floor of its
    own accord, the last one that everybody heard. ``aloud``: everybody hears it. ``raised`` is the
    kind of error that its agent has come to grief with.
    """

    turn: TurnId
    room: RoomId
    by: ParticipantId
    since: float
    asked: float | None = None
    aloud: bool = True
    parked_since: float | None = None
    parked_s: float = 0.0
    heard: bool = False
    raised: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An approval that persons have been asked for, at ``since`` (Unix seconds)."""

    approval: str
    turn: TurnId
    kind: Matter
    since: float


@dataclass(frozen=True, slots=True)
class TurnOver:
    """A turn has ended: seconds on the floor, and parked off it."""

    turn: Underway
    body: TurnEnded
    floor_s: float
    parked_s: float

    @property
    def error(self) -> str | None:
        """What kind of error it ended with; ``None`` where it is none that it ended so."""
        match self.body.outcome:
            case Outcome.FAILED:
                return self.turn.raised or "failed"
            case Outcome.EXPIRED:
                return "expired"
        return None


@dataclass(frozen=True, slots=True)
class ApprovalOver:
    """What came of an approval, and how long it had been waited for."""

    asked: Pending
    ruling: Ruling
    waited_s: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The first word of an answer has come, so long after the person's post."""

    turn: Underway
    waited_s: float


Fact: TypeAlias = TurnOver | ApprovalOver | Answered


@dataclass(slots=True, eq=False)
class Course:
    """The rooms of one house, as far as something is under way in them.

    ``opened`` is when each of them was opened first (Unix seconds).
    """

    turns: dict[TurnId, Underway] = field(default_factory=dict)
    approvals: dict[tuple[RoomId, str], Pending] = field(default_factory=dict)
    _last: dict[RoomId, float] = field(default_factory=dict)
    """When the last post was that everybody heard, until somebody has answered."""
    _posts: OrderedDict[tuple[RoomId, int], float] = field(default_factory=OrderedDict)
    _kinds: dict[RoomId, dict[ParticipantId, Kind]] = field(default_factory=dict)
    opened: dict[RoomId, float] = field(default_factory=dict)

    def take_over(self, floor: Floor, at: dict[int, float]) -> None:
        """Begin with a room as an earlier owner left it; ``at``: times of some events by seq."""
        self.opened[floor.room] = at.get(1, 0.0)
        self._kinds[floor.room] = {seat.id: seat.kind for seat in floor.members.values()}
        for hold in (*floor.holds, *floor.parked):
            self.turns[hold.turn] = Underway(
                hold.turn, floor.room, hold.participant, hold.since, aloud=hold.audience is None
            )
        for hold in floor.parked:
            self.turns[hold.turn].parked_since = hold.since
        for one in floor.approvals:
            if one.open and one.seq in at:
                pending = Pending(one.id, one.turn, one.kind, at[one.seq])
                self.approvals[floor.room, one.id] = pending

    def take(self, event: Event) -> Fact | None:
        """Take note of an event; what it has brought to its end."""
        match event.body:
            case Said() as said:
                return self._said(event, said)
            case TurnGranted() as granted:
                self._granted(event, granted)
            case TurnEnded() as ended:
                return self._ended(event, ended)
            case ApprovalSettled(approval=name, ruling=ruling):
                return self._settled(event, name, ruling)
            case ApprovalExpired(approval=name):
                return self._settled(event, name, Ruling.EXPIRED)
            case _:
                self._go_on(event)
        return None

    def first_word(self, turn: TurnId, now: float) -> Answered | None:
        """A word of a turn is heard; how long it had been waited for, if it is the first."""
        under = self.turns.get(turn)
        if under is None or under.heard:
            return None
        under.heard = True
        if under.aloud:
            self._last.pop(under.room, None)
        if under.asked is None or self.kind(under.room, under.by) is Kind.HUMAN:
            return None
        return Answered(under, max(0.0, now - under.asked))

    def failed(self, turn: TurnId, error: BaseException) -> None:
        """An agent has raised something; the end of its turn is yet to be committed."""
        if turn in self.turns:
            self.turns[turn].raised = type(error).__name__

    def kind(self, room: RoomId, who: ParticipantId) -> Kind | None:
        """What a participant is, if that is known."""
        return self._kinds.get(room, {}).get(who)

    def let_go(self, room: RoomId) -> list[Underway]:
        """Forget a room that is live here no longer; the turns that were under way in it."""
        left = [under for under in self.turns.values() if under.room == room]
        for under in left:
            del self.turns[under.turn]
        for key in [key for key in self.approvals if key[0] == room]:
            del self.approvals[key]
        self._kinds.pop(room, None)
        self._last.pop(room, None)
        self.opened.pop(room, None)
        return left

    def _go_on(self, event: Event) -> None:
        match event.body:
            case RoomOpened():
                self.opened[event.room] = event.at
            case Joined(kind=kind):
                self._kinds.setdefault(event.room, {})[event.by] = kind
            case TurnParked(turn=turn) if (under := self.turns.get(turn)) is not None:
                if under.parked_since is None:
                    under.parked_since = event.at
            case TurnReturned(turn=turn) | TurnResumed(turn=turn):
                under = self.turns.setdefault(turn, Underway(turn, event.room, event.by, event.at))
                self._back(under, event.at)
            case ApprovalAsked(approval=name, turn=turn, kind=matter):
                self.approvals[event.room, name] = Pending(name, turn, matter, event.at)
            case OutcomeAsked(approval=name, turn=turn):
                self.approvals[event.room, name] = Pending(name, turn, Matter.OUTCOME, event.at)
            case OutcomeRecorded(approval=name):
                self.approvals.pop((event.room, name), None)

    def _back(self, under: Underway, at: float) -> None:
        if under.parked_since is not None:
            under.parked_s += at - under.parked_since
            under.parked_since = None

    def _said(self, event: Event, said: Said) -> Fact | None:
        if said.turn is not None:
            return self.first_word(said.turn, event.at)
        if said.uptake is Uptake.TAKEN:
            self._posts[event.room, event.seq] = event.at
            if event.audience is None:
                self._last[event.room] = event.at
        if len(self._posts) > POSTS:
            self._posts.popitem(last=False)
        return None

    def _granted(self, event: Event, granted: TurnGranted) -> None:
        aloud = event.audience is None
        asked = self._last.get(event.room) if aloud else None
        if granted.answers is not None:
            asked = self._posts.get((event.room, granted.answers))
        under = Underway(granted.turn, event.room, event.by, event.at, asked, aloud)
        self.turns[granted.turn] = under

    def _ended(self, event: Event, ended: TurnEnded) -> TurnOver | None:
        under = self.turns.pop(ended.turn, None)
        if under is None:
            return None
        self._back(under, event.at)
        floor_s = max(0.0, event.at - under.since - under.parked_s)
        return TurnOver(under, ended, floor_s, under.parked_s)

    def _settled(self, event: Event, name: str, ruling: Ruling) -> ApprovalOver | None:
        asked = self.approvals.pop((event.room, name), None)
        return None if asked is None else ApprovalOver(asked, ruling, event.at - asked.since)
