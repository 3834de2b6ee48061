"""Some speak more often than others, by agreed weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice
from tertulia.orchestrator.room import ParticipantId


@known_as("weighted")
@dataclass(frozen=True, slots=True)
class Weighted:
    """Of the agents that have heard something new, the one furthest behind its share of turns.

    Turns are counted from when this became the room's policy, or its phase began.

    ``weights`` are by handle; who has none has 1. Stride scheduling (Waldspurger & Weihl 1995).
    Fair: n agents that came in together and always have news, with weights w, each get a turn
    within ``n + sum(w) / min(w)`` grants.
    """

    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the weights once."""
        if not isinstance(self.weights, Mapping):
            what = f"weights are numbers by handle, not {self.weights!r:.80}"
            raise Invalid(where="policy 'weighted'", what=what)
        for who, weight in self.weights.items():
            if not _is_weight(weight):
                what = f"the weight of {who} must be a number greater than 0, not {weight!r:.80}"
                raise Invalid(where="policy 'weighted'", what=what)

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the one for whom one more turn is fairest."""
        had = floor.stage.turns
        behind = min(
            floor.willing(),
            key=lambda seat: ((had.get(seat.id, 0) + 1) / self._weight(seat.id), seat.joined),
            default=None,
        )
        return None if behind is None else Choice(behind.id, "by weight")

    def _weight(self, who: ParticipantId) -> float:
        return self.weights.get(who, 1.0)


def _is_weight(value: object) -> bool:
    return isinstance(value, int | float) and 0 < value < float("inf")
