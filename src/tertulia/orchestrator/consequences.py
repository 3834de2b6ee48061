"""What an event changes on the floor beside phase and standing: one function for each kind.

``transitions`` asks these after its tables have said that the event may happen.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tertulia.orchestrator import acquaintance, headway, off_floor, planning, routes
from tertulia.orchestrator.asking import (
    addressee_found,
    advised,
    bid_made,
    consultation_ended,
    consulted,
)
from tertulia.orchestrator.endings import (
    budget_spent,
    concluded,
    condition_changed,
    condition_failed,
    fresh_tally,
    paid_for,
    started_anew,
)
from tertulia.orchestrator.errors import NotNow
from tertulia.orchestrator.events import (
    AddresseeFound,
    Advised,
    BargedIn,
    BidMade,
    Body,
    BudgetSpent,
    Concluded,
    ConditionChanged,
    ConditionFailed,
    ConsultationEnded,
    Consulted,
    Event,
    FloorRequestCancelled,
    FloorRequestDenied,
    FloorRequested,
    InputPolicyChanged,
    InterruptionLapsed,
    Joined,
    Left,
    Nominated,
    Outcome,
    PhaseBegan,
    PhaseExpired,
    PolicyChanged,
    PolicyFailed,
    RoomEnded,
    RoomOpened,
    RoomPaused,
    RoomResumed,
    Said,
    SubRoomClosed,
    SubRoomOpened,
    TimeElapsed,
    TurnEnded,
    TurnGranted,
    TurnInformed,
    TurnResumed,
    Uptake,
    VoteCast,
    VoteCounted,
)
from tertulia.orchestrator.floor import (
    Claim,
    CutOff,
    Floor,
    Hold,
    Nomination,
    Obligation,
    Request,
    Seat,
    Standing,
    Utterance,
    revised,
)
from tertulia.orchestrator.grants import granted
from tertulia.orchestrator.membership import joined as came
from tertulia.orchestrator.membership import left, sub_room_closed, sub_room_opened
from tertulia.orchestrator.parking import joined
from tertulia.orchestrator.proceedings import (
    another_policy,
    phase_began,
    phase_expired,
    stage_ended,
    vote_cast,
    vote_counted,
)
from tertulia.orchestrator.room import Audience, Kind, ParticipantId, TurnId
from tertulia.orchestrator.visibility import covers

Changes: TypeAlias = dict[str, Any]
"""Fields of the floor with their new values."""


def _opened(floor: Floor, event: Event, body: RoomOpened) -> Changes:
    tally = fresh_tally(body.settings.until, event)
    return {"settings": body.settings, "parent": body.parent, "tally": tally}


def _nothing(floor: Floor, event: Event, body: Body) -> Changes:
    return {}


def _closed(floor: Floor, event: Event, body: RoomEnded) -> Changes:
    return {"question": None, "cut_off": (), "routes": (), "approvals": (), "queries": ()}


def _policy(floor: Floor, event: Event, body: PolicyChanged) -> Changes:
    settings = revised(floor.settings, policy=body.policy)
    changed = {"settings": settings, "spent": (), **another_policy(floor, event)}
    return changed | routes.unrouted(floor, event, body)


def _said(floor: Floor, event: Event, body: Said) -> Changes:
    if body.uptake is not Uptake.TAKEN:
        return {}
    speaker = event.by
    seat = floor.members[speaker]
    person = seat.kind is Kind.HUMAN
    owed = tuple(
        o
        for o in floor.owed
        if not (person and o.participant == speaker and o.audience == event.audience)
    )
    open_ones = {_pair(o): o for o in owed}
    answered = off_floor.answered_by(floor, event, body) if floor.queries else ()
    asker = off_floor.principal(floor, event, body)
    for who in body.addressees:
        if any(query.by == who for query in answered):
            continue  # it is in the turn that waits for this that it will go on
        if who != speaker and floor.standing(who) not in (Standing.ABSENT, Standing.WATCHING):
            # Asked again, one owes one answer, to the last asking, in the place of the first.
            new = Obligation(
                who,
                event.seq,
                speaker,
                event.audience,
                _thread(floor, event, body),
                principal=asker,
            )
            open_ones[_pair(new)] = new
    aside = floor.beside(event.audience)
    changes: Changes = {"owed": tuple(open_ones.values())}
    changes |= {} if aside else {"continuing": None}
    to, asks, thread = body.addressees + body.meant, "?" in body.text, _thread(floor, event, body)
    news = Utterance(speaker, event.seq, to, body.everyone, asks, thread)
    changes |= routes.heard(floor, event, body, news)
    changes |= {"volunteers": floor.volunteers} if aside else {}
    if event.audience is None and floor.stage.passed:
        changes["stage"] = revised(floor.stage, passed=())
    if person:
        in_a_burst = event.at - seat.spoke <= floor.settings.coalesce_s
        spoke = revised(seat, spoke=event.at, burst=seat.burst + 1 if in_a_burst else 1)
        changes["members"] = {**floor.members, speaker: spoke}
    if floor.cut_off and (body.turn is None or body.interrupted_by is None):
        changes["cut_off"] = tuple(
            cut
            for cut in floor.cut_off
            if cut.participant == speaker or not covers(event.audience, cut.audience)
        )
    if answered:
        members = changes.get("members", floor.members)
        changes |= off_floor.answered(floor, event, answered, members)
    if floor.holds:
        changes["holds"] = tuple(_heard_by(hold, event, body) for hold in floor.holds)
    return changes


def _heard_by(hold: Hold, event: Event, body: Said) -> Hold:
    """A turn after an utterance: its own, or one that follows upon its being cut into."""
    if hold.turn == body.turn:
        return revised(hold, said=event.seq, told=joined(hold.told, body.text))
    return revised(hold, followed=True) if _follows(event, hold) else hold


def _follows(event: Event, hold: Hold) -> bool:
    """Whether this follows upon a turn that has been cut into and is coming to its end."""
    another = hold.yields_to is not None and hold.participant != event.by
    return another and covers(event.audience, hold.audience)


def _thread(floor: Floor, event: Event, body: Said) -> int | None:
    """The thread of an utterance; rooms of old know none."""
    known = event.seq if floor.settings.addressing is not None else None
    return known if body.thread is None else body.thread


def _pair(owed: Obligation) -> tuple[ParticipantId, ParticipantId, Audience]:
    """Who owes whom an answer before whom: asked again, one owes one answer."""
    return owed.participant, owed.by, owed.audience


def _requested(floor: Floor, event: Event, body: FloorRequested) -> Changes:
    for request in floor.pending:
        if request.participant == event.by:
            again = revised(request, priority=body.priority)
            return {"pending": tuple(again if r is request else r for r in floor.pending)}
    serial = floor.requests + 1
    request = Request(event.by, serial, floor.grants, body.priority)
    return {"requests": serial, "pending": (*floor.pending, request)}


def _cancelled(
    floor: Floor, event: Event, body: FloorRequestCancelled | FloorRequestDenied
) -> Changes:
    return {"pending": tuple(r for r in floor.pending if r.participant != event.by)}


def _nominated(floor: Floor, event: Event, body: Nominated) -> Changes:
    named = Nomination(event.by, body.chair)
    return {} if named in floor.nominated else {"nominated": (*floor.nominated, named)}


def _barged_in(floor: Floor, event: Event, body: BargedIn) -> Changes:
    return _hold_revised(floor, body.turn, yields_to=event.by)


def _hold_revised(floor: Floor, turn: TurnId, **changes: Any) -> Changes:
    return {"holds": tuple(revised(h, **changes) if h.turn == turn else h for h in floor.holds)}


def _informed(floor: Floor, event: Event, body: TurnInformed) -> Changes:
    """What the turn has been told of is asked of it no more, and is no news to its speaker."""
    hold = next((hold for hold in floor.holds if hold.turn == body.turn), None)
    if hold is None or hold.claim is None:
        return {}
    who = hold.participant
    told = tuple(
        o
        for o in floor.owed
        if o.participant == who and o.audience == hold.audience and o.seq <= body.as_of
    )
    claim = revised(hold.claim, owed=(*hold.claim.owed, *told))
    changes = _hold_revised(floor, body.turn, as_of=body.as_of, claim=claim)
    if hold.audience is None:
        seat = revised(floor.members[who], heard=body.as_of)
        changes["members"] = {**floor.members, who: seat}
    return {**changes, "owed": tuple(o for o in floor.owed if o not in told)}


def _interruption_lapsed(floor: Floor, event: Event, body: InterruptionLapsed) -> Changes:
    """Whoever was cut off owes the rest of it to those who heard the beginning."""
    cut = next((cut for cut in floor.cut_off if cut.turn == body.turn), None)
    if cut is None:
        return {}
    rest = Obligation(
        cut.participant, cut.seq, cut.by, cut.audience, cut.thread, principal=cut.principal
    )
    return {
        "cut_off": tuple(c for c in floor.cut_off if c is not cut),
        "owed": (*floor.owed, rest),
    }


def _input_policy(floor: Floor, event: Event, body: InputPolicyChanged) -> Changes:
    if body.who is None:
        return {"settings": revised(floor.settings, input=body.input)}
    own = {**floor.settings.input_of, body.who: body.input}
    return {"settings": revised(floor.settings, input_of=own)}


def _ended(floor: Floor, event: Event, body: TurnEnded) -> Changes:
    ended = floor.unfinished(body.turn)
    if ended is None:
        raise NotNow(who=f"turn {body.turn!r}", standing="not held", event="TurnEnded", hint="")
    away = ended in floor.parked
    seat = floor.members[ended.participant]
    undone = seat.undone + 1 if body.outcome is Outcome.ROLLED_BACK else 0
    spoke = seat if away else off_floor.spoke_for(floor, ended, event.at)
    rose, paid = paid_for(floor, revised(spoke, undone=undone), body)
    changes: Changes = {
        **paid,
        **planning.stopped(floor, body.turn),
        "members": {**floor.members, ended.participant: rose},
        "holds": tuple(hold for hold in floor.holds if hold.turn != body.turn),
        "stage": stage_ended(floor, ended, undone=body.outcome is Outcome.ROLLED_BACK),
        **off_floor.over(floor, body.turn),
    }
    if away:
        changes["parked"] = tuple(hold for hold in floor.parked if hold.turn != body.turn)
    principal = off_floor.on_behalf_of(ended)
    if body.more and floor.beside(ended.audience) and ended.answers is not None:
        rest = Obligation(
            event.by,
            ended.answers,
            event.by,
            ended.audience,
            ended.thread,
            principal=principal,
        )
        changes["owed"] = (*floor.owed, rest)  # an agent's own wish: bounded as agents' talk is
    elif body.more:
        changes["continuing"] = event.by
    if body.outcome is Outcome.ROLLED_BACK and ended.claim is not None:
        changes |= _given_back(floor, rose, ended.claim)
    if (
        body.outcome is Outcome.INTERRUPTED
        and seat.kind is Kind.AGENT
        and body.interrupted_by is not None
        and not ended.followed
    ):
        seq = ended.said or ended.answers or event.seq
        who, by = ended.participant, body.interrupted_by
        cut = CutOff(who, ended.turn, seq, by, ended.audience, ended.thread, principal)
        changes["cut_off"] = (*floor.cut_off, cut)
    return changes


def _given_back(floor: Floor, seat: Seat, claim: Claim) -> Changes:
    """The floor as though the turn had not been granted; only the time it took is kept."""
    before, agent = claim.seat, int(seat.kind is Kind.AGENT)
    sat = revised(seat, heard=before.heard, granted=before.granted, turns=before.turns)
    changes: Changes = {
        "members": {**floor.members, seat.id: sat},
        "owed": tuple({_pair(o): o for o in (*claim.owed, *floor.owed)}.values()),
        "nominated": tuple(dict.fromkeys((*claim.nominated, *floor.nominated))),
        "grants": floor.grants - 1,
        "undone": floor.undone + 1,
        "agent_turns": floor.agent_turns - agent,
        "agent_run": max(0, floor.agent_run - agent),
    }
    if claim.request is not None:
        changes["pending"] = (claim.request, *floor.pending)
    if claim.continuing:
        changes["continuing"] = seat.id
    return changes


CHANGES: Mapping[type[Body], Callable[[Floor, Event, Any], Changes]] = {
    RoomOpened: _opened,
    RoomPaused: _nothing,
    RoomResumed: started_anew,
    RoomEnded: _closed,
    PolicyChanged: _policy,
    SubRoomOpened: sub_room_opened,
    SubRoomClosed: sub_room_closed,
    PolicyFailed: _nothing,
    Joined: came,
    Left: left,
    Said: _said,
    FloorRequested: _requested,
    FloorRequestCancelled: _cancelled,
    FloorRequestDenied: _cancelled,
    Nominated: _nominated,
    Consulted: consulted,
    Advised: advised,
    BidMade: bid_made,
    ConsultationEnded: consultation_ended,
    AddresseeFound: addressee_found,
    VoteCast: vote_cast,
    VoteCounted: vote_counted,
    PhaseBegan: phase_began,
    PhaseExpired: phase_expired,
    TurnGranted: granted,
    TurnResumed: headway.resumed,
    TurnInformed: _informed,
    BargedIn: _barged_in,
    InterruptionLapsed: _interruption_lapsed,
    InputPolicyChanged: _input_policy,
    TurnEnded: _ended,
    **acquaintance.CHANGES,
    **planning.CHANGES,
    **off_floor.CHANGES,
    BudgetSpent: budget_spent,
    ConditionChanged: condition_changed,
    TimeElapsed: _nothing,
    ConditionFailed: condition_failed,
    Concluded: concluded,
}
"""The function for each kind of event."""
