"""Coming in and going away."""

from difflib import get_close_matches

from tertulia.orchestrator.admission.turns import cut, end
from tertulia.orchestrator.admission.words import check_words
from tertulia.orchestrator.errors import Exists, Unknown
from tertulia.orchestrator.events import (
    Draft,
    Joined,
    Left,
    Outcome,
)
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.room import Kind, Participant, ParticipantId
from tertulia.orchestrator.transitions import check


def member(floor: Floor, who: str) -> Seat:
    """The seat of somebody in the room. Raises ``Unknown``, with the nearest name, for others."""
    seat = floor.members.get(ParticipantId(who))
    if seat is None:
        close = get_close_matches(who, floor.members, n=1)
        there = ", ".join(floor.members) or "nobody"
        hint = f"; did you mean {close[0]!r}?" if close else f" in room {floor.room!r}: {there}"
        raise Unknown(kind="participant", name=who, hint=hint)
    return seat


def is_person(floor: Floor, who: ParticipantId) -> bool:
    """Whether a member is a person."""
    return floor.members[who].kind is Kind.HUMAN


def join(floor: Floor, newcomer: Participant, *, history: bool = True) -> tuple[Draft, ...]:
    """Come in; nothing if the same participant is in already. Raises ``Exists`` for another one.

    Without ``history`` it sees nothing from before.
    """
    seat = floor.members.get(newcomer.id)
    if seat is not None:
        if (seat.name, seat.kind) != (newcomer.name, newcomer.kind):
            raise Exists(kind="participant", name=newcomer.id)
        return ()
    check(floor, newcomer.id, Joined)
    if floor.departed.get(newcomer.id, (newcomer.name, newcomer.kind)) != (
        newcomer.name,
        newcomer.kind,
    ):  # whispers to whoever left are not for somebody else of that handle
        raise Exists(kind="participant", name=newcomer.id)
    came = Joined(newcomer.name, newcomer.kind, newcomer.profile, history=history)
    return (Draft(newcomer.id, came),)


def leave(floor: Floor, who: ParticipantId, reason: str, delivered: str) -> tuple[Draft, ...]:
    """Go away; a turn that was under way ends with what it had delivered, those parked too."""
    member(floor, who)
    check_words("reason", reason)
    hold = floor.hold_of(who)
    ends = () if hold is None else cut(floor, hold, Outcome.LEFT, who, delivered)
    ends += tuple(end(h, Outcome.LEFT) for h in floor.parked if h.participant == who)
    return (*ends, Draft(who, Left(reason)))
