"""What a call of a model came to, as a value: ids and figures, not a word of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult

OURS = "tertulia-"
"""How the kinds of our own models begin; people call them by what comes after it."""

PROVIDERS = {
    "amazon_bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    f"{OURS}embedded": "llama.cpp",
    f"{OURS}remote": "openai",  # the API that it speaks; ``server.address`` says where
    "xai": "x_ai",
}
"""LangChain's names of providers and ours, where OpenTelemetry has another one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that has begun, at ``since`` (Unix seconds): of which model, and on whose behalf."""

    model: str
    provider: str
    since: float
    room: str = ""
    agent: str = ""
    turn: str = ""
    settings: Mapping[str, float | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A call that has ended: seconds, tokens, and how.

    ``error`` is the kind of what was wrong; ``cancelled``: somebody left early. What the model has
    not told is ``None``.
    """

    asked: Asked
    seconds: float
    first_s: float | None = None
    read: int | None = None
    written: int | None = None
    cached: int | None = None
    model: str | None = None
    reasons: tuple[str, ...] = ()
    error: str | None = None
    cancelled: bool = False


def provider_of(metadata: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """Whose API it is, as far as is known."""
    kind = str(params.get("_type", ""))
    name = kind if kind.startswith(OURS) else str(metadata.get("ls_provider") or kind)
    return PROVIDERS.get(name, name.removeprefix(OURS)) or "unknown"


def told_by(response: LLMResult | None) -> dict[str, Any]:
    """The fields of an ``Answer`` that the model itself has told."""
    message = None
    for one in response.generations if response is not None else ():
        message = getattr(one[0], "message", None) if one else message
    if not isinstance(message, AIMessage):
        return {}
    told, used = message.response_metadata, message.usage_metadata
    reason = told.get("finish_reason") or told.get("stop_reason")
    found: dict[str, Any] = {
        "model": told.get("model_name") or told.get("model"),
        "reasons": (str(reason),) if reason else (),
    }
    if used is not None:
        details = used.get("input_token_details") or {}
        found |= {"read": used["input_tokens"], "written": used["output_tokens"]}
        found["cached"] = details.get("cache_read")
    return found
