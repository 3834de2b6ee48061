"""A written order of speakers."""

from collections import Counter
from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice
from tertulia.orchestrator.room import ParticipantId


@known_as("scheduled")
@dataclass(frozen=True, slots=True)
class Scheduled:
    """One turn after another, as ``order`` says (handles); then silence.

    Who is not in the room, or holds the floor already, is passed over and comes later: a missing
    speaker does not block the room.
    """

    order: tuple[str, ...] = ()

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the first in the order who has not had that turn yet."""
        listed = Counter[ParticipantId]()
        for name in self.order:
            who = ParticipantId(name)
            listed[who] += 1
            seat = floor.members.get(who)
            if seat is not None and seat.turns < listed[who] and floor.eligible(who):
                return Choice(who, "by schedule")
        return None
