"""Who is in a room and how the room is set up. Values only: nothing here happens."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from types import NoneType
from typing import Any, NewType, TypeAlias, TypeVar

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.profile import PLAIN, Profile, Right, rights

RoomId = NewType("RoomId", str)
ParticipantId = NewType("ParticipantId", str)
TurnId = NewType("TurnId", str)
"""A room's id and the turn's serial number in it: ``kitchen/12``. Also LangGraph's thread id."""
EffectId = NewType("EffectId", str)
"""The turn's id, ``/``, and the call's: also the idempotency key that a tool is handed."""

Audience: TypeAlias = tuple[ParticipantId, ...] | None
"""Who may see an event, its speaker among them, sorted; ``None`` is everybody in the room."""

ROOM = ParticipantId("room")
"""Who is named as the author of what the room itself does."""

Value = TypeVar("Value", bound=StrEnum)

_HANDLE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_ROOM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class Stay:
    """A stretch of a room's log, ends included, in which a participant was there to see it.

    It begins where the participant came in, or earlier if history was opened to it; without an end
    it is still there.
    """

    since: int
    until: int | None = None


class Kind(StrEnum):
    """What a participant is: a person, a program that speaks, or one who only watches."""

    HUMAN = "human"
    AGENT = "agent"
    OBSERVER = "observer"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who can be in rooms.

    ``id`` is the handle in mentions and rows: lower case letters, digits, ``_ . -``, at most 64.
    ``profile`` is what a room is told when it comes in. Raises ``Invalid`` for a handle or a name
    that cannot be used.
    """

    id: ParticipantId
    name: str
    kind: Kind
    profile: Profile = PLAIN

    def __post_init__(self) -> None:
        """Check the handle and the name once, at the door."""
        if not _HANDLE.fullmatch(self.id) or self.id in (ROOM, "all", "everyone"):
            raise Invalid(
                where=f"participant {self.id!r}",
                what="a handle is 1 to 64 of a-z 0-9 _ . - and none of room, all, everyone",
            )
        if not self.name.strip() or len(self.name) > _NAME_LIMIT or not _is_a_line(self.name):
            raise Invalid(where=f"participant {self.id!r}", what="a name is one line of 1 to 80")


def _is_a_line(name: str) -> bool:
    return len(name.splitlines()) == 1 and name == name.encode(errors="replace").decode()


def handle(name: str) -> ParticipantId:
    """Make a handle from a display name: ``Ana María`` becomes ``ana-maria``."""
    ascii_only = re.sub(r"[^a-z0-9]+", "-", _fold(name)).strip("-.")
    return ParticipantId(ascii_only or "somebody")


def room_name(name: str) -> RoomId:
    """A room's id. Raises ``Invalid`` for a name that no room can have."""
    if not _ROOM_NAME.fullmatch(name):
        what = "a name is 1 to 128 letters, digits and _ . : -, beginning with one of the former"
        raise Invalid(where=f"room {name!r}", what=what)
    return RoomId(name)


def _fold(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


class InputPolicy(StrEnum):
    """What a person's message does to a turn that it concerns (LangGraph Platform's words).

    It is in the log and acknowledged under each of them.
    """

    ENQUEUE = "enqueue"
    """The turn goes on with what it saw; the message is answered after it."""
    INFORM = "inform"
    """The turn goes on, and is told at its next node."""
    INTERRUPT = "interrupt"
    """The turn is cut; what had been delivered stands."""
    ROLLBACK = "rollback"
    """The turn has not happened and begins anew; what had been delivered is taken back, marked."""
    REJECT = "reject"
    """The message asks nothing of anybody; whoever wants an answer asks again after the turn."""


class Addressing(StrEnum):
    """How far a room goes to find out whom an utterance without a mark is meant for."""

    EXPLICIT = "explicit"
    """Marks only: a mention, a name called, ``to``, ``reply_to``, the audience of a whisper."""
    PAIRS = "pairs"
    """Also names called without a sign, and adjacency pairs: whoever was asked answers."""
    LEARNED = "learned"
    """Also a learned reader: a hint, which obliges an agent only where it is sure."""
    MODEL = "model"
    """Also a model, where it is still not clear: asked after the post, within ``addressing_s``."""

    @property
    def reads(self) -> bool:
        """Whether the learned reader is asked."""
        return self in (Addressing.LEARNED, Addressing.MODEL)


class CutAt(StrEnum):
    """When a turn that somebody cuts into ends."""

    ONCE = "once"
    TRP = "trp"
    """At the next transition-relevance place: the end of a sentence, or of a tool call."""


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """How a room arbitrates. Written into its first event, so that the log replays alone.

    ``policy`` is a policy's specification (see ``policies.specify``). ``capacity`` is how many may
    hold the floor at once (``None``: as many as like). ``lease_s`` is how long an agent may hold
    it, ``patience_s`` how long a person who was asked is waited for, both in seconds.
    ``turn_limit`` ends agents' talk after so many of their turns (``None``: never).

    ``input`` is what a person's message does to an agent's turn in flight, ``input_of`` that of
    some persons (by handle). ``cut_at`` says when a turn ends that is cut into; a TRP is waited for
    ``trp_s`` seconds at most. What a person sends within ``coalesce_s`` seconds is one burst: a
    turn that has not begun to speak starts again with all of it (0: never). An agent that was
    interrupted, and whom nobody has followed within ``resume_s`` seconds, goes on (``None``: no).

    ``addressing`` is how far the room goes to find out who is meant; ``None``, as in logs of old,
    is by marks only (a room opened anew without a word gets ``pairs``). A model that is asked has
    ``addressing_s`` seconds.

    ``until`` specifies a condition at which the room stops (see ``conditions``; ``None``: never).

    ``permissions`` are the rights of everybody whose profile does not say otherwise (``None``: all
    of them, but for observers, who have none).

    With ``side_floors`` each audience that whispers has a floor of its own beside everybody's, with
    the same ``capacity``; without, whispered turns take everybody's floor. ``None`` is with them in
    a room that is opened now, and without in one whose log is older than they are.
    """

    policy: Mapping[str, Any] = field(default_factory=lambda: {"name": "conversational"})
    capacity: int | None = 1
    lease_s: float = 120.0
    patience_s: float = 20.0
    text_limit: int = 20_000
    turn_limit: int | None = None
    input: InputPolicy = InputPolicy.ENQUEUE
    input_of: Mapping[str, InputPolicy] = field(default_factory=dict)
    cut_at: CutAt = CutAt.ONCE
    trp_s: float = 3.0
    coalesce_s: float = 1.5
    resume_s: float | None = None
    addressing: Addressing | None = None
    until: Mapping[str, Any] | None = None
    permissions: tuple[Right, ...] | None = None
    side_floors: bool | None = None
    addressing_s: float = 10.0

    def __post_init__(self) -> None:
        """Check the numbers once, at the door."""
        for name in ("lease_s", "patience_s", "text_limit", "addressing_s"):
            if not 0 < getattr(self, name) < inf:
                raise Invalid(
                    where=f"room setting {name}", what="must be greater than 0, and finite"
                )
        self._check_input()
        if self.addressing is not None:
            _put(self, "addressing", one_of(Addressing, "addressing", self.addressing))
        _put(self, "permissions", rights("room setting permissions", self.permissions))
        for name in ("text_limit", "capacity", "turn_limit"):
            if type(getattr(self, name)) not in (int, NoneType):
                raise Invalid(where=f"room setting {name}", what="must be a whole number")
        if self.capacity is not None and self.capacity < 1:
            raise Invalid(where="room setting capacity", what="must be at least 1, or nothing")
        if self.turn_limit is not None and self.turn_limit < 0:
            raise Invalid(where="room setting turn_limit", what="must not be negative")

    def _check_input(self) -> None:
        for name in ("trp_s", "coalesce_s", "resume_s"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < inf:
                raise Invalid(where=f"room setting {name}", what="must not be negative, and finite")
        if not isinstance(self.input_of, Mapping):
            what = f"must be input policies by handle, not {self.input_of!r:.80}"
            raise Invalid(where="room setting input_of", what=what)
        _put(self, "input", one_of(InputPolicy, "input", self.input))
        _put(self, "cut_at", one_of(CutAt, "cut_at", self.cut_at))
        of = {who: one_of(InputPolicy, f"input_of {who}", p) for who, p in self.input_of.items()}
        _put(self, "input_of", of)

    def input_by(self, who: ParticipantId) -> InputPolicy:
        """What a message of this participant does to a turn in flight."""
        return self.input_of.get(who, self.input)


_put = object.__setattr__


def one_of(kind: type[Value], where: str, word: str) -> Value:
    """The word as a value of ``kind``. Raises ``Invalid`` with the words there are."""
    try:
        return kind(word)
    except ValueError:
        there = ", ".join(kind)
        what = f"there is no {word!r:.80}; there are {there}"
        raise Invalid(where=f"room setting {where}", what=what) from None
