"""Holds an answer to its grammar, token by token, with llguidance.

Imported on the worker's thread only.
"""

import json
from typing import Any

from llguidance import LLMatcher
from llguidance.hf import from_tokenizer

from tertulia.agents.faults import ModelRefused
from tertulia.agents.local.bounds import Bound
from tertulia.agents.local.chat import CLOSING, OPENING
from tertulia.agents.local.settings import HERE, Settings

COMPACT = {"whitespace_flexible": False}
"""Without it a model may write spaces for ever."""


class Held:
    """How far an answer has come in its grammar."""

    def __init__(self, tokenizer: Any, what: Bound, settings: Settings) -> None:
        """Begin. Raises ``ModelRefused`` for a schema that cannot be followed."""
        schema = json.loads(what.schema)
        grammar = LLMatcher.grammar_from_json_schema(schema, defaults=COMPACT)
        if what.call:
            told = json.dumps({**schema, "x-guidance": COMPACT})
            opening, closing = json.dumps(OPENING + "\n"), json.dumps("\n" + CLOSING)
            grammar = LLMatcher.grammar_from_lark(
                f"start: {opening} call {closing}\ncall: %json {told}\n"
            )
        self._matcher = LLMatcher(tokenizer, grammar, log_level=0)
        if problem := self._matcher.get_error():
            raise ModelRefused(
                f"the schema cannot be followed: {problem.splitlines()[0][:300]}",
                model=settings.name,
                where=HERE,
                hint="simplify it",
            )

    def allowed(self) -> bytes:
        """Which tokens may come next: a bit each, the first the lowest."""
        return bytes(self._matcher.compute_bitmask())

    def take(self, token: int) -> bool:
        """Go on by a token; whether the answer is whole with it."""
        self._matcher.consume_token(token)
        return bool(self._matcher.is_stopped())


def tokens_for(tokenizer: Any, vocabulary: int) -> Any:
    """The tokenizer as llguidance wants it: a second's work, for all answers."""
    return from_tokenizer(tokenizer, n_vocab=vocabulary)
