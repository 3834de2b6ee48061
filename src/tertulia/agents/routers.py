"""Routers without a model: who answers what a person says, by the words in it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.routes import EVERYONE
from tertulia.orchestrator.routing import Routing

PHRASES, PHRASE = 100, 80
"""How many words a router knows at most, and in how many characters each."""


@dataclass(frozen=True, slots=True)
class Keywords:
    """Whoever stands beside the first of ``words`` that is said; else ``otherwise``.

    Words and phrases, in any case, each with a handle, ``everyone`` or ``nobody``. They are found
    as whole words only. Raises ``Invalid`` for what cannot be used.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    otherwise: str = EVERYONE

    def __post_init__(self) -> None:
        """Check them once, at the door."""
        if len(self.words) > PHRASES:
            raise Invalid(where="router", what=f"knows {PHRASES} words at most")
        for phrase, who in (*self.words.items(), ("else", self.otherwise)):
            _check(phrase, who)

    async def __call__(self, told: Routing) -> str:
        """Say who answers."""
        return self.choose(told.said.text)

    def choose(self, text: str) -> str:
        """Who answers this text."""
        said = _fold(text)
        for phrase, who in self.words.items():
            if re.search(rf"(?<!\w){re.escape(_fold(phrase).strip())}(?!\w)", said):
                return who
        return self.otherwise


def _check(phrase: Any, who: Any) -> None:
    if not isinstance(phrase, str) or not isinstance(who, str):
        what = f"words and names are text, in quotes if need be; {phrase!r:.80}: {who!r:.80} is not"
        raise Invalid(where="router", what=what)
    if not phrase.strip() or len(phrase) > PHRASE:
        what = f"a word has 1 to {PHRASE} characters, and {phrase!r:.80} has not"
        raise Invalid(where="router", what=what)


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
