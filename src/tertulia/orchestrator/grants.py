"""What a grant changes: what it takes from the floor, and what it leaves as it was."""

from typing import Any

from tertulia.orchestrator.asking import questions_granted
from tertulia.orchestrator.events import Event, TurnGranted
from tertulia.orchestrator.floor import Claim, Floor, Hold, Seat, revised
from tertulia.orchestrator.proceedings import stage_granted
from tertulia.orchestrator.room import Audience, Kind, ParticipantId
from tertulia.orchestrator.visibility import covers


def granted(floor: Floor, event: Event, body: TurnGranted) -> dict[str, Any]:
    """Somebody has a floor: everybody's, or that of those with whom it whispers."""
    who, serial = event.by, floor.grants + 1
    seat = floor.members[who]
    heard = event.seq if event.audience is None else seat.heard
    agent = int(seat.kind is Kind.AGENT)
    claim = _claim(floor, seat, event.audience, body.answers)
    thread, partner = _speaks_in(floor, claim, event.audience, body.answers)
    hold = Hold(
        body.turn,
        who,
        event.seq,
        event.at,
        body.until,
        event.audience,
        body.answers,
        claim=claim,
        thread=thread,
        partner=partner,
        discloses=body.discloses,
    )
    sat = revised(seat, heard=heard, granted=serial, turns=seat.turns + 1)
    changes: dict[str, Any] = (
        {}
        if floor.beside(event.audience)
        else {
            "pending": tuple(r for r in floor.pending if r.participant != who),
            "nominated": tuple(n for n in floor.nominated if n.participant != who),
            **questions_granted(floor),
            "continuing": None,
        }
    )
    return changes | {
        "members": {**floor.members, who: sat},
        "holds": (*floor.holds, hold),
        "owed": tuple(o for o in floor.owed if o not in claim.owed),
        "cut_off": tuple(c for c in floor.cut_off if not covers(event.audience, c.audience)),
        "stage": stage_granted(floor, event, body),
        "grants": serial,
        "agent_turns": floor.agent_turns + agent,
        "agent_run": floor.agent_run + agent,
        "volunteers": floor.volunteers + (agent if body.answers is None else 0),
    }


def _claim(floor: Floor, seat: Seat, audience: Audience, answers: int | None) -> Claim:
    """What a grant takes from the floor: what is owed in one thread is answered by one turn."""
    who = seat.id
    owing = [o for o in floor.owed if o.participant == who and o.audience == audience]
    answered = next((o for o in owing if o.seq == answers), None)
    owed = tuple(o for o in owing if answered is None or o.thread == answered.thread)
    if floor.beside(audience):
        return Claim(seat, owed)
    return Claim(
        seat,
        owed,
        next((r for r in floor.pending if r.participant == who), None),
        tuple(n for n in floor.nominated if n.participant == who),
        floor.continuing == who,
    )


def _speaks_in(
    floor: Floor, claim: Claim, audience: Audience, answers: int | None
) -> tuple[int | None, ParticipantId | None]:
    """The thread that a turn speaks in, and to whom: who asked, or else who spoke last."""
    answered = next((o for o in claim.owed if o.seq == answers), None)
    if answered is not None:
        return answered.thread, answered.by
    last = floor.latest
    if answers is None and audience is None and last is not None and last.by != claim.seat.id:
        return last.thread, last.by
    return answers, None
