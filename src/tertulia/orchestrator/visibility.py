"""Who may see what. Every view of a room is built here, below every prompt, stream and summary.

The rule for a turn is stricter than the rule for a reader: what an agent says to an audience is
thought up from what *that audience* may know. So a whisper cannot slip out in a later public turn.
"""

from collections.abc import Iterable, Iterator

from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Note
from tertulia.orchestrator.room import Audience, ParticipantId


def may_see(audience: Audience, who: ParticipantId) -> bool:
    """Whether ``who`` is among those an event was meant for."""
    return audience is None or who in audience


def covers(audience: Audience, other: Audience) -> bool:
    """Whether everybody in ``other`` is in ``audience``."""
    if audience is None:
        return True
    return other is not None and set(other) <= set(audience)


def seen_by(events: Iterable[Event], who: ParticipantId) -> Iterator[Event]:
    """The projection of a log that one participant may see, in the log's order."""
    return (event for event in events if may_see(event.audience, who))


def speakable(
    events: Iterable[Event], speaker: ParticipantId, audience: Audience
) -> Iterator[Event]:
    """What ``speaker`` may draw on when it speaks to ``audience``: what all of them may see."""
    return (
        event
        for event in events
        if may_see(event.audience, speaker) and covers(event.audience, audience)
    )


def in_mind(notes: Iterable[Note], speaker: ParticipantId, audience: Audience) -> tuple[Note, ...]:
    """The notes that ``speaker`` may draw on when it speaks to ``audience``, oldest first."""
    kept = (
        note
        for note in notes
        if may_see(note.audience, speaker) and covers(note.audience, audience)
    )
    return tuple(sorted(kept, key=lambda note: note.seq))


def audience_of(speaker: ParticipantId, listeners: Iterable[str]) -> Audience:
    """The audience of a whisper: speaker and listeners, each once, sorted."""
    return tuple(sorted({speaker, *map(ParticipantId, listeners)}))
