"""The order in which people take turns when they talk, for rooms of people and agents.

Sacks, Schegloff & Jefferson 1974, "A simplest systematics for the organization of turn-taking for
conversation", Language 50(4), 696-735.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice


@known_as("conversational")
@dataclass(frozen=True, slots=True)
class Conversational:
    """Current selects next, else self-selection, else the current one may go on, else a lapse.

    A raised hand is a self-selection that anybody may make; an agent makes one of its own accord
    when it has heard something new, the longest silent first, but at most ``volunteers`` of them
    after each utterance of a person. After ``agent_run`` agents' turns in a row only those speak
    whom a person addressed: two agents cannot talk to each other for ever.
    """

    volunteers: int = 1
    agent_run: int = 6

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Apply the rules in their order."""
        return next(self._rules(floor), None)

    def _rules(self, floor: Floor) -> Iterator[Choice]:
        for owed in floor.unanswered(self.agent_run):
            yield Choice(owed.participant, "current selects next", owed.seq)
        for request in floor.pending:
            if floor.eligible(request.participant):
                yield Choice(request.participant, "raised hand")
        if floor.agent_run >= self.agent_run:
            return
        if floor.volunteers < self.volunteers:
            for seat in sorted(floor.willing(), key=_silence):
                yield Choice(seat.id, "self-selection")
        if floor.continuing is not None and floor.eligible(floor.continuing):
            yield Choice(floor.continuing, "current continues")


def _silence(seat: Seat) -> tuple[int, int]:
    return seat.granted, seat.joined
