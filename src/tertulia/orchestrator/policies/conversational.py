"""The order in which people take turns when they talk, for rooms of people and agents.

Sacks, Schegloff & Jefferson 1974, "A simplest systematics for the organization of turn-taking for
conversation", Language 50(4), 696-735.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor, Obligation, Seat
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice
from tertulia.orchestrator.room import Kind


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
        running = floor.agent_run < self.agent_run
        for owed in floor.owed:
            if floor.eligible(owed.participant) and (running or not _between_agents(floor, owed)):
                yield Choice(owed.participant, "current selects next", owed.seq)
        for request in floor.pending:
            if floor.eligible(request.participant):
                yield Choice(request.participant, "raised hand")
        if not running:
            return
        if floor.volunteers < self.volunteers:
            for seat in sorted(floor.willing(), key=_silence):
                yield Choice(seat.id, "self-selection")
        if floor.continuing is not None and floor.eligible(floor.continuing):
            yield Choice(floor.continuing, "current continues")


def _between_agents(floor: Floor, owed: Obligation) -> bool:
    asker, asked = floor.members.get(owed.by), floor.members[owed.participant]
    return asker is not None and asker.kind is Kind.AGENT and asked.kind is Kind.AGENT


def _silence(seat: Seat) -> tuple[int, int]:
    return seat.granted, seat.joined
