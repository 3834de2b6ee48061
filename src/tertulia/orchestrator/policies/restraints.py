"""Combinators that hold some back: ``inner`` decides among the others."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Decision, Exhausted, Policy
from tertulia.orchestrator.room import Kind, ParticipantId


@known_as("limited")
@dataclass(frozen=True, slots=True)
class Limited:
    """Nobody is granted another turn who has used up a limit (0: there is none).

    ``turns``, ``seconds`` with the floor, ``tokens`` and ``cost`` are each participant's, persons
    too, counted since it came in; ``room_turns``, ``room_tokens`` and ``room_cost`` are what all
    agents have had together, ``room_seconds`` what those in the room have had; they hold back
    agents only. A limit lets the turn end in which it is reached. That one is used up is told to
    everybody, once (``BudgetSpent``). Posting is not limited: people always may.
    """

    inner: Policy = field(default_factory=Conversational)
    turns: int = 0
    seconds: float = 0.0
    tokens: int = 0
    cost: float = 0.0
    room_turns: int = 0
    room_seconds: float = 0.0
    room_tokens: int = 0
    room_cost: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers once."""
        limits = (getattr(self, one.name) for one in fields(self) if one.name != "inner")
        if not all(limit >= 0 for limit in limits):
            raise Invalid(where="policy 'limited'", what="limits must not be negative")

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Let ``inner`` choose among those who have something left."""
        together = self._spent_together(floor)
        for limit, amount in together:
            if (None, limit) not in floor.spent:
                return Exhausted(None, limit, amount)
        spent = {seat.id for seat in floor.agents()} if together else set()
        for seat in floor.members.values():
            for limit, amount in self._spent_by(seat):
                if (seat.id, limit) not in floor.spent:
                    return Exhausted(seat.id, limit, amount)
                spent.add(seat.id)
        return self.inner.choose(floor.without(spent) if spent else floor, now)

    def _spent_by(self, seat: Seat) -> list[tuple[str, float]]:
        had = {
            "turns": (seat.turns, self.turns),
            "seconds": (seat.floor_s, self.seconds),
            "tokens": (seat.tokens, self.tokens),
            "cost": (seat.cost, self.cost),
        }
        return _reached(had)

    def _spent_together(self, floor: Floor) -> list[tuple[str, float]]:
        had = {
            "room_turns": (floor.agent_turns, self.room_turns),
            "room_seconds": (sum(seat.floor_s for seat in floor.agents()), self.room_seconds),
            "room_tokens": (floor.spending.tokens, self.room_tokens),
            "room_cost": (floor.spending.cost, self.room_cost),
        }
        return _reached(had)


def _reached(had: Mapping[str, tuple[float, float]]) -> list[tuple[str, float]]:
    return [(name, limit) for name, (amount, limit) in had.items() if 0 < limit <= amount]


@known_as("cooldown")
@dataclass(frozen=True, slots=True)
class Cooldown:
    """After ``exchanges`` agents' turns in a row, agents wait until a person has spoken.

    Whom a person has asked, and persons themselves, go on. So no two agents, and no circle of them,
    talk for longer than that without people, whatever ``inner`` would like.
    """

    inner: Policy = field(default_factory=Conversational)
    exchanges: int = 4

    def __post_init__(self) -> None:
        """Check the number once."""
        if self.exchanges < 1:
            raise Invalid(where="policy 'cooldown'", what="exchanges must be at least 1")

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Let ``inner`` choose, from among fewer when agents have had their run."""
        if floor.agent_run >= self.exchanges:
            floor = floor.without(_unasked_agents(floor))
        return self.inner.choose(floor, now)


@known_as("quiet")
@dataclass(frozen=True, slots=True)
class Quiet:
    """While people talk to each other, agents wait, unless a person asks them or they raise a hand.

    People talk to each other when the last two to say something to everybody were two persons.
    """

    inner: Policy = field(default_factory=Conversational)

    def choose(self, floor: Floor, now: float) -> Decision | None:
        """Let ``inner`` choose, from among fewer while people talk."""
        if _people_talk(floor):
            hands = {request.participant for request in floor.pending}
            floor = floor.without(_unasked_agents(floor) - hands)
        return self.inner.choose(floor, now)


def _unasked_agents(floor: Floor) -> set[ParticipantId]:
    return {seat.id for seat in floor.agents()} - floor.asked_by_people()


def _people_talk(floor: Floor) -> bool:
    last = (floor.latest, floor.before)
    seats = [floor.members.get(utterance.by) for utterance in last if utterance is not None]
    return len(seats) == 2 and all(seat is not None and seat.kind is Kind.HUMAN for seat in seats)
