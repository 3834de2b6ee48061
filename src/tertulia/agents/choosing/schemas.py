"""JSON schemas that can be asked for: what is wrong with one is said before a model is asked. Pure.

A schema is of JSON Schema's draft 2020-12, or of the one that it names.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias
from urllib.parse import unquote

from tertulia.agents.choosing.answers import Schema
from tertulia.orchestrator.errors import Invalid

Change: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]

VALUES = frozenset({"enum", "const", "default", "examples"})
"""What stands there is data, and no schema."""

BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""What stands there are schemas, each by a name that a user has given it."""

HELD = frozenset({"maxLength", "enum", "const", "pattern", "format"})
"""What bounds a text."""

NAMED = frozenset({"$id", "$anchor", "$dynamicAnchor"})
"""What gives a part a name of its own; references to it are not followed here."""

JOINED = frozenset({"allOf", "if", "not", "dependentSchemas", "$dynamicRef", "$recursiveRef"})
"""Where an object may be described in parts, of which none must be closed."""


def schema_text(schema: Schema) -> str:
    """A schema of an object, as JSON. Raises ``Invalid`` for what is none."""
    if not isinstance(schema, Mapping):
        hint = "give a dict, as from BaseModel.model_json_schema()"
        raise Invalid(where="the schema", what=f"is none: {schema!r:.80}; {hint}")
    try:
        text = json.dumps(schema, ensure_ascii=False, separators=(",", ":"))
        text.encode()
        flaw = _flaw(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise Invalid(where="the schema", what=f"is no JSON: {error}") from None
    if flaw:
        raise Invalid(where="the schema", what=flaw)
    return text


def closed(schema: Schema) -> Schema:
    """The schema without fields that it does not name, of which small models find no end.

    What fits it fits the schema too. One whose objects are put together is left as it is.
    """
    if any(JOINED & part.keys() for part in _parts(schema)):
        return schema
    shut: Schema = _changed(schema, _shut)
    return shut


def bounded(schema: Schema, letters: int) -> Schema:
    """The schema with texts of so many characters at most, where it says nothing of their length.

    For a model that finds no end of one. What fits it fits the schema too.
    """

    def bound(part: dict[str, Any]) -> dict[str, Any]:
        is_free = part.get("type") == "string" and not part.keys() & HELD
        return {**part, "maxLength": max(letters, part.get("minLength", 0))} if is_free else part

    short: Schema = _changed(schema, bound)
    return short


@lru_cache(256)
def _flaw(text: str) -> str | None:
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for

    schema = json.loads(text)
    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        place = ".".join(map(str, error.absolute_path)) or "it"
        return f"cannot be used: {place}: {error.message:.200}"
    kinds = schema.get("type", "object")
    if "object" not in ([kinds] if isinstance(kinds, str) else kinds):
        return f"is of {kinds!r:.80}, and an answer is an object: put it into a field of one"
    parts = list(_parts(schema))
    if any(NAMED & part.keys() for part in parts):
        return None
    lost = [part["$ref"] for part in parts if not _leads(part.get("$ref", "#"), schema)]
    return f"refers to {lost[0]!r:.80}, which is not in it" if lost else None


def _parts(value: Any) -> Iterator[Mapping[str, Any]]:
    """The schema, and all that is within it."""
    if isinstance(value, Mapping):
        yield value
        for key, one in value.items():
            if key not in VALUES:
                yield from _parts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _parts(one)


def _leads(reference: Any, schema: Any) -> bool:
    """Whether a reference, a JSON pointer (RFC 6901), leads to a part of the schema."""
    if not isinstance(reference, str):  # a field of that name
        return True
    here = schema
    way = reference.removeprefix("#")
    if way == reference or (way and not way.startswith("/")):
        return False
    for step in way.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        try:
            here = here[int(key)] if isinstance(here, list) else here[key]
        except (KeyError, ValueError, IndexError, TypeError):
            return False
    return True


def _shut(part: dict[str, Any]) -> dict[str, Any]:
    is_open = not part.keys() & {"additionalProperties", "patternProperties", "$ref"}
    if is_open and isinstance(part.get("properties"), Mapping):
        return {**part, "additionalProperties": False}
    return part


def _changed(value: Any, change: Change, *, named: bool = False) -> Any:
    """A schema with each part of it changed; ``named`` are parts by their names, and no part."""
    if isinstance(value, list | tuple):
        return [_changed(one, change) for one in value]
    if not isinstance(value, Mapping):
        return value
    inner = {
        key: one
        if not named and key in VALUES
        else _changed(one, change, named=not named and key in BY_NAME)
        for key, one in value.items()
    }
    return inner if named else change(inner)
