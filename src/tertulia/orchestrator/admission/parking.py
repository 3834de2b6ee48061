"""Giving the floor up while a turn waits for something, and getting it back."""

from dataclasses import dataclass

from tertulia.orchestrator.admission.members import member
from tertulia.orchestrator.admission.turns import RESUMPTIONS, cut, end, utterance
from tertulia.orchestrator.admission.words import check_text
from tertulia.orchestrator.conditions.amounts import EARLY_S
from tertulia.orchestrator.errors import NotAllowed
from tertulia.orchestrator.events import (
    AnswerAwaited,
    AnswerMissed,
    Draft,
    Outcome,
    ReturnRequested,
    TurnParked,
)
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId, TurnId

WAITS = 8 * RESUMPTIONS
"""How often a turn is taken up again that was found parked, before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a turn says before it gives the floor up, and until when it waits (Unix seconds).

    ``asks`` is what it wants in the log before that, ``to`` whom what it says is for.
    """

    until: float
    delivered: str = ""
    asks: tuple[Draft, ...] = ()
    to: tuple[ParticipantId, ...] = ()


def park(floor: Floor, hold: Hold, wanted: Wait) -> tuple[Draft, ...]:
    """Give the floor up; what was said until now is committed.

    A turn that somebody has cut into ends here. One that is parked already waits for longer, if
    that is wanted, and no longer wants to come back.
    """
    held = floor.unfinished(hold.turn)
    if held is None:
        return ()
    parked = Draft(held.participant, TurnParked(held.turn, wanted.until), held.audience)
    if held not in floor.holds:
        later = wanted.until > held.until or held.returns is not None
        return (*wanted.asks, parked) if later else wanted.asks
    if held.yields_to is not None:
        return cut(floor, held, Outcome.INTERRUPTED, held.yields_to, wanted.delivered)
    said, problem = utterance(floor, held, Reply(wanted.delivered, wanted.to))
    body = TurnParked(held.turn, wanted.until, problem)
    return (*said, *wanted.asks, Draft(held.participant, body, held.audience))


def ask_back(floor: Floor, turn: TurnId) -> tuple[Draft, ...]:
    """Want the floor again; nothing if the turn has it, wants it already, or is over."""
    for hold in floor.parked:
        if hold.turn == turn and hold.returns is None:
            return (Draft(hold.participant, ReturnRequested(turn), hold.audience),)
    return ()


def expire_parked(floor: Floor, hold: Hold, now: float) -> tuple[Draft, ...]:
    """End a turn that has waited for as long as it wanted, and has not asked to come back."""
    parked = next((one for one in floor.parked if one.turn == hold.turn), None)
    if parked is None or parked.returns is not None or now < parked.until - EARLY_S:
        return ()
    return (end(parked, Outcome.EXPIRED),)


def take_back(floor: Floor) -> tuple[Draft, ...]:
    """Take up the turns that an earlier owner left parked: they are to have the floor again.

    They run again then, and come to the place where they waited.
    """
    return tuple(_taken_back(floor, parked) for parked in floor.parked)


def _taken_back(floor: Floor, parked: Hold) -> Draft:
    if parked.turn in floor.ending:
        return end(parked, Outcome.INTERRUPTED)
    if parked.attempt > WAITS:
        problem = f"given up: the process ended {parked.attempt} times during this turn"
        return end(parked, Outcome.FAILED, problem)
    asked = ReturnRequested(parked.turn, crashed=True)
    return Draft(parked.participant, asked, parked.audience)


# ---- asking somebody in mid-turn


def asked(floor: Floor, hold: Hold, who: str, text: str) -> ParticipantId:
    """Whom a turn asks something. Raises ``Unknown``, ``NotAllowed`` or ``BadContent``."""
    seat = member(floor, who)
    check_text(text, floor.settings.text_limit)
    others = [
        one.id
        for one in floor.members.values()
        if one.kind is not Kind.OBSERVER
        and one.id != hold.participant
        and (hold.audience is None or one.id in hold.audience)
    ]
    if seat.id not in others:
        there = ", ".join(others) or "nobody"
        hint = f"those who hear it, and speak, are {there}"
        raise NotAllowed(who=hold.participant, what=f"ask {who!r} in this turn", hint=hint)
    return seat.id


def awaited(hold: Hold, number: int, to: ParticipantId, until: float) -> Draft:
    """An answer to what the turn has just said is waited for."""
    return Draft(hold.participant, AnswerAwaited(hold.turn, number, to, until), hold.audience)


def miss(floor: Floor, now: float) -> tuple[Draft, ...]:
    """The answers that have not come in time."""
    return tuple(
        Draft(ROOM, AnswerMissed(query.turn, query.number), query.audience)
        for query in floor.queries
        if query.open and now >= query.until - EARLY_S
    )
