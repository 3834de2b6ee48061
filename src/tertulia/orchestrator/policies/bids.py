"""Agents say how much they wish to speak, and the strongest wish is granted."""

from dataclasses import dataclass

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.floor import Floor, Question
from tertulia.orchestrator.policies.specification import known_as
from tertulia.orchestrator.ports import Choice, Consult
from tertulia.orchestrator.room import ParticipantId


@known_as("bids")
@dataclass(frozen=True, slots=True)
class Bids:
    """The highest bid of at least ``threshold``, from 0 to 1; among equals the longest silent.

    Each agent that has heard something new bids once for each such moment, with a thought that
    only it ever sees (Inner Thoughts, CHI 2025). When none reaches the threshold there is silence,
    until something new is said. Where several may speak at once, the next highest bids are granted
    too. Bids that take longer than ``within_s`` seconds do not count. After
    ``agent_run`` agents' turns in a row they wait for a person.
    """

    threshold: float = 0.5
    within_s: float = 10.0
    agent_run: int = 8

    def __post_init__(self) -> None:
        """Check the number once."""
        if not 0 <= self.threshold <= 1:
            raise Invalid(where="policy 'bids'", what="threshold must be from 0 to 1")

    def choose(self, floor: Floor, now: float) -> Choice | Consult | None:
        """Ask for bids, or grant the highest."""
        willing = tuple(seat.id for seat in floor.willing())
        asked = floor.asked("bid")
        if not willing or floor.agent_run >= self.agent_run:
            return None
        best = None if asked is None else self._best(asked, floor, willing)
        if asked is None or not asked.over or _is_outdated(asked, floor, best):
            return Consult("bid", willing, self.within_s)  # or wait for the bids
        return None if best is None else Choice(best, "highest bid")

    def _best(
        self, asked: Question, floor: Floor, willing: tuple[ParticipantId, ...]
    ) -> ParticipantId | None:
        high = [
            (-score, floor.members[who].granted, floor.members[who].joined, who)
            for who, score in asked.bids
            if score >= self.threshold and who in willing
        ]
        return min(high)[-1] if high else None


def _is_outdated(asked: Question, floor: Floor, best: ParticipantId | None) -> bool:
    """Whether something has been said since, and these bids have had, or have, no effect."""
    news = floor.latest is not None and floor.latest.seq > asked.seq
    return news and (asked.used or best is None)
