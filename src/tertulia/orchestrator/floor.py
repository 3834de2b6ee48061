"""The floor: who holds it, who asked for it, who is owed the next word. A value; it never acts.

The names follow RFC 8855 (BFCP): a request is pending until it is granted or cancelled, a granted
floor is held until it is released or revoked. Everything here is folded from the log (see
``transitions``), so two readers of one log have equal floors.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tertulia.orchestrator.approvals import Approval as Approval
from tertulia.orchestrator.ballots import Verdict
from tertulia.orchestrator.counts import Spending as Spending
from tertulia.orchestrator.counts import Tally as Tally
from tertulia.orchestrator.keepsakes import Keepsake as Keepsake
from tertulia.orchestrator.parking import Query as Query
from tertulia.orchestrator.persons import Note as Note
from tertulia.orchestrator.plans import PlanStatus as PlanStatus
from tertulia.orchestrator.profile import PLAIN, Profile
from tertulia.orchestrator.questions import Question as Question
from tertulia.orchestrator.revision import revised as revised
from tertulia.orchestrator.room import (
    Audience,
    Kind,
    ParticipantId,
    RoomId,
    RoomSettings,
    Stay,
    TurnId,
)
from tertulia.orchestrator.stage import Stage
from tertulia.orchestrator.subrooms import SubRoom


class Phase(StrEnum):
    """What a room as a whole is doing."""

    UNOPENED = "unopened"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Standing(StrEnum):
    """How one participant stands towards the floor."""

    ABSENT = "absent"
    WATCHING = "watching"
    LISTENING = "listening"
    PENDING = "pending"
    HOLDING = "holding"


@dataclass(frozen=True)
class Seat:
    """A member of the room.

    ``heard`` is the seq up to which its last turn saw the log; ``granted`` the serial number of its
    last grant (0: none yet); ``turns`` and ``floor_s`` are how many turns it has been granted and
    how long those that have ended took, in seconds, since it joined; ``tokens`` and ``cost`` what
    these took. ``spoke`` is when it last said something that was taken up (Unix seconds), ``burst``
    how many such things in quick succession; ``undone`` how many turns in a row it was granted that
    have not happened. ``router``: whether a program is asked who answers what it says to nobody in
    particular.
    """

    id: ParticipantId
    name: str
    kind: Kind
    joined: int
    heard: int = 0
    granted: int = 0
    turns: int = 0
    floor_s: float = 0.0
    spoke: float = 0.0
    burst: int = 0
    undone: int = 0
    tokens: int = 0
    cost: float = 0.0
    profile: Profile = PLAIN
    router: bool = False

    @property
    def turn_to_all(self) -> int:
        """When in the log it last had a turn to speak to everybody; 0 if it never had one."""
        return self.heard if self.heard > self.joined else 0


@dataclass(frozen=True, slots=True)
class Request:
    """A pending floor request.

    ``serial`` breaks ties; ``grants`` is the room's count of grants when it was made, so that
    waiting is counted in grants, not in seconds.
    """

    participant: ParticipantId
    serial: int
    grants: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody was granted the floor for: taken from it, and given back on a rollback."""

    seat: Seat
    owed: "tuple[Obligation, ...]" = ()
    request: Request | None = None
    nominated: "tuple[Nomination, ...]" = ()
    continuing: bool = False


@dataclass(frozen=True)
class Hold:
    """A floor that is held: one unfinished turn, from ``since`` until ``until`` (Unix seconds).

    ``as_of`` is the seq up to which the turn reads the log; ``yields_to`` is who has cut into it,
    so that it ends at its next transition-relevance place, and ``followed`` whether somebody has
    said something since. ``said`` is the seq of its utterance.
    ``thread`` is the thread that it speaks in, ``partner`` whom it speaks to.

    One that is parked has no floor until it ``returns`` (the seq at which it asked to); ``told`` is
    what it had said before. ``back`` is how many attempts it had taken before it last came further,
    ``done`` how much was kept of it then (see ``headway``).
    """

    turn: TurnId
    participant: ParticipantId
    as_of: int
    since: float
    until: float
    audience: Audience = None
    answers: int | None = None
    attempt: int = 1
    claim: Claim | None = None
    yields_to: ParticipantId | None = None
    said: int | None = None
    followed: bool = False
    thread: int | None = None
    partner: ParticipantId | None = None
    discloses: int | None = None
    returns: int | None = None
    told: str = ""
    back: int = 0
    done: int = 0


@dataclass(frozen=True, slots=True)
class Obligation:
    """Somebody was addressed and has not had the floor since (an adjacency pair left open).

    Schegloff & Sacks 1973. The answer goes to ``audience``, as the question did. ``routed``: it was
    said to nobody in particular, and its speaker's router named this participant. ``principal`` is
    the person on whose behalf it was asked.
    """

    participant: ParticipantId
    seq: int
    by: ParticipantId
    audience: Audience = None
    thread: int | None = None
    routed: bool = False
    principal: ParticipantId | None = None


@dataclass(frozen=True, slots=True)
class Nomination:
    """Whom a chair named to speak, and has not had the floor since."""

    participant: ParticipantId
    chair: ParticipantId


@dataclass(frozen=True, slots=True)
class CutOff:
    """An agent that was interrupted, as long as nobody has followed.

    ``seq`` is the utterance that was cut off, or what it was to answer if it had not begun;
    ``thread`` is where it was said, ``principal`` the person on whose behalf.
    """

    participant: ParticipantId
    turn: TurnId
    seq: int
    by: ParticipantId
    audience: Audience = None
    thread: int | None = None
    principal: ParticipantId | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """Who spoke last to everybody, and where in the log.

    ``to`` is whom it was meant for as far as is known, ``everyone`` whether it turned to all,
    ``asks`` whether it holds a question; ``thread`` is the seq with which its thread began.
    """

    by: ParticipantId
    seq: int
    to: tuple[ParticipantId, ...] = ()
    everyone: bool = False
    asks: bool = False
    thread: int | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """What a person said to nobody in particular, until its router has said who answers it.

    ``question`` is the number under which the router was asked (``None``: not yet).
    """

    said: Utterance
    question: int | None = None


@dataclass(frozen=True)
class Floor:
    """The whole state that arbitration sees.

    ``latest`` is the last public utterance, ``before`` the last one by anybody else.
    ``agent_run`` counts agents' grants since a person last spoke, ``volunteers`` those among them
    whom nobody had addressed, ``agent_turns`` all of them. A grant that was rolled back counts as
    none, but for ``undone``. ``notes`` are kept by whom they are about, who may have left; ``kept``
    is what agents keep from turn to turn.
    ``barred`` are those whom a combinator of policies holds back while it asks another one; nothing
    in the log bars anybody. ``stays`` tells of everybody who ever came in when they were there (see
    ``visibility``). ``subrooms`` are those that are open; a sub-room has a ``parent``.
    ``stage`` is the phase of the policy; ``question`` is what was asked last, ``answered`` has the
    last answered one of every other kind, ``verdict`` is what the last vote came to.
    ``tally`` is there while the room has a condition to stop at; ``ending`` are turns that it cut
    and that have not ended yet; ``spent`` which limits have been told to be used up, and by whom.
    ``plans`` are those that turns carry out, and the last ones that have ended.
    ``parked`` are turns that wait off the floor, ``approvals`` and ``queries`` what unfinished
    turns wait for, or have waited for.
    """

    room: RoomId
    phase: Phase = Phase.UNOPENED
    settings: RoomSettings = field(default_factory=RoomSettings)
    head: int = 0
    at: float = 0.0
    members: Mapping[ParticipantId, Seat] = field(default_factory=dict)
    pending: tuple[Request, ...] = ()
    holds: tuple[Hold, ...] = ()
    owed: tuple[Obligation, ...] = ()
    nominated: tuple[Nomination, ...] = ()
    departed: Mapping[ParticipantId, tuple[str, Kind]] = field(default_factory=dict)
    notes: Mapping[ParticipantId, tuple[Note, ...]] = field(default_factory=dict)
    kept: tuple[Keepsake, ...] = ()
    stays: Mapping[ParticipantId, tuple[Stay, ...]] = field(default_factory=dict)
    parent: RoomId | None = None
    subrooms: tuple[SubRoom, ...] = ()
    question: Question | None = None
    questions: int = 0
    routes: tuple[Route, ...] = ()
    latest: Utterance | None = None
    before: Utterance | None = None
    continuing: ParticipantId | None = None
    cut_off: tuple[CutOff, ...] = ()
    requests: int = 0
    grants: int = 0
    undone: int = 0
    agent_turns: int = 0
    agent_run: int = 0
    volunteers: int = 0
    barred: frozenset[ParticipantId] = frozenset()
    stage: Stage = field(default_factory=Stage)
    answered: tuple[Question, ...] = ()
    verdict: Verdict | None = None
    spending: Spending = field(default_factory=Spending)
    spent: tuple[tuple[ParticipantId | None, str], ...] = ()
    tally: Tally | None = None
    ending: tuple[TurnId, ...] = ()
    plans: tuple[PlanStatus, ...] = ()
    parked: tuple[Hold, ...] = ()
    approvals: tuple[Approval, ...] = ()
    queries: tuple[Query, ...] = ()

    def standing(self, who: ParticipantId) -> Standing:
        """How ``who`` stands towards the floor now."""
        seat = self.members.get(who)
        if seat is None:
            return Standing.ABSENT
        if seat.kind is Kind.OBSERVER:
            return Standing.WATCHING
        if self.hold_of(who) is not None:
            return Standing.HOLDING
        for request in self.pending:
            if request.participant == who:
                return Standing.PENDING
        return Standing.LISTENING

    def hold_of(self, who: ParticipantId) -> Hold | None:
        """The turn that ``who`` is in, if any."""
        for hold in self.holds:
            if hold.participant == who:
                return hold
        return None

    def unfinished(self, turn: TurnId) -> Hold | None:
        """A turn that has not ended, on the floor or parked."""
        return next((h for h in (*self.holds, *self.parked) if h.turn == turn), None)

    @property
    def full(self) -> bool:
        """Whether as many hold the floor as may; with side floors, everybody's floor."""
        capacity = self.settings.capacity
        if capacity is None or not self.settings.side_floors:
            return capacity is not None and len(self.holds) >= capacity
        return len([hold for hold in self.holds if hold.audience is None]) >= capacity

    def beside(self, audience: Audience) -> bool:
        """Whether this audience has a floor of its own, beside everybody's."""
        return audience is not None and bool(self.settings.side_floors)

    @property
    def exhausted(self) -> bool:
        """Whether the agents have used up the room's limit of turns."""
        limit = self.settings.turn_limit
        return limit is not None and self.agent_turns >= limit

    def eligible(self, who: ParticipantId) -> bool:
        """Whether ``who`` may be granted the floor: a member who speaks and does not hold it."""
        seat = self.members.get(who)
        if seat is None or seat.kind is Kind.OBSERVER or who in self.barred:
            return False
        if seat.kind is Kind.AGENT and self.exhausted:
            return False
        return self.hold_of(who) is None

    def news_for(self, seat: Seat) -> bool:
        """Whether somebody else has said something to everybody since this member's last turn."""
        utterance = self.latest
        if utterance is not None and utterance.by == seat.id:
            utterance = self.before
        return utterance is not None and utterance.seq > seat.heard

    def willing(self) -> Iterator[Seat]:
        """The agents that may speak and have heard something new, in the order of joining.

        Who waits off the floor in the middle of a turn speaks only when asked.
        """
        if self.exhausted:
            return
        away = {hold.participant for hold in (*self.holds, *self.parked)} | self.barred
        for seat in self.members.values():
            if seat.kind is Kind.AGENT and seat.id not in away and self.news_for(seat):
                yield seat

    def unanswered(self, agent_run: int) -> Iterator[Obligation]:
        """The obligations whose addressee may be granted now, oldest first.

        Once agents have had ``agent_run`` turns in a row, what they ask each other has to wait
        until a person has spoken: two agents cannot keep each other going for ever.
        """
        running = self.agent_run < agent_run
        for owed in self.owed:
            if self.eligible(owed.participant) and (running or not self._between_agents(owed)):
                yield owed

    def asked_by_people(self) -> set[ParticipantId]:
        """Those who owe a person an answer that everybody will hear."""
        people = {seat.id for seat in self.people()}
        public = (owed for owed in self.owed if owed.audience is None)
        return {owed.participant for owed in public if owed.by in people}

    def _between_agents(self, owed: Obligation) -> bool:
        asker, asked = self.members.get(owed.by), self.members[owed.participant]
        return asker is not None and asker.kind is Kind.AGENT and asked.kind is Kind.AGENT

    def without(self, some: Iterable[ParticipantId]) -> "Floor":
        """The same floor, on which ``some`` may not be granted anything."""
        return revised(self, barred=self.barred | set(some))

    def asked(self, kind: str) -> Question | None:
        """The last question of that kind that has not been settled, open or answered."""
        last = self.question
        if last is not None and last.kind == kind:
            return last
        return next((question for question in self.answered if question.kind == kind), None)

    def agents(self) -> Iterator[Seat]:
        """The agents in the room, in the order of joining."""
        return (seat for seat in self.members.values() if seat.kind is Kind.AGENT)

    def people(self) -> Iterator[Seat]:
        """The persons in the room, in the order of joining."""
        return (seat for seat in self.members.values() if seat.kind is Kind.HUMAN)
