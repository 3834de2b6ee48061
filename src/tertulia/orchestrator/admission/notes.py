"""Notes about participants: who may keep one, for whose eyes, and how many."""

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.admission.rights import check_right
from tertulia.orchestrator.admission.words import check_text
from tertulia.orchestrator.errors import BadContent, NotAllowed, Unknown
from tertulia.orchestrator.events import Draft, Noted, NoteStruck
from tertulia.orchestrator.floor import Floor, Note
from tertulia.orchestrator.profile import Right
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.visibility import audience_of

NOTES, NOTE = 16, 300
"""How many notes one participant keeps about another at most, and how many characters each has."""


def note(
    floor: Floor, by: ParticipantId, about: str, text: str, whisper: tuple[str, ...]
) -> tuple[Draft, ...]:
    """Keep something in mind about a participant; ``whisper`` names the only ones to know it.

    The limit counts the author's own notes, so that it tells nobody of notes that are not for them.
    Raises ``NotAllowed``, ``Unknown``, ``BadContent`` or ``NotNow``.
    """
    check_right(floor, by, Right.NOTE)
    check(floor, by, Noted)
    check_text(text, NOTE)
    subject = member(floor, about).id
    listeners = [member(floor, who).id for who in whisper]
    mine = [kept for kept in floor.notes.get(subject, ()) if kept.by == by]
    if len(mine) >= NOTES:
        what = f"{by!r} keeps {len(mine)} notes about {subject!r}"
        raise BadContent(what=what, hint=f"strike one first; note {mine[0].seq} is the oldest")
    audience = audience_of(by, listeners) if listeners else None
    return (Draft(by, Noted(subject, text), audience),)


def strike(floor: Floor, by: ParticipantId, seq: int) -> tuple[Draft, ...]:
    """Let a note no longer hold: its author, and the one it is about if it may see it."""
    member(floor, by)
    found = _find(floor, seq, by)
    if found is None:
        raise Unknown(kind="note", name=seq, hint=f" that {by!r} could see")
    if by not in (found.by, found.about):
        hint = " and ".join(dict.fromkeys((found.by, found.about)))
        raise NotAllowed(who=by, what=f"strike note {seq}", hint=f"{hint} may")
    check(floor, by, NoteStruck)
    return (Draft(by, NoteStruck(seq), found.audience),)


def _find(floor: Floor, seq: int, by: ParticipantId) -> Note | None:
    every = (kept for notes in floor.notes.values() for kept in notes)
    return next(
        (n for n in every if n.seq == seq and (n.audience is None or by in n.audience)), None
    )
