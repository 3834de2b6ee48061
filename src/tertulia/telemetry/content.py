"""What models were told and said, as GenAI conventions write it: only where somebody asks for it.

Nothing of a turn that is not for everybody is ever told, nor of a call that is of no turn.
"""

import json
import os
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from tertulia.orchestrator.present import PRESENT

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
"""OpenTelemetry's environment variable that turns it on."""

ROLES = {"human": "user", "ai": "assistant"}


def wanted() -> bool:
    """Whether the environment asks for contents."""
    return os.environ.get(CAPTURE, "").strip().lower() in {
        "true",
        "1",
        "span_only",
        "span_and_event",
    }


def for_everybody() -> bool:
    """Whether what is done here is done in a turn that everybody hears."""
    turn = PRESENT.get()
    return turn is not None and turn.audience is None


def messages_of(batches: Sequence[Sequence[BaseMessage]]) -> str:
    """What a model was given to read."""
    return _dumped([_message(one) for batch in batches for one in batch])


def reply_of(response: LLMResult | None) -> str:
    """What it answered."""
    batches = () if response is None else response.generations
    found = (getattr(one, "message", None) for batch in batches for one in batch)
    return _dumped([_message(one) for one in found if isinstance(one, BaseMessage)])


def _message(message: BaseMessage) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "content": str(message.text)}]
    for call in getattr(message, "tool_calls", ()):
        told = {"id": call["id"], "name": call["name"], "arguments": call["args"]}
        parts.append({"type": "tool_call", **told})
    return {"role": ROLES.get(message.type, message.type), "parts": parts}


def _dumped(messages: Iterable[dict[str, Any]]) -> str:
    return json.dumps(list(messages), ensure_ascii=False, default=str)
