"""Those speak who were spoken to."""

from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice


@known_as("addressed")
@dataclass(frozen=True, slots=True)
class Addressed:
    """Whoever was addressed and has not answered, oldest question first; nobody else.

    A mention, a reply or a question obliges its addressee (Schegloff & Sacks 1973). After
    ``agent_run`` agents' turns in a row only those speak whom a person addressed. Fair to whom a
    person has addressed: with n open obligations the last of them is granted within n grants.
    """

    agent_run: int = 12

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the one who has owed an answer longest."""
        owed = next(floor.unanswered(self.agent_run), None)
        return None if owed is None else Choice(owed.participant, "addressed", owed.seq)
