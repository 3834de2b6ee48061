"""What can happen in a room. Each class is one kind of row in the log; nothing here decides.

An :class:`Event` is the envelope (which room, when, by whom, who may see it) around one body.
``by`` is the participant whom the event is about: who said it, who was granted the floor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias, get_args

from tertulia.orchestrator.approvals import ApprovalAnswered as ApprovalAnswered
from tertulia.orchestrator.approvals import ApprovalAsked as ApprovalAsked
from tertulia.orchestrator.approvals import ApprovalExpired as ApprovalExpired
from tertulia.orchestrator.approvals import ApprovalSettled as ApprovalSettled
from tertulia.orchestrator.approvals import OutcomeAsked as OutcomeAsked
from tertulia.orchestrator.approvals import OutcomeRecorded as OutcomeRecorded
from tertulia.orchestrator.ballots import VoteCast as VoteCast
from tertulia.orchestrator.ballots import VoteCounted as VoteCounted
from tertulia.orchestrator.bounds import BudgetSpent as BudgetSpent
from tertulia.orchestrator.bounds import Concluded as Concluded
from tertulia.orchestrator.bounds import ConditionChanged as ConditionChanged
from tertulia.orchestrator.bounds import ConditionFailed as ConditionFailed
from tertulia.orchestrator.bounds import TimeElapsed as TimeElapsed
from tertulia.orchestrator.keepsakes import Kept as Kept
from tertulia.orchestrator.parking import AnswerAwaited as AnswerAwaited
from tertulia.orchestrator.parking import AnswerMissed as AnswerMissed
from tertulia.orchestrator.parking import ReturnRequested as ReturnRequested
from tertulia.orchestrator.parking import TurnParked as TurnParked
from tertulia.orchestrator.parking import TurnReturned as TurnReturned
from tertulia.orchestrator.persons import Described as Described
from tertulia.orchestrator.persons import Noted as Noted
from tertulia.orchestrator.persons import NoteStruck as NoteStruck
from tertulia.orchestrator.persons import RouterAttached as RouterAttached
from tertulia.orchestrator.persons import RouterDetached as RouterDetached
from tertulia.orchestrator.plans import PlanEnded as PlanEnded
from tertulia.orchestrator.plans import PlanProposed as PlanProposed
from tertulia.orchestrator.plans import TasksMoved as TasksMoved
from tertulia.orchestrator.profile import PLAIN, Profile
from tertulia.orchestrator.questions import AddresseeFound as AddresseeFound
from tertulia.orchestrator.questions import Advised as Advised
from tertulia.orchestrator.questions import BidMade as BidMade
from tertulia.orchestrator.questions import ConsultationEnded as ConsultationEnded
from tertulia.orchestrator.questions import Consulted as Consulted
from tertulia.orchestrator.room import (
    Audience,
    InputPolicy,
    Kind,
    ParticipantId,
    RoomId,
    RoomSettings,
    TurnId,
)
from tertulia.orchestrator.stage import PhaseBegan as PhaseBegan
from tertulia.orchestrator.stage import PhaseExpired as PhaseExpired
from tertulia.orchestrator.subrooms import SubRoomClosed as SubRoomClosed
from tertulia.orchestrator.subrooms import SubRoomOpened as SubRoomOpened


class Outcome(StrEnum):
    """How a turn ended."""

    COMMITTED = "committed"
    """It was finished; what it said, if anything, stands in the log before this."""
    INTERRUPTED = "interrupted"
    """Somebody cut in; what had been delivered was kept as said."""
    FAILED = "failed"
    """The agent, its graph or its model broke; everybody can see why."""
    EXPIRED = "expired"
    """The lease ended first."""
    PASSED = "passed"
    """A person who was asked let somebody else speak."""
    LEFT = "left"
    """The holder left the room."""
    ROLLED_BACK = "rolled_back"
    """It has not happened: what it was granted for is open again."""


class Uptake(StrEnum):
    """What the room makes of an utterance (Austin 1962; Clark 1996)."""

    TAKEN = "taken"
    """It is news to everybody who hears it, and obliges whom it addresses."""
    BACKCHANNEL = "backchannel"
    """"mm-hm": it takes no floor, and asks nothing (Yngve 1970)."""
    DECLINED = "declined"
    """It came at a moment at which the room takes nothing up; it stands, and asks nothing."""
    RETRACTED = "retracted"
    """Part of a turn that was rolled back: people heard it, agents think without it."""


class Found(StrEnum):
    """How it was found whom an utterance is meant for.

    By a mark; by a name called without a sign (or everybody's); as the second part of an adjacency
    pair; as what an agent's turn answers; by the learned reader.
    """

    EXPLICIT = "explicit"
    NAMED = "named"
    PAIR = "pair"
    TURN = "turn"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class RoomOpened:
    """The first event of every room.

    A sub-room knows its ``parent``, and ``since`` which event of that (its seq) it was opened; a
    fork knows ``forked_from`` which room it was made, and at which event of that, ``forked_at``.
    """

    settings: RoomSettings
    title: str = ""
    parent: RoomId | None = None
    since: int | None = None
    forked_from: RoomId | None = None
    forked_at: int | None = None


@dataclass(frozen=True, slots=True)
class RoomPaused:
    """No more grants until the room is resumed; people may still post."""


@dataclass(frozen=True, slots=True)
class RoomResumed:
    """Grants go on."""


@dataclass(frozen=True, slots=True)
class PolicyChanged:
    """From now on the room arbitrates by another policy (its specification)."""

    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RoomEnded:
    """The last event of a room that was closed."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """A participant came in, by itself or brought in by another.

    Without ``history`` it sees nothing from before.
    """

    name: str
    kind: Kind
    profile: Profile = PLAIN
    invited_by: ParticipantId | None = None
    history: bool = True


@dataclass(frozen=True, slots=True)
class Left:
    """A participant went away."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance. ``turn`` is missing when a person spoke without holding the floor.

    ``reply_to`` is the seq of the event it answers. ``interrupted_by`` marks an utterance that was
    cut off: the text is what had been delivered until then.

    ``addressees`` are obliged to answer; ``meant`` are those whom it seems to be for beside them,
    and ``everyone`` says that it turns to all. ``found`` is how that was found, ``sure`` how sure
    it is (0 to 1). ``link`` is the seq of what it seems to answer where nobody said so, ``thread``
    that of the utterance with which its thread began, ``None`` where it begins one itself.
    """

    text: str
    addressees: tuple[ParticipantId, ...] = ()
    turn: TurnId | None = None
    reply_to: int | None = None
    interrupted_by: ParticipantId | None = None
    uptake: Uptake = Uptake.TAKEN
    meant: tuple[ParticipantId, ...] = ()
    everyone: bool = False
    found: Found = Found.EXPLICIT
    sure: float = 1.0
    link: int | None = None
    thread: int | None = None


@dataclass(frozen=True, slots=True)
class FloorRequested:
    """A raised hand (RFC 8855: a floor request, now pending)."""

    priority: int = 0


@dataclass(frozen=True, slots=True)
class FloorRequestCancelled:
    """The hand came down again."""


@dataclass(frozen=True, slots=True)
class FloorRequestDenied:
    """The chair turned the request down."""

    chair: ParticipantId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Nominated:
    """The chair named this participant to speak next; a chaired room follows."""

    chair: ParticipantId


@dataclass(frozen=True, slots=True)
class TurnGranted:
    """The floor was given, until ``until`` (Unix seconds).

    ``rule`` names the rule that decided; ``answers`` is the seq of the utterance that is owed an
    answer. The event's audience is the audience of all that will be said in the turn. With
    ``discloses`` the speaker may draw upon what it was told in private turns since that seq.
    """

    turn: TurnId
    until: float
    rule: str
    answers: int | None = None
    discloses: int | None = None


@dataclass(frozen=True, slots=True)
class TurnResumed:
    """A new owner of the room took up an unfinished turn; ``done`` counts what is kept of it."""

    turn: TurnId
    until: float
    attempt: int
    done: int = 0


@dataclass(frozen=True, slots=True)
class TurnInformed:
    """The turn has been told what was said meanwhile, up to the seq ``as_of``."""

    turn: TurnId
    as_of: int


@dataclass(frozen=True, slots=True)
class BargedIn:
    """Somebody cuts into this turn, which ends at its next transition-relevance place."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class InterruptionLapsed:
    """Nobody has followed the interruption of this turn: a false one, so its speaker goes on."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class InputPolicyChanged:
    """From now on messages (of ``who``, or of all without one of their own) do this to turns."""

    input: InputPolicy
    who: ParticipantId | None = None


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The floor was given back or taken. ``more``: the speaker would go on if nobody else does.

    ``interrupted_by`` is who cut into it, or took it back.
    ``tokens`` and ``cost`` are what models took for the turn, as far as it is known, also if it
    was cut or failed.
    """

    turn: TurnId
    outcome: Outcome
    problem: str | None = None
    more: bool = False
    interrupted_by: ParticipantId | None = None
    tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class PolicyFailed:
    """The policy raised, or chose somebody who cannot be chosen; nobody was granted."""

    problem: str


Body: TypeAlias = (
    RoomOpened
    | RoomPaused
    | RoomResumed
    | PolicyChanged
    | SubRoomOpened
    | SubRoomClosed
    | RoomEnded
    | Joined
    | Left
    | Described
    | Noted
    | NoteStruck
    | Kept
    | RouterAttached
    | RouterDetached
    | Said
    | FloorRequested
    | FloorRequestCancelled
    | FloorRequestDenied
    | Nominated
    | Consulted
    | Advised
    | BidMade
    | AddresseeFound
    | ConsultationEnded
    | VoteCast
    | VoteCounted
    | PhaseBegan
    | PhaseExpired
    | TurnGranted
    | TurnResumed
    | TurnInformed
    | PlanProposed
    | TasksMoved
    | PlanEnded
    | TurnParked
    | ReturnRequested
    | TurnReturned
    | AnswerAwaited
    | AnswerMissed
    | ApprovalAsked
    | ApprovalAnswered
    | ApprovalSettled
    | ApprovalExpired
    | OutcomeAsked
    | OutcomeRecorded
    | BargedIn
    | InterruptionLapsed
    | InputPolicyChanged
    | TurnEnded
    | PolicyFailed
    | BudgetSpent
    | ConditionChanged
    | TimeElapsed
    | ConditionFailed
    | Concluded
)

BODIES: dict[str, type[Body]] = {body.__name__: body for body in get_args(Body)}
"""Every kind of event by its name in the ``type`` column."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that has not yet got its place in the order."""

    by: ParticipantId
    body: Body
    audience: Audience = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One row of a room's log. ``seq`` counts from 1 without a gap; ``at`` is Unix seconds.

    ``cause`` is the seq of the first event of the step that this one was written in: what was asked
    for in one request, and what was decided on it, share a cause.
    """

    room: RoomId
    seq: int
    cause: int
    at: float
    by: ParticipantId
    body: Body
    audience: Audience = None
    key: str | None = None

    @property
    def type(self) -> str:
        """The body's name, as in the ``type`` column."""
        return type(self.body).__name__

    @property
    def text(self) -> str:
        """What was said; empty for an event that is no utterance."""
        return self.body.text if isinstance(self.body, Said) else ""
