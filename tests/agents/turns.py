"""A turn without a room around it: what was said, who is there, whose turn it is."""

from collections.abc import Iterable

from tertulia.orchestrator import Event, Kind, Said, Turn, WallClock
from tertulia.orchestrator.floor import Hold, Seat
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId

ANA, BO, CY = ParticipantId("ana"), ParticipantId("bo"), ParticipantId("cy")

MEMBERS = {
    ANA: Seat(ANA, "Ana", Kind.HUMAN, 1),
    BO: Seat(BO, "Bo", Kind.AGENT, 2),
    CY: Seat(CY, "Cy Young", Kind.AGENT, 3),
}


def said(
    seq: int,
    by: str,
    text: str,
    *,
    to: Iterable[str] = (),
    audience: Audience = None,
    cut_by: str | None = None,
    thread: int | None = None,
) -> Event:
    called = tuple(map(ParticipantId, to))
    cut = None if cut_by is None else ParticipantId(cut_by)
    body = Said(text, called, interrupted_by=cut, thread=thread)
    return Event(RoomId("kitchen"), seq, seq, float(seq), ParticipantId(by), body, audience)


def turn_in(
    *view: Event,
    me: ParticipantId = BO,
    turn: str = "kitchen/7",
    answers: int | None = None,
    audience: Audience = None,
    attempt: int = 1,
    thread: int | None = None,
) -> Turn:
    """The turn of ``me`` after ``view``; what it says is in ``delivered``."""
    hold = Hold(TurnId(turn), me, 99, 0.0, 1e12, audience, answers, attempt, thread=thread)
    return Turn(hold, MEMBERS, view, WallClock(), lambda delta: None)
