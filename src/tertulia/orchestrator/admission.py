"""What somebody asks for, checked against the floor and worded as events. Pure.

Each function returns the drafts that a request amounts to, in their order, or raises a ``Refused``
that says what to change. An empty answer means that it has come true already.
"""

from collections.abc import Iterable
from difflib import get_close_matches

from tertulia.orchestrator.addressing import addressees
from tertulia.orchestrator.arbiter import lease_s
from tertulia.orchestrator.errors import BadContent, Exists, NotAllowed, Unknown
from tertulia.orchestrator.events import (
    Advised,
    BidMade,
    ConsultationEnded,
    Draft,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    Joined,
    Left,
    Nominated,
    Outcome,
    Said,
    TurnEnded,
    TurnResumed,
)
from tertulia.orchestrator.floor import Floor, Hold, Question, Seat
from tertulia.orchestrator.policies.chaired import chairs
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ROOM, Kind, Participant, ParticipantId
from tertulia.orchestrator.transitions import check
from tertulia.orchestrator.visibility import audience_of

RESUMPTIONS = 3
"""How often a turn is taken up again after crashes before it counts as failed."""

WORDS = 1024
"""The most characters of a key, a reason, a title or a problem."""


def member(floor: Floor, who: str) -> Seat:
    """The seat of somebody in the room. Raises ``Unknown``, with the nearest name, for others."""
    seat = floor.members.get(ParticipantId(who))
    if seat is None:
        close = get_close_matches(who, floor.members, n=1)
        there = ", ".join(floor.members) or "nobody"
        hint = f"; did you mean {close[0]!r}?" if close else f" in room {floor.room!r}: {there}"
        raise Unknown(kind="participant", name=who, hint=hint)
    return seat


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
    _check_text(text, floor.settings.text_limit)
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
    mine = hold is not None and hold.audience == audience and _is_person(floor, by)
    turn = hold.turn if hold is not None and mine else None
    said = Draft(by, Said(text, called, turn, reply_to), audience, key)
    ends = [_end(hold, Outcome.COMMITTED)] if hold is not None and mine else []
    if _is_person(floor, by) and audience is None:
        ends += [_end(h, Outcome.PASSED) for h in floor.holds if _waits_for_another(floor, h, by)]
        ends += withdraw(floor, by)
    return (said, *ends)


def join(floor: Floor, newcomer: Participant) -> tuple[Draft, ...]:
    """Come in; nothing if the same participant is in already. Raises ``Exists`` for another one."""
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
    return (Draft(newcomer.id, Joined(newcomer.name, newcomer.kind)),)


def leave(floor: Floor, who: ParticipantId, reason: str, delivered: str) -> tuple[Draft, ...]:
    """Go away; a turn that was under way ends with what it had delivered."""
    member(floor, who)
    check_words("reason", reason)
    hold = floor.hold_of(who)
    ends = () if hold is None else cut(floor, hold, Outcome.LEFT, who, delivered)
    return (*ends, Draft(who, Left(reason)))


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


def advise(floor: Floor, question: int, name: str | None) -> tuple[Draft, ...]:
    """An adviser's answer: a candidate, or ``None`` for nobody; nothing if the question is over.

    A name that is none of the candidates' comes to nothing, and everybody can see it.
    """
    asked = _open_question(floor, question)
    if asked is None:
        return ()
    if name is None or name in asked.candidates:
        choice = None if name is None else ParticipantId(name)
        return (Draft(ROOM, Advised(question, choice)),)
    told = f"{name!r:.80} is none of the candidates ({', '.join(asked.candidates)})"
    return (Draft(ROOM, Advised(question, None, _clean(told))),)


def unadvised(floor: Floor, question: int, problem: str) -> tuple[Draft, ...]:
    """The adviser failed."""
    if _open_question(floor, question) is None:
        return ()
    return (Draft(ROOM, Advised(question, None, _clean(problem)[:WORDS])),)


def bid(
    floor: Floor, question: int, who: ParticipantId, score: float, thought: str
) -> tuple[Draft, ...]:
    """How much an agent wishes to speak, from 0 to 1 (beyond is cut); its thought is its own."""
    asked = _open_question(floor, question)
    if asked is None or who not in asked.candidates or who not in floor.members:
        return ()
    known = min(1.0, max(0.0, float(score))) if score == score else 0.0  # nan is no wish
    return (Draft(who, BidMade(question, known, _clean(thought)[:WORDS]), (who,)),)


def end_consultation(floor: Floor, question: int, *, again: bool = False) -> tuple[Draft, ...]:
    """Wait no longer for answers; with ``again`` the policy may ask anew."""
    if _open_question(floor, question) is None:
        return ()
    return (Draft(ROOM, ConsultationEnded(question, again)),)


def finish(floor: Floor, hold: Hold, reply: Reply) -> tuple[Draft, ...]:
    """Commit what an agent said in its turn, and give the floor back.

    Names that nobody here bears, and text beyond the limit, are dropped and told as a problem.
    """
    if not _still_held(floor, hold):
        return ()
    text, problem = _within(reply.text.strip(), floor.settings.text_limit, reply.problem)
    known = [who for who in reply.addressees if who in floor.members and who != hold.participant]
    strangers = [who for who in reply.addressees if who not in floor.members]
    if strangers:
        there = ", ".join(floor.members)
        told = f"addressed {', '.join(strangers)}, who is not here (here are {there})"
        problem = f"{problem}; {told}" if problem else told
    called = tuple(dict.fromkeys(known)) or addressees(text, floor.members, hold.participant)
    if hold.audience is not None:
        called = tuple(who for who in called if who in hold.audience)
    said = Said(text, called, hold.turn, hold.answers)
    drafts = [Draft(hold.participant, said, hold.audience)] if text else []
    more = reply.more and bool(text)
    ended = _end(hold, Outcome.COMMITTED, problem, more=more)
    return (*drafts, ended)


def cut(
    floor: Floor,
    hold: Hold,
    outcome: Outcome,
    by: ParticipantId,
    delivered: str,
    problem: str | None = None,
) -> tuple[Draft, ...]:
    """End a turn before its time: what had been delivered stands as said, marked as cut off."""
    if not _still_held(floor, hold):
        return ()
    text, problem = _within(delivered.strip(), floor.settings.text_limit, problem)
    said = Said(text, (), hold.turn, hold.answers, interrupted_by=by)
    drafts = [Draft(hold.participant, said, hold.audience)] if text else []
    return (*drafts, _end(hold, outcome, problem))


def take_up(floor: Floor, hold: Hold, now: float) -> tuple[Draft, ...]:
    """Take up a turn that an earlier owner of the room left unfinished, with a fresh lease."""
    if not _still_held(floor, hold):
        return ()
    if hold.attempt > RESUMPTIONS:
        problem = f"given up: the process ended {hold.attempt} times during this turn"
        return (_end(hold, Outcome.FAILED, problem),)
    until = round(now + lease_s(floor, floor.members[hold.participant].kind), 6)
    resumed = TurnResumed(hold.turn, until, hold.attempt + 1)
    return (Draft(hold.participant, resumed, hold.audience),)


def check_words(what: str, words: str) -> None:
    """Raise ``BadContent`` for words beside the text (a key, a reason) that no log would keep."""
    if len(words) > WORDS:
        hint = f"at most {WORDS:,} are kept"
        raise BadContent(what=f"a {what} of {len(words):,} characters", hint=hint)
    if "\0" in words:  # PostgreSQL keeps none
        raise BadContent(what=f"a {what} with a NUL in it", hint="leave it out")
    _check_unicode(words)


def _check_text(text: str, limit: int) -> None:
    if not isinstance(text, str):
        raise BadContent(what=f"content is {type(text).__name__}", hint="say it as text")
    if not text.strip():
        raise BadContent(what="empty content", hint="say something, or say nothing at all")
    if len(text) > limit:
        hint = f"this room takes {limit:,} characters at most; say it in parts"
        raise BadContent(what=f"{len(text):,} characters", hint=hint)
    _check_unicode(text)


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadContent(what="not valid Unicode text", hint=str(error)) from None


def _within(text: str, limit: int, problem: str | None) -> tuple[str, str | None]:
    clean = _clean(text)
    if len(clean) <= limit:
        return clean, problem
    told = f"cut at {limit:,} of {len(clean):,} characters"
    return clean[:limit], f"{problem}; {told}" if problem else told


def _check_chair(floor: Floor, who: ParticipantId) -> None:
    member(floor, who)
    chairing = chairs(floor.settings.policy)
    if who not in chairing:
        named = ", ".join(sorted(chairing))
        hint = f"{named} is in the chair" if named else "this room has no chair"
        raise NotAllowed(who=who, what="give the floor or turn hands down", hint=hint)


def _open_question(floor: Floor, number: int) -> Question | None:
    asked = floor.question
    return asked if asked is not None and asked.number == number and not asked.over else None


def _still_held(floor: Floor, hold: Hold) -> bool:
    return any(held.turn == hold.turn for held in floor.holds)


def _is_person(floor: Floor, who: ParticipantId) -> bool:
    return floor.members[who].kind is Kind.HUMAN


def _waits_for_another(floor: Floor, hold: Hold, speaker: ParticipantId) -> bool:
    return hold.participant != speaker and _is_person(floor, hold.participant)


def _end(hold: Hold, outcome: Outcome, problem: str | None = None, *, more: bool = False) -> Draft:
    told = None if problem is None else _clean(problem)[:WORDS]
    return Draft(hold.participant, TurnEnded(hold.turn, outcome, told, more), hold.audience)


def _clean(text: str) -> str:
    """The text, with ``?`` for what is not valid Unicode: an agent's end must always be kept."""
    return text.encode(errors="replace").decode()
