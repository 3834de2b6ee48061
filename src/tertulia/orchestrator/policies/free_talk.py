"""Everybody who has something to say."""

from collections.abc import Iterator
from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice


@known_as("free_talk")
@dataclass(frozen=True, slots=True)
class FreeTalk:
    """Hands, then the addressed, then every agent with something new, the longest silent first.

    With a room's ``capacity`` of k they talk k at a time, with none all at once (Edelsky 1981, the
    collaborative floor). After ``agent_run`` agents' turns in a row they wait for a person. Fair:
    among n members, who raises a hand is granted within n grants.
    """

    agent_run: int = 12

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the next who wants to."""
        return next(self._wishes(floor), None)

    def _wishes(self, floor: Floor) -> Iterator[Choice]:
        for request in floor.pending:
            if floor.eligible(request.participant):
                yield Choice(request.participant, "raised hand")
        for owed in floor.unanswered(self.agent_run):
            yield Choice(owed.participant, "addressed", owed.seq)
        if floor.agent_run < self.agent_run:
            for seat in sorted(floor.willing(), key=lambda seat: (seat.granted, seat.joined)):
                yield Choice(seat.id, "free talk")
