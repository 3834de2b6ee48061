"""How turns end, and go on after a crash."""

from tertulia.orchestrator.addressing import addressees
from tertulia.orchestrator.admission.words import WORDS, clean, within
from tertulia.orchestrator.arbiter import lease_s
from tertulia.orchestrator.events import (
    Draft,
    Outcome,
    Said,
    TurnEnded,
    TurnResumed,
)
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.room import ParticipantId

RESUMPTIONS = 3
"""How often a turn is taken up again after crashes before it counts as failed."""


def finish(floor: Floor, hold: Hold, reply: Reply) -> tuple[Draft, ...]:
    """Commit what an agent said in its turn, and give the floor back.

    Names that nobody here bears, and text beyond the limit, are dropped and told as a problem.
    """
    if not still_held(floor, hold):
        return ()
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
    said = Said(text, called, hold.turn, hold.answers)
    drafts = [Draft(hold.participant, said, hold.audience)] if text else []
    more = reply.more and bool(text)
    ended = end(hold, Outcome.COMMITTED, problem, more=more)
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
    if not still_held(floor, hold):
        return ()
    text, problem = within(delivered.strip(), floor.settings.text_limit, problem)
    said = Said(text, (), hold.turn, hold.answers, interrupted_by=by)
    drafts = [Draft(hold.participant, said, hold.audience)] if text else []
    return (*drafts, end(hold, outcome, problem))


def take_up(floor: Floor, hold: Hold, now: float) -> tuple[Draft, ...]:
    """Take up a turn that an earlier owner of the room left unfinished, with a fresh lease."""
    if not still_held(floor, hold):
        return ()
    if hold.attempt > RESUMPTIONS:
        problem = f"given up: the process ended {hold.attempt} times during this turn"
        return (end(hold, Outcome.FAILED, problem),)
    until = round(now + lease_s(floor, floor.members[hold.participant].kind), 6)
    resumed = TurnResumed(hold.turn, until, hold.attempt + 1)
    return (Draft(hold.participant, resumed, hold.audience),)


def still_held(floor: Floor, hold: Hold) -> bool:
    """Whether the turn has not ended meanwhile."""
    return any(held.turn == hold.turn for held in floor.holds)


def end(hold: Hold, outcome: Outcome, problem: str | None = None, *, more: bool = False) -> Draft:
    """The floor is given back or taken."""
    told = None if problem is None else clean(problem)[:WORDS]
    return Draft(hold.participant, TurnEnded(hold.turn, outcome, told, more), hold.audience)
