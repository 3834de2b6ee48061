"""What a person's message does to the turns that it meets: the room's input policy, applied."""

from tertulia.orchestrator.admission.rights import rights_of
from tertulia.orchestrator.admission.turns import Look, barge_in, cut, end, roll_back
from tertulia.orchestrator.backchannels import is_backchannel
from tertulia.orchestrator.events import Draft, Outcome, Said, Uptake
from tertulia.orchestrator.floor import Floor, Hold, revised
from tertulia.orchestrator.profile import Right
from tertulia.orchestrator.room import Audience, CutAt, InputPolicy, Kind, ParticipantId
from tertulia.orchestrator.visibility import covers

BURST = 8
"""After so many messages in quick succession a turn is not started again for the next one."""

RESTARTS = 8
"""After so many turns in a row that have not happened a speaker is left in peace with the next."""


def taken_in(floor: Floor, posted: Draft, now: float, look: Look) -> tuple[Draft, ...]:
    """The post, and before it what it does to turns: so it follows upon what it cuts into."""
    said = posted.body
    if not isinstance(said, Said):
        return (posted,)
    met = [h for h in floor.holds if _concerns(floor, posted.by, said, posted.audience, h)]
    if not met:
        return (posted,)
    if _in_passing(floor, posted.by, said, posted.audience):
        return (_as(posted, said, Uptake.BACKCHANNEL),)
    policy = _input_policy(floor, posted.by)
    before: list[Draft] = []
    for hold in met:
        burst = _goes_on(floor, posted.by, hold, now)
        if burst or policy in (InputPolicy.INTERRUPT, InputPolicy.ROLLBACK):
            before += _ended(floor, posted.by, hold, policy, look)
    in_its_turn = said.turn is not None  # whoever has the floor is heard, whatever others do
    if policy is InputPolicy.REJECT and not before and not in_its_turn:
        return (_as(posted, said, Uptake.DECLINED),)
    return (*before, posted)


def _input_policy(floor: Floor, by: ParticipantId) -> InputPolicy:
    """What a message of this person does; of one who may cut nobody off, it waits its turn."""
    policy = floor.settings.input_by(by)
    cuts = policy in (InputPolicy.INTERRUPT, InputPolicy.ROLLBACK)
    if cuts and Right.INTERRUPT not in rights_of(floor, floor.members[by]):
        return InputPolicy.ENQUEUE
    return policy


def _ended(
    floor: Floor, by: ParticipantId, hold: Hold, policy: InputPolicy, look: Look
) -> tuple[Draft, ...]:
    """What ends a turn, or will at its next transition-relevance place.

    A turn that nobody has heard anything of, and that has done nothing, has not happened. What an
    earlier process did and said in it, nobody knows: a turn that was taken up counts as acting.
    And people who never stop talking do not keep an agent silent for ever.
    """
    got = look(hold)
    acted = got.acted or hold.attempt > 1
    in_peace = floor.members[hold.participant].undone >= RESTARTS
    if not acted and not got.delivered.strip():
        return () if in_peace else (end(hold, Outcome.ROLLED_BACK, by=by),)
    if policy is InputPolicy.ROLLBACK and not acted and not in_peace:
        return roll_back(floor, hold, by, got.delivered)
    if policy not in (InputPolicy.INTERRUPT, InputPolicy.ROLLBACK):
        return ()
    if floor.settings.cut_at is CutAt.TRP:
        return barge_in(floor, hold, by)
    return cut(floor, hold, Outcome.INTERRUPTED, by, got.delivered)


def _concerns(floor: Floor, by: ParticipantId, said: Said, audience: Audience, hold: Hold) -> bool:
    """Whether an agent that holds the floor should have known of this for what it is saying.

    Never, if the one who posts cannot hear the turn: or they would learn that there is a whisper.
    """
    speaker = floor.members[hold.participant]
    to = said.addressees + said.meant
    meant = not to or hold.participant in to
    heard = covers(hold.audience, (by,)) and covers(audience, hold.audience)
    if floor.settings.side_floors:  # what is said on one floor does nothing to a turn on another
        heard = audience == hold.audience
    return speaker.kind is Kind.AGENT and meant and heard


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
