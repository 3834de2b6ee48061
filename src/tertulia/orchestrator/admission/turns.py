"""How turns end, and go on after a crash."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from tertulia.orchestrator.addressing import addressees
from tertulia.orchestrator.admission.keeping import keep
from tertulia.orchestrator.admission.words import WORDS, clean, within
from tertulia.orchestrator.arbiter import lease_s
from tertulia.orchestrator.events import (
    BargedIn,
    Draft,
    Found,
    InterruptionLapsed,
    Outcome,
    Said,
    TurnEnded,
    TurnInformed,
    TurnResumed,
    Uptake,
)
from tertulia.orchestrator.floor import Floor, Hold, revised
from tertulia.orchestrator.headway import stopped
from tertulia.orchestrator.parking import rest
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId, TurnId

RESUMPTIONS = 3
"""How often a turn is taken up again that comes no further before it counts as failed."""

ATTEMPTS = 100
"""How often a turn is taken up at all, however far it comes each time."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a turn has got: what has been heard of it, and whether it has begun to act."""

    delivered: str = ""
    acted: bool = False


Look: TypeAlias = Callable[[Hold], Progress]
"""How far a turn has got; from then on nothing more is heard of it until the step is settled."""


def unseen(hold: Hold) -> Progress:
    """The progress of a turn that runs nowhere."""
    return Progress()


def finish(floor: Floor, hold: Hold, reply: Reply) -> tuple[Draft, ...]:
    """Commit what an agent said in its turn, and give the floor back.

    Of a reply that repeats what the turn said before it was parked, only the rest is said.
    Names that nobody here bears, and text beyond the limit, are dropped and told as a problem.
    """
    held = floor.unfinished(hold.turn)
    if held is None:
        return ()
    beyond = rest(held.told, reply.text)
    said, problem = utterance(floor, hold, revised(reply, text=beyond))
    keeps = () if reply.keeps is None else keep(floor, hold, reply.keeps)
    here = hold.audience is None or floor.beside(hold.audience)  # else the room would hear the rest
    more = reply.more and bool(reply.text.strip()) and here
    ended = end(hold, Outcome.COMMITTED, problem, more=more)
    return (*keeps, *said, ended)


def utterance(floor: Floor, hold: Hold, reply: Reply) -> tuple[tuple[Draft, ...], str | None]:
    """What an agent says in its turn, if it says anything, and what is wrong with it."""
    text, problem = within(reply.text.strip(), floor.settings.text_limit, reply.problem)
    known = [who for who in reply.addressees if who in floor.members and who != hold.participant]
    strangers = [who for who in reply.addressees if who not in floor.members]
    if strangers:
        there = ", ".join(floor.members)
        told = f"addressed {', '.join(strangers)}, who is not here (here are {there})"
        problem = f"{problem}; {told}" if problem else told
    called = tuple(dict.fromkeys(known)) or addressees(text, floor.members, hold.participant)
    if hold.audience is not None:
        called = tuple(who for who in called if who in hold.audience)
    said = _in_its_thread(floor, hold, Said(text, called, hold.turn, hold.answers))
    return ((Draft(hold.participant, said, hold.audience),) if text else ()), problem


def cut(
    floor: Floor,
    hold: Hold,
    outcome: Outcome,
    by: ParticipantId,
    delivered: str,
    problem: str | None = None,
) -> tuple[Draft, ...]:
    """End a turn before its time: what had been delivered stands as said, marked as cut off."""
    if not still_held(floor, hold):
        return ()
    text, problem = within(delivered.strip(), floor.settings.text_limit, problem)
    said = Said(text, (), hold.turn, hold.answers, interrupted_by=by)
    said = _in_its_thread(floor, hold, said)
    drafts = [Draft(hold.participant, said, hold.audience)] if text else []
    return (*drafts, end(hold, outcome, problem, by=by))


def _in_its_thread(floor: Floor, hold: Hold, said: Said) -> Said:
    """What is said in a turn belongs where its grant did, and is meant for whom it answers."""
    if floor.settings.addressing is None:
        return said
    to = hold.partner
    if said.addressees or to is None or to not in floor.members:
        return revised(said, thread=hold.thread)
    return revised(said, meant=(to,), found=Found.TURN, thread=hold.thread)


def roll_back(floor: Floor, hold: Hold, by: ParticipantId, delivered: str) -> tuple[Draft, ...]:
    """Let a turn not have happened; what had been heard of it is taken back, for all to see."""
    text, problem = within(delivered.strip(), floor.settings.text_limit, None)
    taken_back = Uptake.RETRACTED
    said = Said(text, (), hold.turn, hold.answers, interrupted_by=by, uptake=taken_back)
    drafts = [Draft(hold.participant, said, hold.audience)] if text else []
    return (*drafts, end(hold, Outcome.ROLLED_BACK, problem, by=by))


def barge_in(floor: Floor, hold: Hold, by: ParticipantId) -> tuple[Draft, ...]:
    """Cut into a turn, which ends at its next transition-relevance place.

    A person who is waited for says nothing that one could wait for: that turn ends at once.
    """
    if hold in floor.parked:
        return (end(hold, Outcome.INTERRUPTED, by=by),)
    if not still_held(floor, hold) or hold.yields_to is not None:
        return ()
    if floor.members[hold.participant].kind is Kind.HUMAN:
        return cut(floor, hold, Outcome.INTERRUPTED, by, "")
    return (Draft(by, BargedIn(hold.turn), hold.audience),)


def inform(floor: Floor, hold: Hold) -> tuple[Draft, ...]:
    """Tell a turn all that has been said until now."""
    held = next((h for h in floor.holds if h.turn == hold.turn), None)
    if held is None or held.as_of >= floor.head:
        return ()
    return (Draft(held.participant, TurnInformed(held.turn, floor.head), held.audience),)


def go_on(floor: Floor, turn: TurnId) -> tuple[Draft, ...]:
    """Nobody has followed the interruption of this turn: let its speaker go on."""
    for cut_off in floor.cut_off:
        if cut_off.turn == turn:
            return (Draft(cut_off.participant, InterruptionLapsed(turn), cut_off.audience),)
    return ()


def take_up(floor: Floor, hold: Hold, now: float, done: int = 0) -> tuple[Draft, ...]:
    """Take up a turn that an earlier owner of the room left unfinished, with a fresh lease.

    ``done`` counts what is kept of it: while that grows, the turn is not given up.
    """
    if not any(held.turn == hold.turn for held in floor.holds):
        return ()
    if hold.yields_to is not None:
        return cut(floor, hold, Outcome.INTERRUPTED, hold.yields_to, "")
    if hold.turn in floor.ending:  # the room has stopped: the process ended before it was cut
        return (end(hold, Outcome.INTERRUPTED),)
    times = stopped(hold, done)
    if times > RESUMPTIONS or hold.attempt > ATTEMPTS:
        since = "during this turn" if times == hold.attempt else "since this turn came further"
        problem = f"given up: the process ended {times} times {since}"
        return (end(hold, Outcome.FAILED, problem),)
    until = round(now + lease_s(floor, floor.members[hold.participant].kind), 6)
    resumed = TurnResumed(hold.turn, until, hold.attempt + 1, done)
    return (Draft(hold.participant, resumed, hold.audience),)


def still_held(floor: Floor, hold: Hold) -> bool:
    """Whether the turn has not ended meanwhile."""
    return floor.unfinished(hold.turn) is not None


def end(
    hold: Hold,
    outcome: Outcome,
    problem: str | None = None,
    *,
    more: bool = False,
    by: ParticipantId | None = None,
) -> Draft:
    """The floor is given back, or taken ``by`` somebody."""
    told = None if problem is None else clean(problem)[:WORDS]
    taker = None if by in (ROOM, hold.participant) else by
    ended = TurnEnded(hold.turn, outcome, told, more, taker)
    return Draft(hold.participant, ended, hold.audience)
