"""An agent of a scenario that has lines of its own: one for each of its turns, in their order."""

from collections.abc import Mapping

from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.agents.speaker import ModelSpeaker
from tertulia.orchestrator.consultation import Consultation
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.turns import Turn

TOKENS_PER_SECOND, FIRST_TOKEN_S = 6.0, 0.8
"""The pace of speech."""


class Rehearsed:
    """Says its lines, and is silent after the last.

    Which line comes next is known from the room alone, so that a performance that is taken up again
    after a crash repeats none.
    """

    __slots__ = ("_card", "_lines", "_paced", "_votes")

    def __init__(
        self,
        card: Card,
        lines: tuple[str, ...],
        votes: Mapping[str, str] | None = None,
        *,
        paced: bool = True,
    ) -> None:
        """Let the agent on ``card`` say ``lines``, at the pace of speech unless told otherwise.

        ``votes`` are the options that it votes for, by the vote's title.
        """
        self._card, self._lines, self._paced = card, lines, paced
        self._votes = votes or {}

    async def vote(self, told: Consultation) -> str | None:
        """Vote as rehearsed; on anything else it abstains."""
        return None if told.ballot is None else self._votes.get(told.ballot.title)

    async def __call__(self, turn: Turn) -> Reply:
        """Take one turn: the line of the same number."""
        script = Scripted(
            self._lines[turn.me.turns - 1 :][:1],
            tokens_per_second=TOKENS_PER_SECOND * self._paced,
            first_token_seconds=FIRST_TOKEN_S * self._paced,
        )
        return await ModelSpeaker(self._card, script)(turn)
