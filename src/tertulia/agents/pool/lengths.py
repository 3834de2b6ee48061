"""How long prompts are, about, and how long answers may be expected to be. Pure: no clock."""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage

from tertulia.agents.callers import Rank

CHARACTERS = 4
"""About so many make a token."""

BESIDE_TEXT = 1_000
"""Tokens that a picture or a sound is taken for; its bytes are not read as text."""

EXPECTED_TOKENS: Mapping[Rank, float] = {Rank.HOLDER: 100.0, Rank.BID: 6.0, Rank.BACKGROUND: 100.0}
"""How long an answer is taken to be before any was seen."""

LEARNING = 0.3
"""How far each answer moves what is expected of the next."""

MOST_KNOWN = 10_000
"""Of how many speakers it is remembered; whose answer was longest ago is forgotten first."""


class Lengths:
    """How long answers were, by what their prompts began with and by how urgent they were.

    Who says yes or no when asked for a bid may talk at length when holding the floor.
    """

    def __init__(self) -> None:
        """Nothing was seen."""
        self._seen: dict[tuple[str, Rank], float] = {}

    def expected(self, prefix: str, rank: Rank) -> int:
        """Tokens, one at least."""
        return max(1, round(self._seen.get((prefix, rank)) or EXPECTED_TOKENS[rank]))

    def answered(self, prefix: str, rank: Rank, written: int) -> None:
        """An answer had so many tokens; what has no prefix tells nothing of others."""
        if not (prefix and written):
            return
        before = self._seen.pop((prefix, rank), float(written))
        self._seen[prefix, rank] = before + LEARNING * (written - before)
        if len(self._seen) > MOST_KNOWN:
            del self._seen[next(iter(self._seen))]


def prompt_tokens(messages: Sequence[BaseMessage]) -> int:
    """About how many tokens a prompt has."""
    return sum(_characters(message.content) for message in messages) // CHARACTERS


def _characters(content: str | list[str | dict[str, Any]]) -> int:
    if isinstance(content, str):
        return len(content)
    return sum(_characters_of_part(part) for part in content)


def _characters_of_part(part: str | dict[str, Any]) -> int:
    text = part if isinstance(part, str) else part.get("text")
    return len(text) if isinstance(text, str) else BESIDE_TEXT * CHARACTERS
