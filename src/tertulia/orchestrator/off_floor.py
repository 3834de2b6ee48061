"""What waiting off the floor, and approvals, change on the floor. ``consequences`` lists them."""

from collections.abc import Callable, Mapping
from typing import Any

from tertulia.orchestrator.approvals import Judgement, Matter, Ruling, Verdict
from tertulia.orchestrator.events import (
    AnswerAwaited,
    AnswerMissed,
    ApprovalAnswered,
    ApprovalAsked,
    ApprovalExpired,
    ApprovalSettled,
    Body,
    Event,
    OutcomeAsked,
    OutcomeRecorded,
    ReturnRequested,
    Said,
    TurnParked,
    TurnReturned,
)
from tertulia.orchestrator.floor import Approval, Floor, Hold, Query, Seat, revised
from tertulia.orchestrator.room import Kind, ParticipantId, TurnId
from tertulia.orchestrator.visibility import covers

Changes = dict[str, Any]
"""Fields of the floor with their new values."""


# ---- off the floor, and back


def parked(floor: Floor, event: Event, body: TurnParked) -> Changes:
    """The turn has no floor any more, and its speaker's time is not counted."""
    hold = floor.unfinished(body.turn)
    if hold is None:
        return {}
    waits = revised(hold, until=body.until, returns=None)
    if hold not in floor.holds:
        return {"parked": tuple(waits if h.turn == body.turn else h for h in floor.parked)}
    seat = spoke_for(floor, hold, event.at)
    return {
        "members": {**floor.members, seat.id: seat},
        "holds": tuple(h for h in floor.holds if h.turn != body.turn),
        "parked": (*floor.parked, waits),
    }


def spoke_for(floor: Floor, hold: Hold, at: float) -> Seat:
    """The speaker's seat, with the time that it has now had the floor for."""
    seat = floor.members[hold.participant]
    return revised(seat, floor_s=round(seat.floor_s + at - hold.since, 6))


def return_requested(floor: Floor, event: Event, body: ReturnRequested) -> Changes:
    """It comes back in the order in which this was asked for."""
    return {
        "parked": tuple(
            revised(h, returns=h.returns or event.seq, attempt=h.attempt + body.crashed)
            if h.turn == body.turn
            else h
            for h in floor.parked
        )
    }


def returned(floor: Floor, event: Event, body: TurnReturned) -> Changes:
    """The turn has the floor as it had before."""
    hold = next(h for h in floor.parked if h.turn == body.turn)
    back = revised(
        hold,
        since=event.at,
        until=body.until,
        attempt=body.attempt,
        returns=None,
        back=body.attempt - 1,
    )
    return {
        "parked": tuple(h for h in floor.parked if h.turn != body.turn),
        "holds": (*floor.holds, back),
    }


def next_return(floor: Floor) -> Hold | None:
    """The parked turn that has the floor next: who asked first, if there is room for it."""
    asking = (h for h in floor.parked if h.returns is not None)
    for hold in sorted(asking, key=lambda h: h.returns or 0):
        if floor.hold_of(hold.participant) is None and _has_room(floor, hold):
            return hold
    return None


def _has_room(floor: Floor, hold: Hold) -> bool:
    if not floor.beside(hold.audience):
        return not floor.full
    here = [one for one in floor.holds if one.audience == hold.audience]
    return floor.settings.capacity is None or len(here) < floor.settings.capacity


def waits_for_people(floor: Floor, hold: Hold) -> bool:
    """Whether a parked turn waits for what a person has to say, and for nothing else."""
    if hold.returns is not None:
        return False
    asked = any(a.turn == hold.turn and a.open for a in floor.approvals)
    persons = {seat.id for seat in floor.people()}
    return asked or any(q.turn == hold.turn and q.open and q.to in persons for q in floor.queries)


def over(floor: Floor, turn: TurnId) -> Changes:
    """What a turn waited for goes with it; what is still open is withdrawn first."""
    changes: Changes = {}
    if floor.approvals:
        kept = tuple(a for a in floor.approvals if a.turn != turn or a.open)
        changes["approvals"] = kept
    if floor.queries:
        changes["queries"] = tuple(q for q in floor.queries if q.turn != turn)
    return changes


# ---- approvals


def approval_asked(floor: Floor, event: Event, body: ApprovalAsked) -> Changes:
    """Something waits to be approved."""
    asked = Approval(
        body.approval,
        body.turn,
        event.by,
        body.kind,
        body.tool,
        body.arguments,
        body.rule,
        body.until,
        event.seq,
        event.audience,
        body.principal,
        body.why,
    )
    return {"approvals": (*floor.approvals, asked)}


def approval_answered(floor: Floor, event: Event, body: ApprovalAnswered) -> Changes:
    """Each person counts once, with what it said last."""
    one = Judgement(event.by, body.answer, body.arguments, body.note)
    return _approvals(
        floor,
        body.approval,
        lambda a: revised(a, answers=(*(j for j in a.answers if j.by != event.by), one)),
    )


def approval_settled(floor: Floor, event: Event, body: ApprovalSettled) -> Changes:
    """The turn can go on; what was withdrawn nobody waits for."""
    if body.ruling is Ruling.WITHDRAWN:
        return {"approvals": tuple(a for a in floor.approvals if a.id != body.approval)}
    return _approvals(
        floor,
        body.approval,
        lambda a: revised(
            a, verdict=Verdict(body.ruling, body.arguments or a.arguments, body.by, body.note)
        ),
    )


def approval_expired(floor: Floor, event: Event, body: ApprovalExpired) -> Changes:
    """The turn can go on without."""
    return _approvals(
        floor, body.approval, lambda a: revised(a, verdict=Verdict(Ruling.EXPIRED, a.arguments))
    )


def outcome_asked(floor: Floor, event: Event, body: OutcomeAsked) -> Changes:
    """Somebody has to say what became of an effect whose turn is over."""
    asked = Approval(
        body.approval,
        body.turn,
        body.participant,
        Matter.OUTCOME,
        body.tool,
        body.arguments,
        body.rule,
        None,
        event.seq,
        event.audience,
        body.principal,
        body.why,
        effect=body.effect,
    )
    return {"approvals": (*floor.approvals, asked)}


def outcome_recorded(floor: Floor, event: Event, body: OutcomeRecorded) -> Changes:
    """The ledger has it."""
    return {"approvals": tuple(a for a in floor.approvals if a.id != body.approval)}


def _approvals(floor: Floor, name: str, change: Callable[[Approval], Approval]) -> Changes:
    return {
        "approvals": tuple(change(a) if a.id == name and a.open else a for a in floor.approvals)
    }


# ---- asked in mid-turn


def answer_awaited(floor: Floor, event: Event, body: AnswerAwaited) -> Changes:
    """The turn's last utterance is what is to be answered."""
    hold = floor.unfinished(body.turn)
    if hold is None or hold.said is None:
        return {}
    asked = Query(body.turn, body.number, event.by, body.to, hold.said, body.until, event.audience)
    return {"queries": (*floor.queries, asked)}


def answer_missed(floor: Floor, event: Event, body: AnswerMissed) -> Changes:
    """Nobody waits for it any more."""
    return {
        "queries": tuple(
            revised(q, missed=True) if (q.turn, q.number) == (body.turn, body.number) else q
            for q in floor.queries
        )
    }


def answered_by(floor: Floor, event: Event, said: Said) -> tuple[Query, ...]:
    """The queries that this utterance answers.

    It has to be for all who hear the turn that asked, so that nothing that was whispered can slip
    out when that turn goes on.
    """
    return tuple(
        query
        for query in floor.queries
        if query.open
        and query.to == event.by
        and covers(event.audience, query.audience)
        and _answers(floor, query, said)
    )


def answered(
    floor: Floor,
    event: Event,
    queries: tuple[Query, ...],
    members: Mapping[ParticipantId, Seat],
) -> Changes:
    """Whoever asked has heard it: if nothing else was news to them, this is none either."""
    asked = tuple(revised(q, answer=event.seq) if q in queries else q for q in floor.queries)
    if event.audience is not None:
        return {"queries": asked}
    heard = {
        who: revised(members[who], heard=event.seq)
        for who in dict.fromkeys(query.by for query in queries)
        if who in members and not floor.news_for(members[who])
    }
    return {"queries": asked, "members": {**members, **heard}}


def _answers(floor: Floor, query: Query, said: Said) -> bool:
    if query.seq in (said.reply_to, said.link):
        return True
    if any(other.seq in (said.reply_to, said.link) for other in floor.queries):
        return False  # it answers another one
    turn = None if said.turn is None else floor.unfinished(said.turn)
    elsewhere = bool(said.addressees) and query.by not in said.addressees
    if elsewhere and floor.members[query.to].kind is Kind.HUMAN:
        return False  # whoever has the floor to answer may say something else first
    if turn is not None and turn.answers is not None:
        owed = () if turn.claim is None else turn.claim.owed
        return query.seq in (turn.answers, *(o.seq for o in owed))
    return query.by in (*said.addressees, *said.meant)


def principal(floor: Floor, event: Event, said: Said) -> ParticipantId | None:
    """The person on whose behalf somebody says something: itself, or who asked for its turn."""
    if floor.members[event.by].kind is Kind.HUMAN:
        return event.by
    turn = None if said.turn is None else floor.unfinished(said.turn)
    return None if turn is None else on_behalf_of(turn)


def on_behalf_of(hold: Hold) -> ParticipantId | None:
    """The person on whose behalf a turn acts: who asked for it, or for whom it was asked."""
    if hold.claim is None or hold.answers is None:
        return None
    owed = (o for o in hold.claim.owed if o.seq == hold.answers)
    return next((o.principal for o in owed), None)


CHANGES: Mapping[type[Body], Callable[[Floor, Event, Any], Changes]] = {
    TurnParked: parked,
    ReturnRequested: return_requested,
    TurnReturned: returned,
    AnswerAwaited: answer_awaited,
    AnswerMissed: answer_missed,
    ApprovalAsked: approval_asked,
    ApprovalAnswered: approval_answered,
    ApprovalSettled: approval_settled,
    ApprovalExpired: approval_expired,
    OutcomeAsked: outcome_asked,
    OutcomeRecorded: outcome_recorded,
}
"""The function for each of these kinds of event."""
