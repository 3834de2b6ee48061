"""Sides that speak for and against something, in an agreed order."""

from dataclasses import dataclass

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.policies.phases import Phase, Planned
from tertulia.orchestrator.policies.scheduled import Scheduled
from tertulia.orchestrator.policies.specification import known_as


@known_as("debate")
@dataclass(frozen=True, slots=True)
class Debate(Planned):
    """The ``sides`` (handles) open, rebut each other so many times, and close.

    They speak in their order in the opening and in each of the ``rebuttals``, and in the opposite
    order in the closing: who began has the last word. A side that is missing is passed over.
    ``seconds`` bounds each of the three phases (0: nothing does). Fair: with n sides here, each of
    them speaks again within ``2n - 1`` grants, until it has had ``rebuttals + 2`` turns; nobody
    else is granted the floor, and everybody may post.
    """

    sides: tuple[str, ...] = ()
    rebuttals: int = 2
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Check the number once."""
        if self.rebuttals < 0:
            raise Invalid(where="policy 'debate'", what="rebuttals must not be negative")

    def plan(self) -> tuple[Phase, ...]:
        """Opening, rebuttals if there are any, closing."""
        orders = {
            "opening": self.sides,
            "rebuttals": self.sides * self.rebuttals,
            "closing": self.sides[::-1],
        }
        return tuple(
            Phase(title, Scheduled(order), seconds=self.seconds, lapses=True)
            for title, order in orders.items()
            if order
        )
