"""A chair, person or agent, says who speaks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice
from tertulia.orchestrator.room import Kind, ParticipantId


@known_as("chaired")
@dataclass(frozen=True, slots=True)
class Chaired:
    """Whom ``chair`` (a handle) has named, in that order; raised hands wait for the chair.

    A chair names somebody by nominating them, or by addressing them. An agent in the chair is given
    the floor when nobody is named and there is something new to react to, or a hand is up. While
    the chair is away, hands are granted in their order, so that nobody waits for an empty chair.
    """

    chair: str = ""

    def choose(self, floor: Floor, now: float) -> Choice | None:
        """Follow the chair."""
        return next(self._orders(floor, ParticipantId(self.chair)), None)

    def _orders(self, floor: Floor, chair: ParticipantId) -> Iterator[Choice]:
        for named in floor.nominated:
            if named.chair == chair and floor.eligible(named.participant):
                yield Choice(named.participant, "named by the chair")
        for owed in floor.owed:
            asked = owed.by == chair or owed.participant == chair
            if asked and floor.eligible(owed.participant):
                yield Choice(owed.participant, "addressed by the chair", owed.seq)
        seat = floor.members.get(chair)
        if seat is None:
            for hand in floor.pending:
                if floor.eligible(hand.participant):
                    yield Choice(hand.participant, "raised hand, no chair")
        elif seat.kind is Kind.AGENT and floor.eligible(chair) and _has_to_react(floor, seat):
            yield Choice(chair, "the chair")


def _has_to_react(floor: Floor, chair: Seat) -> bool:
    """Whether something was said, or a hand went up, since the chair last had the floor."""
    return floor.news_for(chair) or any(r.grants >= chair.granted for r in floor.pending)


def chairs(specification: object) -> set[str]:
    """Who is in the chair under a policy, as it is said in data, or under any policy within it."""
    match specification:
        case {"name": "chaired", "chair": str(chair)}:
            return {chair}
        case Mapping():
            return set().union(*map(chairs, specification.values()))
        case list() | tuple():
            return set().union(*map(chairs, specification))
    return set()
