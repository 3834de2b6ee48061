"""What waits for a model: one call, and how urgent it is. Values only."""

from dataclasses import dataclass

from tertulia.agents.callers import Rank

READING = 1 / 16
"""What reading a token costs, in tokens written: prompts are read many tokens at a time."""


@dataclass(frozen=True, slots=True)
class Job:
    """A call that waits for a server. ``serial`` counts the calls of a pool.

    ``prefix`` names what its prompt begins with: a server that has read that lately need not read
    it again. ``prompt_tokens`` is how long the prompt is, ``answer_tokens`` how long the answer may
    be expected to be. ``barred`` are servers that have failed it already. ``since`` is when it came
    (Unix seconds).
    """

    serial: int
    room: str
    tenant: str = ""
    rank: Rank = Rank.HOLDER
    since: float = 0.0
    prompt_tokens: int = 0
    answer_tokens: int = 100
    prefix: str = ""
    barred: frozenset[str] = frozenset()

    @property
    def cost(self) -> float:
        """What it costs a server, in tokens written."""
        return self.prompt_tokens * READING + max(1, self.answer_tokens)
