"""An agent whose model is slow, raises, or breaks off in the middle of its words, by the seed."""

from collections.abc import Awaitable, Callable

from tertulia.orchestrator import Reply, Speaker, Turn
from tertulia.orchestrator.errors import Unreachable
from tertulia.orchestrator.room import TurnId
from tertulia.simulation.faults import Faults
from tertulia.simulation.habits import chance

PIECES = 8
"""After how many pieces of its answer, at most, a model breaks off."""


class Fault(Unreachable):
    """A failure that the simulation drew."""

    says = "{what} (drawn by the simulation)"


class Unsteady:
    """Takes the turns of an agent, some of them badly. What is drawn follows from seed and turn."""

    __slots__ = ("_faults", "_seed", "_speaker", "bid", "ended", "vote")

    def __init__(self, speaker: Speaker, faults: Faults, seed: int) -> None:
        """Spoil the turns of ``speaker`` as ``faults`` says."""
        self._speaker, self._faults, self._seed = speaker, faults, seed
        self.ended: Callable[[TurnId], Awaitable[None]] = getattr(speaker, "ended", _nothing)
        for name in ("bid", "vote"):  # what it has of these
            if (answer := getattr(speaker, name, None)) is not None:
                setattr(self, name, answer)

    async def __call__(self, turn: Turn) -> Reply | str | None:
        """Take one turn. Raises ``Fault``, and what the agent raises."""
        drawn = chance(self._seed, turn.id, turn.attempt)
        if drawn.random() < self._faults.slow_turns and self._faults.slow_s:
            await turn.clock.sleep(drawn.expovariate(1 / self._faults.slow_s))
        if drawn.random() >= self._faults.failing_turns:
            return await self._speaker(turn)
        left = drawn.randint(0, PIECES)
        if not left:
            raise Fault(what="the model cannot be reached")

        def say(piece: str) -> None:
            nonlocal left
            if not left:
                raise Fault(what="the model broke off in the middle of its answer")
            left -= 1
            turn.say(piece)

        spoilt = Turn(turn.hold, turn.members, turn.view, turn.clock, say)
        spoilt.deeds, spoilt.waits, spoilt.mind = turn.deeds, turn.waits, turn.mind
        return await self._speaker(spoilt)


async def _nothing(turn: TurnId) -> None:
    """Nothing is kept of turns."""
