"""Raising a hand, and what the chair does about it."""

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.admission.rights import check_right
from tertulia.orchestrator.admission.words import check_words
from tertulia.orchestrator.errors import BadContent, NotAllowed
from tertulia.orchestrator.events import (
    Draft,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    Nominated,
)
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.chaired import chairs
from tertulia.orchestrator.profile import Right, doing
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.transitions import check


def request(floor: Floor, who: ParticipantId, priority: int) -> tuple[Draft, ...]:
    """Raise a hand (or raise it higher)."""
    member(floor, who)
    if type(priority) is not int:
        raise BadContent(what=f"priority {priority!r:.80}", hint="a whole number says how urgent")
    check(floor, who, FloorRequested)
    return (Draft(who, FloorRequested(priority)),)


def withdraw(floor: Floor, who: ParticipantId) -> tuple[Draft, ...]:
    """Take a hand down; nothing if it is not up."""
    member(floor, who)
    if all(pending.participant != who for pending in floor.pending):
        return ()
    return (Draft(who, FloorRequestCancelled()),)


def nominate(floor: Floor, chair: ParticipantId, who: ParticipantId) -> tuple[Draft, ...]:
    """Name somebody to speak next. Raises ``Refused`` for anybody but the room's chair."""
    _check_chair(floor, chair)
    named = member(floor, who)
    check(floor, named.id, Nominated)
    return (Draft(named.id, Nominated(chair)),)


def deny(floor: Floor, chair: ParticipantId, who: ParticipantId, reason: str) -> tuple[Draft, ...]:
    """Turn a raised hand down, with a reason.

    Raises ``NotNow`` if it is not up, and ``Refused`` for anybody but the room's chair.
    """
    _check_chair(floor, chair)
    check(floor, member(floor, who).id, FloorRequestDenied)
    check_words("reason", reason)
    return (Draft(who, FloorRequestDenied(chair, reason)),)


def _check_chair(floor: Floor, who: ParticipantId) -> None:
    member(floor, who)
    chairing = chairs(floor.settings.policy)
    if who not in chairing:
        named = ", ".join(sorted(chairing))
        hint = f"{named} is in the chair" if named else "this room has no chair"
        raise NotAllowed(who=who, what=doing(Right.NOMINATE), hint=hint)
    check_right(floor, who, Right.NOMINATE)
