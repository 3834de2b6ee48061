"""The most tokens that a call may come to, for budgets that must not be exceeded. Pure.

No tokeniser that is in use makes more tokens of a text than it has bytes in UTF-8. What templates
put around messages is less than is added here for it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from tertulia.agents.faults import ModelRefused
from tertulia.agents.prices import Prices

TEMPLATE, AROUND = 64, 16
"""Tokens that a template adds to a prompt, and to each message of it."""

BESIDE_TEXT = 4_000
"""Tokens that a picture or a sound may come to."""


@dataclass(frozen=True, slots=True)
class Most:
    """What a call may come to at most, wherever it is sent: tokens, and what they cost."""

    tokens: int = 0
    cost: float = 0.0


def most(
    messages: Sequence[BaseMessage],
    settings: Mapping[str, Any],
    models: Iterable[object],
    prices: Iterable[Prices],
) -> Most:
    """The most that a call may come to on any of the models.

    Raises ``ModelRefused`` where no answer's length is bounded (``max_tokens``).
    """
    read = TEMPLATE + sum(map(_message, messages)) + _length(settings.get("tools"))
    asked = settings.get("max_completion_tokens") or settings.get("max_tokens")
    lengths = [asked or getattr(model, "max_tokens", None) for model in models]
    if not all(lengths):
        raise ModelRefused(
            "how long its answer may be is not bounded, so a strict budget cannot be kept",
            model="",
            where="in the pool",
            hint="set `max_tokens` of each model",
        )
    written = max(map(int, lengths))  # type: ignore[arg-type]  # none is None
    return Most(read + written, max((price.of(read, written) for price in prices), default=0.0))


def _message(message: BaseMessage) -> int:
    content = message.content
    parts = [content] if isinstance(content, str) else content
    calls = message.tool_calls if isinstance(message, AIMessage) else []
    named = 2 * len((message.name or "").encode())  # it may be put before the text, too
    return AROUND + named + sum(map(_part, parts)) + _length(calls)


def _part(part: str | dict[str, Any]) -> int:
    text = part if isinstance(part, str) else part.get("text")
    return len(text.encode()) if isinstance(text, str) else BESIDE_TEXT


def _length(described: Any) -> int:
    return len(json.dumps(described, default=str).encode()) if described else 0
