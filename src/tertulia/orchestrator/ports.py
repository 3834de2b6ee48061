"""What the inner rooms need from the outer ones, as small Protocols. No code lives here."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from tertulia.orchestrator.ballots import Ballot
from tertulia.orchestrator.documents import Ears, Passage
from tertulia.orchestrator.effects import Effect, EffectId
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.facts import Ending, Fact, FactId, Wanted
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.query import Query
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId
from tertulia.orchestrator.summaries import Summary
from tertulia.orchestrator.visibility import Reach, Sight


class Clock(Protocol):
    """Where time comes from. Live it is the wall clock; in simulation it jumps."""

    def now(self) -> float:
        """Unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back in so many seconds; the returned function cancels that."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """Whom a policy grants, by which rule, and which utterance (its seq) that answers.

    A turn that answers nothing may have an ``audience`` of its own, the participant in it, sorted.
    A speaker to everybody who ``discloses`` may draw upon what it was told since that seq in
    private turns that a policy granted (never upon whispers): for who sums up what others told it.
    """

    participant: ParticipantId
    rule: str
    answers: int | None = None
    audience: Audience = None
    discloses: int | None = None


@dataclass(frozen=True, slots=True)
class Bid:
    """An agent's wish to speak, from 0 to 1, and the private thought behind it."""

    score: float
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Consult:
    """What a policy wants to know before it decides; the answers will be on the floor.

    ``kind`` is ``select`` (an adviser names one of ``candidates``), ``bid`` (each of them says how
    much it wishes to speak) or ``vote`` (each of them votes on the ``ballot``); they are waited for
    ``within_s`` seconds.
    """

    kind: str
    candidates: tuple[ParticipantId, ...]
    within_s: float
    ballot: Ballot | None = None


@dataclass(frozen=True, slots=True)
class Advance:
    """Go on to the phase of this number, which is higher than that of the present one.

    ``seconds`` is how long it lasts at most (``None``: as long as it likes).
    """

    number: int
    name: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Exhausted:
    """What a policy lets everybody know before it decides: a limit of it has been used up.

    ``participant`` is who has used it up, ``None`` all agents together. Told once: then the floor
    has it among its ``spent``.
    """

    participant: ParticipantId | None
    limit: str
    amount: float


Decision: TypeAlias = Choice | Consult | Advance | Exhausted
"""What a policy may answer."""


class Policy(Protocol):
    """Who may speak next. Pure: it sees the floor and the time, and keeps nothing."""

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """One participant to grant, a question to ask first, the next phase, or ``None``: a lapse.

        Asked again until it returns ``None`` or the floor is full; whoever it names must be
        ``floor.eligible``.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tenure:
    """A room as its new owner finds it: the fencing token, and the floor at some event."""

    room: RoomId
    epoch: int
    head: int
    snapshot: Floor


@dataclass(frozen=True, slots=True)
class Batch:
    """Events that belong together: written in one transaction, or not at all.

    ``snapshot`` is the floor after the last of them, when it is time to keep one.
    """

    room: RoomId
    epoch: int
    events: tuple[Event, ...]
    snapshot: Floor | None = None


@dataclass(frozen=True, slots=True)
class RoomSummary:
    """A room as a list shows it; ``parent`` is the room that it is a sub-room of."""

    room: RoomId
    head: int
    owner: str | None
    parent: RoomId | None = None


class Log(Protocol):
    """The append-only events of all rooms. Its contract is the suite ``tests/storage/contract``."""

    async def acquire(self, room: RoomId) -> Tenure:
        """Become the room's one writer, under a new epoch; the room need not exist yet.

        Raises ``Elsewhere`` while another living process is that.
        """
        ...

    async def release(self, room: RoomId, epoch: int) -> None:
        """Let another process have the room at once. Does nothing if it has it already."""
        ...

    async def append(self, batch: Batch) -> None:
        """Write a batch durably, in one transaction that checks epoch, seq, keys and turns.

        Raises ``Fenced`` if the epoch is no longer the newest, ``StoreBusy`` or
        ``StoreUnusable`` if the database cannot take it; then nothing of it was written.
        """
        ...

    async def read(self, room: RoomId, after: int, limit: int) -> Sequence[Event]:
        """Events with ``seq > after`` in order, at most ``limit``."""
        ...

    async def said(
        self, room: RoomId, before: int, limit: int, seen_by: Sight | None = None
    ) -> Sequence[Event]:
        """The last ``limit`` utterances with ``seq < before``, in order.

        Of all of them, or of those that a participant with the sight ``seen_by`` may see.
        """
        ...

    async def keyed(self, room: RoomId, by: ParticipantId, key: str) -> Event | None:
        """The event that a participant's key names, if there is one."""
        ...

    async def unfinished(self) -> set[TurnId]:
        """The turns of all rooms that have been granted and have not ended."""
        ...

    async def rooms(self) -> Sequence[RoomSummary]:
        """Every room, by name."""
        ...

    async def close(self) -> None:
        """Finish what was queued and let go."""
        ...


class Ledger(Protocol):
    """What turns did to the world. Its contract is the suite ``tests/storage/ledger_contract``."""

    def write(self, effect: Effect, epoch: int, *, whole: str | None = None) -> Awaitable[None]:
        """Queue an effect, new or further on than it was; await what this returns to know it kept.

        It is queued when this returns, awaited or not, and what is queued first is durable first.
        ``whole`` is the result that ``effect.whole`` is the digest of. Awaiting raises ``Fenced``
        if the epoch of its room is no longer the newest, and ``StoreBusy`` or ``StoreUnusable``;
        then nothing was written.
        """
        ...

    async def abandon(self, room: RoomId, epoch: int, held: Collection[TurnId], now: float) -> None:
        """Settle, at ``now`` (Unix seconds), what turns other than those ``held`` have left open.

        Nobody will go on with it: what was running is uncertain, what was asked for is refused.
        Raises what awaiting ``write`` does.
        """
        ...

    async def of_turn(self, turn: TurnId) -> Sequence[Effect]:
        """The effects of a turn, in the order in which they were begun."""
        ...

    async def of_room(
        self, room: RoomId, limit: int, before: float | None = None
    ) -> Sequence[Effect]:
        """The last ``limit`` effects of a room begun ``before`` (Unix seconds), oldest first."""
        ...

    async def effect(self, name: EffectId) -> Effect | None:
        """The effect of that id."""
        ...

    async def in_doubt(self, room: RoomId, limit: int = 1000) -> Sequence[Effect]:
        """The uncertain effects of a room that may have changed something, oldest first."""
        ...

    async def whole(self, digest: str) -> str | None:
        """A result that was too long to be read, whole."""
        ...


class Digest(Protocol):
    """What was said, in short, and what models were given of it; a part of ``Memory``."""

    async def summarise(self, summary: Summary) -> Summary:
        """Keep a summary; the one that is kept, which is the one before for the same range."""
        ...

    async def summaries(self, room: RoomId, reach: Reach | None) -> Sequence[Summary]:
        """The newest summary for each audience within reach, by how far they go.

        One that is out of reach as a whole is not told, and no older one in its place.
        """
        ...

    async def said_to(
        self, room: RoomId, audience: Audience, after: int, limit: int
    ) -> Sequence[Event]:
        """The first utterances after a seq that were for exactly this audience, oldest first."""
        ...

    def record(self, turn: TurnId, report: str) -> None:
        """Note what a turn's model was given (JSON); it is written with what is written next."""
        ...

    async def recorded(self, turn: TurnId) -> str | None:
        """What a turn's model was given, when it was last asked."""
        ...


class Memory(Digest, Protocol):
    """What is remembered beyond the log. Its contract: ``tests/storage/memory_contract``."""

    async def remember(self, fact: Fact, instead_of: FactId | None = None) -> Fact:
        """Keep a fact; the one that is kept, which is the one before where the id is known.

        In the same transaction the fact ``instead_of`` ends: superseded by it, now (``fact.at``).
        Raises ``Unknown`` where that one does not hold any more, ``StoreBusy``, ``StoreUnusable``.
        """
        ...

    async def forget(self, name: FactId, ending: Ending) -> None:
        """Let a fact hold no longer; nothing if it has ended already."""
        ...

    async def fact(self, name: FactId) -> Fact | None:
        """The fact of that id, also one that has ended."""
        ...

    async def facts(self, room: RoomId, reach: Reach | None, wanted: Wanted) -> Sequence[Fact]:
        """The facts that may be recalled in ``room`` within ``reach``.

        ``None`` is for the house, which sees all that were learnt there. Which these are is part of
        the question to the store: what is out of reach takes no place among ``wanted.limit``.
        """
        ...

    async def search(
        self, room: RoomId, query: Query, reach: Reach | None, limit: int, before: int | None = None
    ) -> Sequence[Event]:
        """The last ``limit`` utterances within ``reach`` that the query finds, newest first.

        ``before`` is the seq below which they lie. What was taken back is not found.
        """
        ...


class Shelf(Protocol):
    """The passages of a collection of documents. Its contract: ``tests/storage/shelf_contract``.

    Called from any thread; each call waits until it is done. ``None`` for ears is the house, which
    knows everything.
    """

    def put(self, passages: Sequence[Passage]) -> None:
        """Keep passages, in place of those with the same ids."""
        ...

    def take(self, ids: Sequence[str] | None) -> None:
        """Keep those no longer; without ids, none at all."""
        ...

    def get(self, ids: Sequence[str], ears: Ears | None) -> Sequence[Passage]:
        """Those passages, as far as they may be told."""
        ...

    def parts(self, document: str) -> Sequence[str]:
        """The ids of a document's passages, in their order."""
        ...

    def nearest(
        self, vector: Sequence[float], ears: Ears | None, limit: int
    ) -> Sequence[tuple[Passage, float]]:
        """Those most alike in meaning, with their cosine (-1 to 1), the most alike first."""
        ...

    def having(self, query: Query, ears: Ears | None, limit: int) -> Sequence[Passage]:
        """Those that the query finds, the best first."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent says in its turn. Empty text is silence, which is a right answer.

    ``addressees`` hands the floor on (current selects next); ``more`` asks to go on if nobody
    else speaks; ``problem`` is told to everybody beside the text. ``tokens`` and ``cost`` are added
    to what the turn has spent. ``keeps`` is what the agent keeps for later turns before the same
    audience, in place of what it kept before (``None``: that stays).
    """

    text: str = ""
    addressees: tuple[ParticipantId, ...] = ()
    more: bool = False
    problem: str | None = None
    tokens: int = 0
    cost: float = 0.0
    keeps: Mapping[str, Any] | None = None
