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

    Turns are counted from when this became the room's policy, or its phase began. Who is not in the
    room, or holds the floor already, is passed over and comes later: a missing
    speaker does not block the room.
    """

    order: tuple[str, ...] = ()

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the first in the order who has not had that turn yet."""
        listed, had = Counter[ParticipantId](), floor.stage.turns
        for name in self.order:
            who = ParticipantId(name)
            listed[who] += 1
            if had.get(who, 0) < listed[who] and floor.eligible(who):
                return Choice(who, "by schedule")
        return None
