"""Several policies, in order of precedence."""

from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Decision, Policy


@known_as("first_that_decides")
@dataclass(frozen=True, slots=True)
class FirstThatDecides:
    """The choice of the first policy of ``each`` that makes one; a lapse when none does."""

    each: tuple[Policy, ...] = ()

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Ask them one after another."""
        choices = (policy.choose(floor, now) for policy in self.each)
        return next((choice for choice in choices if choice is not None), None)
