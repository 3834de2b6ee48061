"""What a person's message does to the turns that it meets: the room's input policy, applied."""

from tertulia.orchestrator.admission.turns import Look, cut, end, roll_back
from tertulia.orchestrator.backchannels import is_backchannel
from tertulia.orchestrator.events import BargedIn, Draft, Outcome, Said, Uptake
from tertulia.orchestrator.floor import Floor, Hold, revised
from tertulia.orchestrator.room import Audience, CutAt, InputPolicy, Kind, ParticipantId
from tertulia.orchestrator.visibility import covers

BURST = 8
"""After so many messages in quick succession a turn is not started again for the next one."""


def taken_in(floor: Floor, posted: Draft, now: float, look: Look) -> tuple[Draft, ...]:
    """The post, with what it does to turns: what ends before it, the post, what comes of it."""
    said = posted.body
    if not isinstance(said, Said):
        return (posted,)
    met = [h for h in floor.holds if _concerns(floor, posted.by, said, posted.audience, h)]
    if not met:
        return (posted,)
    if _in_passing(floor, posted.by, said, posted.audience):
        return (_as(posted, said, Uptake.BACKCHANNEL),)
    policy = floor.settings.input_by(posted.by)
    before: list[Draft] = []
    after: list[Draft] = []
    for hold in met:
        burst = _goes_on(floor, posted.by, hold, now)
        if burst or policy in (InputPolicy.INTERRUPT, InputPolicy.ROLLBACK):
            ended, barged = _ended(floor, posted.by, hold, policy, look)
            before += ended
            after += barged
    if policy is InputPolicy.REJECT and not before:
        return (_as(posted, said, Uptake.DECLINED),)
    return (*before, posted, *after)


def _ended(
    floor: Floor, by: ParticipantId, hold: Hold, policy: InputPolicy, look: Look
) -> tuple[tuple[Draft, ...], tuple[Draft, ...]]:
    """What ends a turn before the post, and what follows it.

    A turn that nobody has heard anything of, and that has done nothing, has not happened.
    """
    got = look(hold)
    if not got.acted and not got.delivered.strip():
        return (end(hold, Outcome.ROLLED_BACK, by=by),), ()
    if policy is InputPolicy.ROLLBACK and not got.acted:
        return roll_back(floor, hold, by, got.delivered), ()
    if policy not in (InputPolicy.INTERRUPT, InputPolicy.ROLLBACK):
        return (), ()
    if floor.settings.cut_at is CutAt.TRP:
        return (), () if hold.yields_to is not None else (Draft(by, BargedIn(hold.turn)),)
    return cut(floor, hold, Outcome.INTERRUPTED, by, got.delivered), ()


def _concerns(floor: Floor, by: ParticipantId, said: Said, audience: Audience, hold: Hold) -> bool:
    """Whether an agent that holds the floor should have known of this for what it is saying."""
    speaker = floor.members[hold.participant]
    meant = not said.addressees or hold.participant in said.addressees
    return speaker.kind is Kind.AGENT and meant and covers(audience, hold.audience)


def _in_passing(floor: Floor, by: ParticipantId, said: Said, audience: Audience) -> bool:
    """Whether it is a backchannel: not from one who has the floor, or owes somebody an answer."""
    owes = any(o.participant == by and o.audience == audience for o in floor.owed)
    free = floor.hold_of(by) is None and not owes
    return free and said.reply_to is None and not said.addressees and is_backchannel(said.text)


def _goes_on(floor: Floor, by: ParticipantId, hold: Hold, now: float) -> bool:
    """Whether it is one burst with what this turn was granted for."""
    seat, wait_s, claim = floor.members[by], floor.settings.coalesce_s, hold.claim
    if not wait_s or now - seat.spoke > wait_s or seat.burst >= BURST or claim is None:
        return False
    if claim.owed:
        return any(owed.by == by for owed in claim.owed)
    return floor.latest is not None and floor.latest.by == by


def _as(posted: Draft, said: Said, uptake: Uptake) -> Draft:
    return revised(posted, body=revised(said, uptake=uptake))
