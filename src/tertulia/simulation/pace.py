"""Agents whose model is outside of virtual time, which stands still while they think.

They speak at the pace of speech. Otherwise a model that takes a second of ours would miss every
deadline of theirs.
"""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TypeVar

from tertulia.orchestrator.consultation import Consultation
from tertulia.orchestrator.errors import Unreachable
from tertulia.orchestrator.ports import Clock, Reply
from tertulia.orchestrator.room import TurnId
from tertulia.orchestrator.turns import Speaker, Turn
from tertulia.simulation.clock import VirtualLoop
from tertulia.simulation.lines import FIRST_TOKEN_S, TOKENS_PER_SECOND

Answer = TypeVar("Answer")

PATIENCE_S = 300.0
"""How long a model may think, in real seconds."""

_WORD = re.compile(r"\s*\S+\s*|\s+")


class NoAnswer(Unreachable):
    """A model outside of virtual time that does not come back."""

    says = "no answer came within {seconds:g} real seconds; see whether its server is overloaded"


def outside(
    answer: Callable[[Consultation], Awaitable[Answer]],
) -> Callable[[Consultation], Awaitable[Answer]]:
    """The same bidder, voter or adviser, for whom virtual time stands still while it thinks."""

    async def think(told: Consultation) -> Answer:
        loop = asyncio.get_running_loop()
        with loop.outside() if isinstance(loop, VirtualLoop) else nullcontext():
            return await answer(told)

    return think


class Outside:
    """Lets an agent think in no time, and then speak at the pace of speech.

    In a loop with real time it is the agent itself.
    """

    __slots__ = ("_paced", "_patience_s", "_speaker", "bid", "ended", "vote")

    def __init__(
        self, speaker: Speaker, *, patience_s: float = PATIENCE_S, paced: bool = True
    ) -> None:
        """Take the turns of ``speaker``; unless ``paced``, what it says takes no time either."""
        self._speaker, self._patience_s, self._paced = speaker, patience_s, paced
        self.ended: Callable[[TurnId], Awaitable[None]] = getattr(speaker, "ended", _nothing)
        for name in ("bid", "vote"):  # what it has of these
            if (answer := getattr(speaker, name, None)) is not None:
                setattr(self, name, outside(answer))

    async def __call__(self, turn: Turn) -> Reply | str | None:
        """Take one turn. Raises what the agent raises, and ``NoAnswer``."""
        loop = asyncio.get_running_loop()
        if not isinstance(loop, VirtualLoop):
            return await self._speaker(turn)
        clock = _Standing(turn.clock)
        thought = Turn(turn.hold, turn.members, turn.view, clock, lambda delta: None)
        thought.deeds, thought.waits, thought.mind = turn.deeds, turn.waits, turn.mind
        with loop.outside():
            reply = await self._answer(thought, loop)
        if not self._paced:
            turn.say(thought.delivered)
            return reply
        await turn.clock.sleep(FIRST_TOKEN_S)
        for word in _WORD.findall(thought.delivered):
            turn.say(word)
            await turn.clock.sleep(1 / TOKENS_PER_SECOND)
        return reply

    async def _answer(self, turn: Turn, loop: VirtualLoop) -> Reply | str | None:
        thinking = asyncio.ensure_future(self._speaker(turn))
        alarm = threading.Timer(self._patience_s, loop.call_soon_threadsafe, (thinking.cancel,))
        alarm.daemon = True
        alarm.start()
        try:
            return await thinking
        except asyncio.CancelledError:
            if alarm.finished.is_set() and not asyncio.current_task().cancelling():  # type: ignore[union-attr]
                raise NoAnswer(seconds=self._patience_s) from None
            raise
        finally:
            alarm.cancel()
            thinking.cancel()


class _Standing:
    """The clock of one who is outside: the room's time stands still, and waiting is real."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Callable[[], None]:
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback).cancel


async def _nothing(turn: TurnId) -> None:
    """Nothing is kept of turns."""
