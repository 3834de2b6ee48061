"""One agent is at work, until it hands on."""

from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice
from tertulia.orchestrator.room import Kind


@known_as("handoff")
@dataclass(frozen=True, slots=True)
class Handoff:
    """What a person says goes to the agent that spoke last, until it addresses another one.

    What counts is what is said to everybody: an answer to a whisper takes nothing over.

    ``start`` (a handle) is at work first, else whoever joined first. An agent hands back by
    addressing the one it has it from. After ``agent_run`` agents' turns in a row only those speak
    whom a person addressed, so that a task cannot be handed round for ever.
    """

    start: str = ""
    agent_run: int = 8

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant whoever was addressed, else let the agent at work answer a person."""
        owed = next(floor.unanswered(self.agent_run), None)
        if owed is not None:
            return Choice(owed.participant, "handed on", owed.seq)
        at_work = max(floor.agents(), key=self._rank, default=None)
        if at_work is None or not floor.eligible(at_work.id) or not _person_waits(floor, at_work):
            return None
        return Choice(at_work.id, "at work")

    def _rank(self, seat: Seat) -> tuple[int, bool, int]:
        return seat.turn_to_all, seat.id == self.start, -seat.joined


def _person_waits(floor: Floor, seat: Seat) -> bool:
    by = None if floor.latest is None else floor.members.get(floor.latest.by)
    return by is not None and by.kind is Kind.HUMAN and floor.news_for(seat)
