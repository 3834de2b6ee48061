"""Who may approve what an agent wants to do, what is asked, and what came of it, as values.

Bodies of events, as in ``events``, which hands them on; and what the floor keeps.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import Audience, EffectId, ParticipantId, TurnId

ARGUMENTS = 100_000
"""The most characters of arguments that somebody is asked to approve."""


class Matter(StrEnum):
    """What somebody is asked about a call."""

    APPROVE = "approve"
    """Whether it may be made."""
    UNCERTAIN = "uncertain"
    """What became of it, since nobody knows whether it was made."""
    OUTCOME = "outcome"
    """The same, where the turn that made it is over, so that nobody can make it again."""


class Answer(StrEnum):
    """What one person says to it."""

    APPROVE = "approve"
    REFUSE = "refuse"
    HAPPENED = "happened"
    NOT_DONE = "not_done"
    AGAIN = "again"
    GIVE_UP = "give_up"


ANSWERS = {
    Matter.APPROVE: (Answer.APPROVE, Answer.REFUSE),
    Matter.UNCERTAIN: (Answer.HAPPENED, Answer.AGAIN, Answer.GIVE_UP),
    Matter.OUTCOME: (Answer.HAPPENED, Answer.NOT_DONE, Answer.GIVE_UP),
}
"""Which answers fit which matter; the last of each needs nobody else's."""


class Ruling(StrEnum):
    """What came of it."""

    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"
    """Not enough answered in time: as though refused."""
    WITHDRAWN = "withdrawn"
    """The turn that asked has ended."""
    HAPPENED = "happened"
    NOT_DONE = "not_done"
    AGAIN = "again"
    GIVEN_UP = "given_up"


RULINGS = {
    Answer.APPROVE: Ruling.APPROVED,
    Answer.REFUSE: Ruling.REFUSED,
    Answer.HAPPENED: Ruling.HAPPENED,
    Answer.NOT_DONE: Ruling.NOT_DONE,
    Answer.AGAIN: Ruling.AGAIN,
    Answer.GIVE_UP: Ruling.GIVEN_UP,
}
"""What an answer amounts to once enough have given it."""


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Whose approval a call needs: ``quorum`` of those whom the rest of the rule names.

    With ``requester``, the person may on whose behalf the call is made; ``participants`` by their
    handles; members with one of ``roles`` in their profile. A rule that names nobody means any
    person in the room. Only persons approve, and never an agent. Raises ``Invalid``.
    """

    requester: bool = False
    participants: tuple[ParticipantId, ...] = ()
    roles: tuple[str, ...] = ()
    quorum: int = 1

    def __post_init__(self) -> None:
        """Check the number once, at the door."""
        for name in ("participants", "roles"):
            given = getattr(self, name)
            if isinstance(given, str):
                what = f"a list of names, not {given!r:.80}"
                raise Invalid(where=f"approval rule, {name}", what=what)
            object.__setattr__(self, name, tuple(given))
        if type(self.quorum) is not int or self.quorum < 1:
            raise Invalid(where="approval rule, quorum", what="must be at least 1")

    @property
    def anybody(self) -> bool:
        """Whether it names nobody in particular."""
        return not (self.requester or self.participants or self.roles)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a turn wants to know of persons, and of which.

    ``id`` names this question in the room for ever: asked again, also after a crash, it is the same
    one, answered or not. ``arguments`` are a JSON object, as text; ``within_s`` is how long answers
    are waited for, in seconds. Raises ``Invalid``.
    """

    id: str
    kind: Matter
    tool: str
    arguments: str
    rule: ApprovalRule
    within_s: float
    why: str = ""

    def __post_init__(self) -> None:
        """Check everything once."""
        where = f"approval {self.id!r:.80}"
        object.__setattr__(self, "kind", Matter(self.kind))
        if canonical(self.arguments) is None or len(self.arguments) > ARGUMENTS:
            what = f"arguments are a JSON object of at most {ARGUMENTS:,} characters"
            raise Invalid(where=where, what=what)
        if not 0 < self.within_s <= LONGEST_S:
            what = f"within_s is more than 0 and at most {LONGEST_S:,.0f} seconds"
            raise Invalid(where=where, what=what)


LONGEST_S = 366 * 86_400.0
"""How long a turn waits for anything at most, in seconds."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of an asking: the ruling, the arguments to use (JSON), by whom, and their words."""

    ruling: Ruling
    arguments: str
    by: tuple[ParticipantId, ...] = ()
    note: str = ""

    @property
    def approved(self) -> bool:
        """Whether the call may be made."""
        return self.ruling is Ruling.APPROVED


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A turn waits until ``until`` (Unix seconds) for persons to approve a call.

    Or, where the ``kind`` is ``uncertain``, to say what became of it. The event's author is the
    agent, ``principal`` the person on whose behalf.
    """

    approval: str
    turn: TurnId
    kind: Matter
    tool: str
    arguments: str
    rule: ApprovalRule
    until: float
    principal: ParticipantId | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalAnswered:
    """What one person says to it; ``arguments`` only where they were edited."""

    approval: str
    answer: Answer
    arguments: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalSettled:
    """Enough have answered, or nobody need answer any more."""

    approval: str
    ruling: Ruling
    arguments: str | None = None
    by: tuple[ParticipantId, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalExpired:
    """Nobody, or not enough, answered in time: it is not approved."""

    approval: str


@dataclass(frozen=True, slots=True)
class OutcomeAsked:
    """Nobody knows what became of an ``effect`` whose ``turn`` is over: persons are asked.

    Until somebody has said so, however long that takes. ``participant`` is the agent.
    """

    approval: str
    effect: EffectId
    turn: TurnId
    participant: ParticipantId
    tool: str
    arguments: str
    rule: ApprovalRule
    principal: ParticipantId | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeRecorded:
    """What became of that effect stands in the ledger: nobody is asked any more."""

    approval: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One person's answer, as the floor keeps it."""

    by: ParticipantId
    answer: Answer
    arguments: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    """Something that a turn has asked persons to approve, at the seq ``seq``.

    ``verdict`` is what came of it, once something has. ``audience`` is the turn's: nobody else
    knows of it, or may answer. ``until`` in Unix seconds; ``None``: however long it takes.
    ``effect`` is what is in doubt where the turn is over.
    """

    id: str
    turn: TurnId
    by: ParticipantId
    kind: Matter
    tool: str
    arguments: str
    rule: ApprovalRule
    until: float | None
    seq: int
    audience: Audience = None
    principal: ParticipantId | None = None
    why: str = ""
    answers: tuple[Judgement, ...] = ()
    verdict: Verdict | None = None
    effect: EffectId | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits."""
        return self.verdict is None


def canonical(arguments: object) -> str | None:
    """A JSON object in one spelling; ``None`` for what is no JSON object."""
    if not isinstance(arguments, str):
        return None
    try:
        read = json.loads(arguments, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return None
    return json.dumps(read, sort_keys=True) if isinstance(read, dict) else None


def verdict_of(asked: Approval) -> Verdict | None:
    """What the answers amount to so far, if they do; approvals count for the same arguments only.

    Whoever refuses, or gives up, decides alone.
    """
    last = ANSWERS[asked.kind][-1]
    for one in asked.answers:
        if one.answer is last:
            return Verdict(RULINGS[last], asked.arguments, (one.by,), one.note)
    alike: dict[Any, list[Judgement]] = {}
    for one in asked.answers:
        used = asked.arguments if one.arguments is None else one.arguments
        alike.setdefault((one.answer, canonical(used)), []).append(one)
    for (answer, _), same in alike.items():
        if len(same) >= asked.rule.quorum:
            used = same[0].arguments or asked.arguments
            notes = "; ".join(one.note for one in same if one.note)
            return Verdict(RULINGS[answer], used, tuple(one.by for one in same), notes)
    return None


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
