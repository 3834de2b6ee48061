"""An adviser, usually a model, names who speaks next."""

from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor, Question, Seat
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice, Consult


@known_as("selector")
@dataclass(frozen=True, slots=True)
class Selector:
    """The room's adviser picks among the agents that have heard something new, or nobody.

    Its answer can only be one of them: an invented name, a failure or no answer within
    ``within_s`` seconds falls back to the longest silent. Nobody is a lapse until something new is
    said. After ``agent_run`` agents' turns in a row they wait for a person, so it cannot go on for
    ever.
    """

    within_s: float = 20.0
    agent_run: int = 8

    def choose(self, floor: Floor, now: float) -> Choice | Consult | None:
        """Ask, or follow the answer."""
        willing = {seat.id: seat for seat in floor.willing()}
        asked = floor.asked("select")
        if not willing or floor.agent_run >= self.agent_run:
            return None
        if asked is None or not asked.over or _outdated(asked, floor):
            return Consult("select", tuple(willing), self.within_s)  # or wait for the answer
        if asked.choice is None and not asked.failed:
            return None
        if asked.choice in willing and not asked.failed:
            return Choice(asked.choice, "selected")
        silent = min(willing.values(), key=_silence)
        return Choice(silent.id, "nobody was selected: the longest silent")


def _outdated(asked: Question, floor: Floor) -> bool:
    """Whether the answer was silence, and something has been said since the question."""
    silence = asked.choice is None and not asked.failed
    return silence and floor.latest is not None and floor.latest.seq > asked.seq


def _silence(seat: Seat) -> tuple[int, int]:
    return seat.granted, seat.joined
