"""Whether arguments fit a JSON schema, as far as they are known before results are in. Pure.

What a schema says beyond types, required and known fields, choices and bounds is left to the tool,
which checks its arguments again when it is called.
"""

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from tertulia.agents.planning.references import is_open

Schema = Mapping[str, Any]

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, Mapping),
    "null": lambda value: value is None,
}


def misfits(value: Any, schema: Schema, where: str = "") -> Iterator[tuple[str, str]]:
    """Each place (dotted) where a value does not fit, and what is wrong with it there."""
    return _misfits(value, schema, where, schema.get("$defs", {}))


def _misfits(value: Any, schema: Schema, where: str, defs: Schema) -> Iterator[tuple[str, str]]:
    if is_open(value):
        return
    named = str(schema.get("$ref", "")).rpartition("/")[2]
    if named:
        schema = defs.get(named, {})
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        if all(any(_misfits(value, choice, where, defs)) for choice in choices):
            yield where, f"must be {' or '.join(map(_called, choices))}, and is {value!r}"
        return
    yield from _of_itself(value, schema, where)
    if isinstance(value, Mapping) and "properties" in schema:
        yield from _of_fields(value, schema, where, defs)
    if isinstance(value, list | tuple) and isinstance(schema.get("items"), Mapping):
        for place, inner in enumerate(value):
            yield from _misfits(inner, schema["items"], _within(where, str(place)), defs)


def _of_itself(value: Any, schema: Schema, where: str) -> Iterator[tuple[str, str]]:
    wanted = schema.get("type")
    types = [wanted] if isinstance(wanted, str) else list(wanted or ())
    if types and not any(_TYPES.get(kind, lambda _: True)(value) for kind in types):
        yield where, f"must be {' or '.join(types)}, and is {value!r}"
    elif "enum" in schema and value not in schema["enum"]:
        yield where, f"{value!r} is none of {', '.join(map(str, schema['enum']))}"
    elif "const" in schema and value != schema["const"]:
        yield where, f"must be {schema['const']!r}"
    elif _TYPES["number"](value):
        for bound, holds in (("minimum", value.__ge__), ("maximum", value.__le__)):
            if bound in schema and holds(schema[bound]) is False:
                yield where, f"{value!r} is beyond its {bound}, {schema[bound]!r}"


def _of_fields(
    value: Mapping[str, Any], schema: Schema, where: str, defs: Schema
) -> Iterator[tuple[str, str]]:
    known: Schema = schema["properties"]
    for name in schema.get("required", ()):
        if name not in value:
            yield _within(where, name), "is missing"
    for name, inner in value.items():
        if name in known:
            yield from _misfits(inner, known[name], _within(where, name), defs)
        elif schema.get("additionalProperties") in (None, False):
            close = get_close_matches(name, known, n=1)
            there = f"there are {', '.join(known)}" if known else "there are none"
            hint = f"did you mean {close[0]!r}?" if close else there
            yield _within(where, name), f"is no argument; {hint}"


def _called(schema: Schema) -> str:
    return str(schema.get("type") or schema.get("enum") or schema.get("const") or "something else")


def _within(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
