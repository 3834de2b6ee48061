"""Round after round, in each of which everybody has one chance."""

from dataclasses import dataclass

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.policies.phases import Phase, Planned
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice


@known_as("in_rounds")
@dataclass(frozen=True, slots=True)
class InRounds:
    """Everybody once a round, nobody twice before all have had their chance; then silence.

    Each agent (with ``people`` each person too, who is waited for) has a turn in each of the
    ``rounds``, whether it has heard something new or not; saying nothing is to pass. A raised hand
    goes first, if it is not one too many for the round. Fair: of n in the circle, everybody is
    granted within ``2n - 1`` grants (as does any member with its hand up), until the rounds end.
    """

    rounds: int = 1
    people: bool = False

    def __post_init__(self) -> None:
        """Check the number once."""
        if self.rounds < 1:
            raise Invalid(where="policy 'in_rounds'", what="rounds must be at least 1")

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the next of the round."""
        circle = list(self._circle(floor))
        had = floor.stage.turns
        least = min((had.get(seat.id, 0) for seat in circle), default=self.rounds)
        if least >= self.rounds:
            return None
        for hand in floor.pending:
            if floor.eligible(hand.participant) and had.get(hand.participant, 0) <= least:
                return Choice(hand.participant, "raised hand")
        waiting = (seat for seat in circle if floor.eligible(seat.id))
        following = next((seat for seat in waiting if had.get(seat.id, 0) == least), None)
        return None if following is None else Choice(following.id, f"round {least + 1}")

    def _circle(self, floor: Floor) -> list[Seat]:
        """Those who take part, but for whom nobody may grant anything now."""
        circle = [*floor.agents(), *(floor.people() if self.people else ())]
        return [s for s in circle if floor.eligible(s.id) or floor.hold_of(s.id) is not None]


@known_as("brainstorm")
@dataclass(frozen=True, slots=True)
class Brainstorm(Planned):
    """A phase of so many ``rounds``, or ``seconds``: everybody once a round, hands welcome.

    As many speak at once as the room's capacity says. Fair as ``in_rounds``: among n, everybody
    within ``2n - 1`` grants.
    """

    rounds: int = 2
    seconds: float = 0.0
    people: bool = False

    def plan(self) -> tuple[Phase, ...]:
        """One phase."""
        inner = InRounds(self.rounds, self.people)
        return (Phase("brainstorm", inner, seconds=self.seconds, lapses=True),)
