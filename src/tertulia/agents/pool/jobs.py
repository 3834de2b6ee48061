"""What waits for a model: one call, and how urgent it is. Values only."""

from dataclasses import dataclass
from enum import IntEnum

READING = 1 / 16
"""What reading a token costs, in tokens written: prompts are read many tokens at a time."""


class Rank(IntEnum):
    """How urgent a call is; who waits long enough rises."""

    HOLDER = 0
    """Somebody has the floor, and everybody waits to hear him."""
    BID = 1
    """A question beside the talk: who wants to speak, whom a message is for."""
    BACKGROUND = 2
    """What nobody waits for: a summary, a fact to remember."""


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
