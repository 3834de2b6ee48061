"""What a turn does to the world, as values: each tool call is one effect, written before it runs.

A ledger keeps them (``ports.Ledger``). What is written here decides what a crash may do: run a call
again, hand the tool the same key again, or ask a person what became of it. No tool runs here.
"""

from dataclasses import dataclass
from enum import StrEnum

from tertulia.orchestrator.approvals import ApprovalRule
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId
from tertulia.orchestrator.room import EffectId as EffectId


class EffectPolicy(StrEnum):
    """What may be done when it is not known whether a call came to its end."""

    SAFE_RETRY = "safe_retry"
    """It changes nothing, so it may run any number of times."""
    IDEMPOTENT = "idempotent"
    """It may be called again: the tool is handed the key, and has the effect once for each key."""
    AT_MOST_ONCE = "at_most_once"
    """It is never called again of itself: a person says what became of it."""


class EffectState(StrEnum):
    """How far an effect has come."""

    ASKED = "asked"
    """Somebody has to approve it first; the tool has not been called."""
    RUNNING = "running"
    """The tool may have been called; nobody knows yet what came of it."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The tool said so, and the result is its error; or a person said that it was not done."""
    REFUSED = "refused"
    """Nobody may do it, or nobody approved it in time: the tool was not called."""
    UNCERTAIN = "uncertain"
    """A crash came between call and outcome; a person is asked."""
    GIVEN_UP = "given_up"
    """It was uncertain, and a person said to leave it at that."""


SETTLED = frozenset(
    {EffectState.SUCCEEDED, EffectState.FAILED, EffectState.REFUSED, EffectState.GIVEN_UP}
)
"""The states that nothing follows."""

LEFT_OPEN = {EffectState.RUNNING: EffectState.UNCERTAIN, EffectState.ASKED: EffectState.REFUSED}
"""What an effect becomes when its turn is over and nobody will go on with it."""

TOO_LATE = "error: not done: the turn was over before anybody had approved it"
"""The result of what was asked for in a turn that is over."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One tool call.

    ``requester`` is who asked for the turn that makes it, ``principal`` the person on whose behalf
    (both ``None`` where an agent acts of its own accord). ``arguments`` is JSON with sorted keys,
    ``digest`` that of tool and arguments. ``audience`` is the turn's: nobody else sees the call.
    ``attempt`` counts how often it was begun. ``result`` is what the model reads; one that is too
    long for that is cut, and kept whole under the digest ``whole``. ``data``: the result is JSON of
    what the tool returned. ``seq`` is the last event that its turn had read when it was begun.
    ``decided_by`` is the person who said what became of an uncertain one, ``rule`` whose approval
    the tool needs (``None``: nobody's). Times are Unix seconds.
    """

    id: EffectId
    room: RoomId
    turn: TurnId
    participant: ParticipantId
    tool: str
    policy: EffectPolicy
    arguments: str
    digest: str
    began: float
    state: EffectState = EffectState.RUNNING
    requester: ParticipantId | None = None
    principal: ParticipantId | None = None
    audience: Audience = None
    attempt: int = 1
    result: str = ""
    whole: str | None = None
    settled: float | None = None
    data: bool = False
    seq: int = 0
    decided_by: ParticipantId | None = None
    rule: ApprovalRule | None = None
