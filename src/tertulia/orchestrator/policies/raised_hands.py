"""A queue of raised hands."""

from dataclasses import dataclass

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor, Request
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice


@known_as("raised_hands")
@dataclass(frozen=True, slots=True)
class RaisedHands:
    """The pending request with the highest priority; every ``ageing`` grants waited count as one.

    Fair: where priorities differ by at most D, a request among n members is granted within
    ``ageing * D + n`` grants to speak to everybody.
    """

    ageing: int = 4

    def __post_init__(self) -> None:
        """Check the number once."""
        if self.ageing < 1:
            raise Invalid(where="policy 'raised_hands'", what="ageing must be at least 1 grant")

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the most urgent hand; among equals, the one that went up first."""
        hands = (r for r in floor.pending if floor.eligible(r.participant))
        first = max(hands, key=lambda r: self._urgency(r, floor), default=None)
        return None if first is None else Choice(first.participant, "raised hand")

    def _urgency(self, request: Request, floor: Floor) -> tuple[int, int]:
        waited = floor.grants - request.grants
        return request.priority * self.ageing + waited, -request.serial
