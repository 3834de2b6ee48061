"""Saying something outside an agent's turn."""

from dataclasses import dataclass

from tertulia.orchestrator.addressing import Ear, Saying, addressees, understood
from tertulia.orchestrator.admission.hands import withdraw
from tertulia.orchestrator.admission.input import taken_in
from tertulia.orchestrator.admission.members import is_person, member
from tertulia.orchestrator.admission.rights import check_right
from tertulia.orchestrator.admission.turns import Look, end, unseen
from tertulia.orchestrator.admission.words import check_text, check_words
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Draft, Outcome, Said, Uptake
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.profile import Right
from tertulia.orchestrator.room import Audience, Kind, ParticipantId
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.visibility import audience_of


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody wants to say.

    ``to`` names addressees beyond those the text names, ``whisper`` the only ones to hear it;
    ``asked_by`` wrote ``reply_to``. A backchannel is said in passing, and asks for nothing.
    """

    by: ParticipantId
    text: str
    to: tuple[str, ...] = ()
    whisper: tuple[str, ...] = ()
    reply_to: int | None = None
    asked_by: ParticipantId | None = None
    key: str | None = None
    backchannel: bool = False

    @property
    def audience(self) -> Audience:
        """Who will hear it."""
        return audience_of(self.by, self.whisper) if self.whisper else None


def post(
    floor: Floor, wanted: Post, now: float = 0.0, look: Look = unseen, ear: Ear | None = None
) -> tuple[Draft, ...]:
    """Say something; ``look`` tells how far turns have got that it meets, ``ear`` what was heard.

    A person who holds the floor gives it back by speaking; persons who were being waited for are
    waited for no longer once somebody speaks to everybody (also one who was asked in a whisper, and
    speaks aloud); a raised hand comes down, since what it was raised for has been said.
    Raises ``Unknown``, ``BadContent``, ``NotNow``, ``RoomClosed``, and ``NotAllowed`` for one who
    may not whisper.
    """
    by, audience = wanted.by, _checked(floor, wanted)
    if wanted.backchannel:
        passing = Said(wanted.text, (), None, wanted.reply_to, uptake=Uptake.BACKCHANNEL)
        return (Draft(by, passing, audience, wanted.key),)
    hold = floor.hold_of(by)
    mine = hold is not None and hold.audience == audience and is_person(floor, by)
    turn = hold.turn if hold is not None and mine else None
    said = Said(wanted.text, _called(floor, wanted, audience), turn, wanted.reply_to)
    if ear is not None and floor.settings.addressing is not None:
        said = understood(Saying(floor, by, said, audience, now), ear)
    draft = Draft(by, said, audience, wanted.key)
    if not is_person(floor, by):
        return (draft,)
    drafts = taken_in(floor, draft, now, look)
    if any(isinstance(d.body, Said) and d.body.uptake is not Uptake.TAKEN for d in drafts[-1:]):
        return drafts
    ends = [end(hold, Outcome.COMMITTED)] if hold is not None and mine else []
    if audience is None:
        waiting = [h for h in floor.holds if is_person(floor, h.participant)]
        ends += [end(h, Outcome.PASSED) for h in waiting if not (mine and h is hold)]
        ends += withdraw(floor, by)
    return (*drafts, *ends)


def _checked(floor: Floor, wanted: Post) -> Audience:
    """The audience, once everything has been found to be in order."""
    member(floor, wanted.by)
    check(floor, wanted.by, Said)
    check_text(wanted.text, floor.settings.text_limit)
    check_words("key", wanted.key or "")
    if wanted.reply_to is not None and not 1 <= wanted.reply_to <= floor.head:
        hint = f"; the room has events 1 to {floor.head}"
        raise Unknown(kind="event", name=wanted.reply_to, hint=hint)
    for who in wanted.whisper:
        member(floor, who)
    if wanted.whisper:
        check_right(floor, wanted.by, Right.WHISPER)
    return wanted.audience


def _called(floor: Floor, wanted: Post, audience: Audience) -> tuple[ParticipantId, ...]:
    """Whom it is said to."""
    explicit = [member(floor, who).id for who in wanted.to]
    named = explicit or list(addressees(wanted.text, floor.members, wanted.by))
    if wanted.asked_by in floor.members and wanted.asked_by not in (None, wanted.by):
        named.append(wanted.asked_by)
    if audience is not None:
        others = [floor.members[who] for who in audience if who != wanted.by]
        agents = [seat.id for seat in others if seat.kind is Kind.AGENT]
        named = [who for who in named if who in audience] or agents or list(audience)
    return tuple(dict.fromkeys(who for who in named if who != wanted.by))
