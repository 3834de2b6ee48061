"""What turns of random programs do off the floor, and what persons decide about it."""

from typing import Any

from tertulia.orchestrator import admission
from tertulia.orchestrator.admission import Wait
from tertulia.orchestrator.approvals import Answer, ApprovalRule, Asking, Matter
from tertulia.orchestrator.events import Draft
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.room import Kind, ParticipantId

RULES = (
    ApprovalRule(),
    ApprovalRule(quorum=2),
    ApprovalRule(requester=True),
    ApprovalRule(participants=(ParticipantId("ana"), ParticipantId("bo"))),
    ApprovalRule(roles=("supervisor",)),
)
WAITING = ("park", "back", "approval", "approve", "refuse", "question", "too late")


def waiting(floor: Floor, now: float, ask: tuple[Any, ...]) -> tuple[Draft, ...]:
    """One thing asked, worded as events. Raises ``Refused``."""
    match ask:
        case ("park", place, text):
            hold = _turn(floor, place)
            return () if hold is None else admission.park(floor, hold, Wait(now + 9, text))
        case ("back", place):
            hold = _turn(floor, place)
            return () if hold is None else admission.ask_back(floor, hold.turn)
        case ("approval", place, rule):
            hold = _turn(floor, place)
            return () if hold is None else _asks_for_approval(floor, now, hold, rule)
        case ("approve", who, place, arguments):
            name = _approval(floor, place)
            return admission.approve(floor, who, name, now, arguments=arguments)
        case ("refuse", who, place):
            return admission.decide(floor, who, _approval(floor, place), now, Answer.REFUSE)
        case ("question", place, who):
            hold = _turn(floor, place)
            return () if hold is None else _asks(floor, now, hold, who)
        case ("too late",):
            late = (admission.expire_parked(floor, hold, now) for hold in floor.parked)
            expired = tuple(draft for drafts in late for draft in drafts)
            return (*admission.expire_approvals(floor, now), *admission.miss(floor, now), *expired)
    raise AssertionError(ask)


def _turn(floor: Floor, place: int) -> Hold | None:
    """One of the agents' turns that have not ended."""
    turns = (*floor.holds, *floor.parked)
    mine = [h for h in turns if floor.members[h.participant].kind is Kind.AGENT]
    return mine[place % len(mine)] if mine else None


def _approval(floor: Floor, place: int) -> str:
    known = floor.approvals
    return known[place % len(known)].id if known else "none"


def _asks_for_approval(
    floor: Floor, now: float, hold: Hold, rule: ApprovalRule
) -> tuple[Draft, ...]:
    asking = Asking(f"{hold.turn}/{floor.head}", Matter.APPROVE, "x", "{}", rule, 5)
    asked = admission.ask_approval(floor, hold, asking, now + 5)
    return admission.park(floor, hold, Wait(now + 9, asks=asked))


def _asks(floor: Floor, now: float, hold: Hold, who: str) -> tuple[Draft, ...]:
    to = admission.asked(floor, hold, who, "Hm?")
    number = 1 + sum(query.turn == hold.turn for query in floor.queries)
    asked = admission.awaited(hold, number, to, now + 5)
    return admission.park(floor, hold, Wait(now + 9, "Hm?", (asked,), (to,)))
