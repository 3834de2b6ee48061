"""Everybody in turn."""

from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice


@known_as("round_robin")
@dataclass(frozen=True, slots=True)
class RoundRobin:
    """Whoever has waited longest since its last turn, among those who have heard something new.

    With ``people`` the persons have their place in the circle and are waited for. Fair: with n
    members in the circle, one with news is granted within n grants to speak to everybody.
    """

    people: bool = False

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Grant the next of the circle."""
        circle = list(floor.willing())
        if self.people:
            circle += [s for s in floor.people() if floor.eligible(s.id) and floor.news_for(s)]
        following = min(circle, key=_turn_of, default=None)
        return None if following is None else Choice(following.id, "round robin")


def _turn_of(seat: Seat) -> tuple[int, int]:
    return seat.turn_to_all, seat.joined
