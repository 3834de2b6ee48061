"""Combinators that hold some back: ``inner`` decides among the others."""

from dataclasses import dataclass, field

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies.conversational import Conversational
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice, Consult, Policy
from tertulia.orchestrator.room import Kind, ParticipantId


@known_as("limited")
@dataclass(frozen=True, slots=True)
class Limited:
    """Nobody has more than ``turns`` turns, or another after ``seconds`` with the floor (0: any).

    Counted for each participant, persons too, since it came in.
    """

    inner: Policy = field(default_factory=Conversational)
    turns: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers once."""
        if self.turns < 0 or not self.seconds >= 0:
            raise Invalid(where="policy 'limited'", what="limits must not be negative")

    def choose(self, floor: Floor, now: float) -> Choice | Consult | None:
        """Let ``inner`` choose among those who have something left."""
        spent = [
            seat.id
            for seat in floor.members.values()
            if (self.turns and seat.turns >= self.turns)
            or (self.seconds and seat.floor_s >= self.seconds)
        ]
        return self.inner.choose(floor.without(spent), now)


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

    def choose(self, floor: Floor, now: float) -> Choice | Consult | None:
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

    def choose(self, floor: Floor, now: float) -> Choice | Consult | None:
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
