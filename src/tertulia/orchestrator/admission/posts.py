"""Saying something outside an agent's turn."""

from collections.abc import Iterable

from tertulia.orchestrator.addressing import addressees
from tertulia.orchestrator.admission.hands import withdraw
from tertulia.orchestrator.admission.members import is_person, member
from tertulia.orchestrator.admission.turns import end
from tertulia.orchestrator.admission.words import (
    check_text,
    check_words,
)
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import (
    Draft,
    Outcome,
    Said,
)
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.visibility import audience_of


def post(
    floor: Floor,
    by: ParticipantId,
    text: str,
    *,
    to: Iterable[str] = (),
    whisper: Iterable[str] = (),
    reply_to: int | None = None,
    asked_by: ParticipantId | None = None,
    key: str | None = None,
) -> tuple[Draft, ...]:
    """Say something. ``whisper`` names the only ones to hear it; ``asked_by`` wrote ``reply_to``.

    A person who holds the floor gives it back by speaking; other persons who were being waited for
    are waited for no longer; a raised hand comes down, since what it was raised for has been said.
    Raises ``Unknown``, ``BadContent``, ``NotNow`` or ``RoomClosed``.
    """
    member(floor, by)
    check(floor, by, Said)
    check_text(text, floor.settings.text_limit)
    check_words("key", key or "")
    if reply_to is not None and not 1 <= reply_to <= floor.head:
        raise Unknown(kind="event", name=reply_to, hint=f"; the room has events 1 to {floor.head}")
    listeners = tuple(member(floor, who).id for who in whisper)
    audience = audience_of(by, listeners) if listeners else None
    named = [member(floor, who).id for who in to] or list(addressees(text, floor.members, by))
    if asked_by is not None and asked_by in floor.members:
        named.append(asked_by)
    if audience is not None:
        named = [who for who in named if who in audience] or list(listeners)
    called = tuple(dict.fromkeys(who for who in named if who != by))
    hold = floor.hold_of(by)
    mine = hold is not None and hold.audience == audience and is_person(floor, by)
    turn = hold.turn if hold is not None and mine else None
    said = Draft(by, Said(text, called, turn, reply_to), audience, key)
    ends = [end(hold, Outcome.COMMITTED)] if hold is not None and mine else []
    if is_person(floor, by) and audience is None:
        ends += [end(h, Outcome.PASSED) for h in floor.holds if _waits_for_another(floor, h, by)]
        ends += withdraw(floor, by)
    return (said, *ends)


def _waits_for_another(floor: Floor, hold: Hold, speaker: ParticipantId) -> bool:
    return hold.participant != speaker and is_person(floor, hold.participant)
