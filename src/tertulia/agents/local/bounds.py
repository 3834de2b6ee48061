"""What an answer has to be, where that is more than words: JSON of a schema, or a call of a tool.

It is held to it token by token: what would leave the grammar is never drawn. Nothing here knows a
model; the grammar itself is llguidance's, see `grammar`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tertulia.orchestrator.errors import Invalid

Json = Mapping[str, Any]

FORCED = ("any", "required")


@dataclass(frozen=True, slots=True)
class Bound:
    """A JSON schema, as text; ``call`` puts the marks of a tool call round what fits it."""

    schema: str
    call: bool = False


def bound(
    tools: Sequence[Json], tool_choice: str | Json | None, response_format: Json | None
) -> Bound | None:
    """Read what OpenAI's fields of those names ask for; ``None`` for whatever the model likes.

    Raises ``Invalid`` for a tool that is not offered, and for a form that is not known.
    """
    if tool_choice and tool_choice not in ("auto", "none"):
        return Bound(json.dumps(_calls(_chosen(tools, tool_choice))), call=True)
    kind = (response_format or {"type": "text"}).get("type")
    match kind:
        case "text":
            return None
        case "json_object":
            return Bound(json.dumps({"type": "object"}))
        case "json_schema" if response_format is not None:
            return Bound(json.dumps(response_format["json_schema"]["schema"]))
    what = f"is text, json_object or json_schema, not {kind!r}"
    raise Invalid(where="response_format", what=what)


def _chosen(tools: Sequence[Json], choice: str | Json) -> list[Json]:
    functions = [tool["function"] for tool in tools]
    if choice in FORCED:
        return functions
    name = choice if isinstance(choice, str) else choice["function"]["name"]
    found = [function for function in functions if function["name"] == name]
    if not found:
        names = ", ".join(function["name"] for function in functions) or "none"
        raise Invalid(where="tool_choice", what=f"{name!r} is not offered; there are: {names}")
    return found


def _calls(functions: Sequence[Json]) -> Json:
    """The schema of a call of one of them; definitions come to the top, where references look."""
    definitions: dict[str, Any] = {}
    calls = []
    for function in functions:
        parameters = dict(function.get("parameters") or {"type": "object"})
        for name, meant in parameters.pop("$defs", {}).items():
            if definitions.setdefault(name, meant) != meant:
                what = f"two of them mean different things by {name!r}; offer one at a time"
                raise Invalid(where="tools", what=what)
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": function["name"]}, "arguments": parameters},
                "required": ["name", "arguments"],
                "additionalProperties": False,
            }
        )
    whole: dict[str, Any] = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {**whole, **({"$defs": definitions} if definitions else {})}
