"""Each person's own router says who answers what that person says to nobody in particular."""

from dataclasses import dataclass, field

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor, Obligation
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice, Decision, Policy
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.routes import WITHIN_S


@known_as("routed")
@dataclass(frozen=True, slots=True)
class Routed:
    """Whom a person's router has named, in the order of their naming; the rest as ``inner`` says.

    A router is asked at once, also while others speak, and waited for ``within_s`` seconds; until
    then, and if it names somebody or nobody, ``inner`` does not know of the utterance. If it names
    everyone, fails or is too slow, ``inner`` decides as though there were no router. Fair to whom
    routers name: what ``inner`` would have answered goes first only if it was owed before, so that
    of n open answers the last is granted within n grants.
    """

    inner: Policy = field(default_factory=Conversational)
    within_s: float = WITHIN_S

    def __post_init__(self) -> None:
        """Check the number once."""
        if not self.within_s > 0:
            raise Invalid(where="policy 'routed'", what="within_s must be greater than 0")

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Let whoever was named answer; else let ``inner`` choose."""
        choice = self.inner.choose(floor, now)
        ahead = set()
        for owed in floor.owed:
            if owed.routed and floor.eligible(owed.participant):
                goes_first = isinstance(choice, Choice) and (choice.participant, choice.answers)
                return choice if goes_first in ahead else Choice(*_routed(owed))
            ahead.add((owed.participant, owed.seq))
        return choice


def _routed(owed: Obligation) -> tuple[ParticipantId, str, int]:
    return owed.participant, "routed", owed.seq
