"""Who may see what. Every view of a room is built here, below every prompt, stream and summary.

Two things decide: whom an event was meant for (its audience), and when a participant was there (its
stays). Who came in without history sees nothing from before it came, and who left sees nothing of
what happened after it went, wherever it looks.

The rule for a turn is stricter than the rule for a reader: what an agent says to an audience is
thought up from what was meant for *all of that audience*. So a whisper cannot slip out in a later
public turn. Stays narrow the speaker's own view and never that of others: an agent that has been
there all along does not forget when somebody comes in without history.

Facts, searches and summaries follow the same rule (``Reach``). In another room a fact is for those
who were there when it was learnt, and for nobody else, unless somebody has opened it to all.

There is one exception, which a policy has to ask for and the log shows (``TurnGranted.discloses``):
who sums up a round of private turns before everybody may draw upon what it was told in them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tertulia.orchestrator.events import Event, Joined, Left, Said
from tertulia.orchestrator.facts import Fact, Scope
from tertulia.orchestrator.floor import Floor, Hold, Keepsake, Note
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, Stay
from tertulia.orchestrator.subrooms import SubRoom

FROM_THE_BEGINNING = (Stay(1),)
"""The stays of one who may see all that has ever been meant for it."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one participant may see of a room: who it is, and when it was there."""

    who: ParticipantId
    stays: tuple[Stay, ...] = ()

    def sees(self, audience: Audience, seq: int) -> bool:
        """Whether something for ``audience`` that stands, or would stand, at ``seq`` is for it."""
        return (audience is None or self.who in audience) and self.was_there(seq)

    def was_there(self, seq: int) -> bool:
        """Whether this place in the log lies in one of its stays."""
        return any(
            stay.since <= seq and (stay.until is None or seq <= stay.until) for stay in self.stays
        )

    @property
    def whole(self) -> bool:
        """Whether no part of the log is out of its sight."""
        return self.stays == FROM_THE_BEGINNING


def sight_of(floor: Floor, who: ParticipantId) -> Sight:
    """What ``who`` may see, as of this floor; of a room that it never was in, nothing."""
    return Sight(who, floor.stays.get(who, ()))


def sight_in(events: Iterable[Event], who: ParticipantId) -> Sight:
    """The same, from a log: of its events only those of coming and going count."""
    stays: tuple[Stay, ...] = ()
    for event in events:
        if event.by == who:
            match event.body:
                case Joined(history=history):
                    stays = entered(stays, event.seq, history=history)
                case Left():
                    stays = gone(stays, event.seq)
    return Sight(who, stays)


def entered(stays: tuple[Stay, ...], seq: int, *, history: bool) -> tuple[Stay, ...]:
    """The stays of one who comes in at ``seq``; history opens all that went before."""
    return FROM_THE_BEGINNING if history else (*stays, Stay(seq))


def gone(stays: tuple[Stay, ...], seq: int) -> tuple[Stay, ...]:
    """The stays of one who leaves at ``seq``."""
    return (*stays[:-1], Stay(stays[-1].since, seq)) if stays else ()


def may_see(event: Event, sight: Sight) -> bool:
    """Whether an event is for this participant's eyes."""
    return sight.sees(event.audience, event.seq)


def covers(audience: Audience, other: Audience) -> bool:
    """Whether everybody in ``other`` is in ``audience``."""
    if audience is None:
        return True
    return other is not None and set(other) <= set(audience)


def seen(events: Iterable[Event], sight: Sight) -> Iterator[Event]:
    """Those of some events that are for this participant's eyes, in their order."""
    return (event for event in events if may_see(event, sight))


def seen_by(events: Iterable[Event], who: ParticipantId) -> Iterator[Event]:
    """The projection of a whole log that one participant may see, in the log's order."""
    whole = tuple(events)
    return seen(whole, sight_in(whole, who))


def speakable(events: Iterable[Event], speaker: Sight, audience: Audience) -> Iterator[Event]:
    """What ``speaker`` may draw on when it speaks to ``audience``: what was for all of them."""
    return (
        event for event in events if may_see(event, speaker) and covers(event.audience, audience)
    )


def entrusted(event: Event, speaker: Sight) -> bool:
    """Whether this was told to ``speaker`` to be summed up before everybody.

    That is so in a private turn that a policy granted; never in a whisper, nor in the answer to it.
    """
    said = event.body
    granted = isinstance(said, Said) and said.turn is not None and said.reply_to is None
    return granted and event.audience is not None and may_see(event, speaker)


def in_mind(notes: Iterable[Note], speaker: Sight, audience: Audience) -> tuple[Note, ...]:
    """The notes that ``speaker`` may draw on when it speaks to ``audience``, oldest first."""
    kept = (
        note
        for note in notes
        if speaker.sees(note.audience, note.seq) and covers(note.audience, audience)
    )
    return tuple(sorted(kept, key=lambda note: note.seq))


def kept_by(floor: Floor, speaker: ParticipantId, audience: Audience) -> tuple[Keepsake, ...]:
    """What ``speaker`` keeps and may draw on when it speaks to ``audience``, oldest first."""
    mine = (kept for kept in floor.kept if kept.by == speaker)
    return tuple(kept for kept in mine if covers(kept.audience, audience))


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be drawn on: by one who has this sight, for all who will hear it, as of a seq.

    ``hearers`` is the audience of what is made of it; of a reader, it is the reader alone.
    """

    sight: Sight
    hearers: Audience
    as_of: int | None = None

    def covers(self, audience: Audience, first: int, last: int) -> bool:
        """Whether what was for ``audience``, and comes from these places in the log, is in reach.

        Both have to lie in one stay.
        """
        who, stays = self.sight.who, self.sight.stays
        return (
            (audience is None or who in audience)
            and covers(audience, self.hearers)
            and (self.as_of is None or last <= self.as_of)
            and any(s.since <= first and (s.until is None or last <= s.until) for s in stays)
        )


def reading(sight: Sight) -> Reach:
    """What one participant may read."""
    return Reach(sight, (sight.who,))


def speaking(floor: Floor, hold: Hold) -> Reach:
    """What may be drawn on in a turn."""
    return Reach(sight_of(floor, hold.participant), hold.audience, hold.as_of)


def recallable(fact: Fact, room: RoomId, reach: Reach) -> bool:
    """Whether a fact may be recalled in ``room`` within ``reach``."""
    who = reach.sight.who
    if fact.scope is Scope.PARTICIPANT and fact.owner != who:
        return False
    if fact.room == room:
        return reach.covers(fact.audience, fact.first, fact.last)
    known = fact.elsewhere is None or who in fact.elsewhere
    return fact.scope is not Scope.ROOM and known and covers(fact.elsewhere, reach.hearers)


def witnesses(floor: Floor, first: int, last: int) -> tuple[ParticipantId, ...]:
    """Those who were there for this part of the log as a whole, sorted."""
    there = (Reach(Sight(who, stays), (who,)) for who, stays in floor.stays.items())
    return tuple(sorted(r.sight.who for r in there if r.covers(None, first, last)))


def sub_rooms_of(floor: Floor, who: ParticipantId) -> tuple[SubRoom, ...]:
    """The open sub-rooms of a room that ``who`` knows of."""
    sight = sight_of(floor, who)
    return tuple(sub for sub in floor.subrooms if sight.sees(sub.audience, sub.seq))


def audience_of(speaker: ParticipantId, listeners: Iterable[str]) -> Audience:
    """The audience of a whisper: speaker and listeners, each once, sorted."""
    return tuple(sorted({speaker, *map(ParticipantId, listeners)}))
