"""A bound on waiting, around any policy."""

from dataclasses import dataclass, field

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice, Decision, Policy


@known_as("fair")
@dataclass(frozen=True, slots=True)
class Fair:
    """``inner`` decides, until a raised hand has waited for ``patience`` grants: then the hand.

    Whoever raises a hand while n members have theirs up (itself among them) is granted within
    ``patience + n`` grants, whatever ``inner`` prefers; and a hand is never left up in a lapse.
    """

    inner: Policy = field(default_factory=Conversational)
    patience: int = 4

    def __post_init__(self) -> None:
        """Check the number once."""
        if self.patience < 0:
            raise Invalid(where="policy 'fair'", what="patience must not be negative")

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Let the one that has waited too long go first."""
        oldest = next((r for r in floor.pending if floor.eligible(r.participant)), None)
        if oldest is not None and floor.grants - oldest.grants >= self.patience:
            return Choice(oldest.participant, "waited long enough")
        choice = self.inner.choose(floor, now)
        if choice is None and oldest is not None:
            return Choice(oldest.participant, "raised hand")
        return choice
