"""What counts as an answer: one of the options, or JSON that fits a schema. Pure.

Nothing is searched for in prose: the whole of an answer is the option, or it is none.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from tertulia.orchestrator.errors import Invalid

FIELD = "answer"
"""The field that holds the option, where an answer is a JSON object."""

MARKS = " \t\r\n\"'`*@.!?\u201c\u201d\u2018\u2019\u00ab\u00bb"
"""What may stand around an option: quotation marks, a full stop, emphasis, an @."""

_REASONING = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"^```\w*\s*\n(.*)\n\s*```$", re.DOTALL)

Schema = Mapping[str, Any]


class Unfit(Invalid):
    """An answer that is not what was asked for."""

    says = "{where} {what}"


def checked_options(options: Sequence[str]) -> tuple[str, ...]:
    """The options, if they can be told apart. Raises ``Invalid``."""
    known = tuple(options)
    plain = [_plain(option) for option in known]
    if not known:
        raise Invalid(where="options", what="there is none")
    for option, form in zip(known, plain, strict=True):
        if not form:
            raise Invalid(where="options", what=f"{option!r} is no word")
        if plain.count(form) > 1:
            raise Invalid(where="options", what=f"{option!r} cannot be told from another")
    return known


def choice_schema(options: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an object whose one field is one of the options."""
    one = {"type": "string", "enum": list(options)}
    return {
        "type": "object",
        "properties": {FIELD: one},
        "required": [FIELD],
        "additionalProperties": False,
    }


def one_of(options: Sequence[str]) -> str:
    """What a model is told that has to say an option."""
    return f"Answer with one of these and nothing else: {'; '.join(options)}."


def option_in(answer: str, options: Sequence[str]) -> str | None:
    """The option that the whole answer is, bare or in a JSON object; ``None``, if it is none.

    Case does not matter, nor do quotation marks and a full stop around it.
    """
    text = _bare(answer)
    plain = _plain(text)
    for option in options:
        if _plain(option) == plain:
            return option
    try:
        return option_of(json.loads(_unfenced(text)), options)
    except ValueError:
        return None


def option_of(value: object, options: Sequence[str]) -> str | None:
    """The option in a JSON value: a text or number, or an object with that one field."""
    if isinstance(value, Mapping) and set(value) == {FIELD}:
        value = value[FIELD]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    plain = _plain(str(value))
    return next((option for option in options if _plain(option) == plain), None)


def json_in(answer: str) -> dict[str, Any]:
    """The JSON object that the whole answer is, in a fence or without. Raises ``Unfit``."""
    try:
        value = json.loads(_unfenced(_bare(answer)))
    except ValueError as error:
        raise Unfit(where="the answer", what=f"is not a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise Unfit(where="the answer", what="is not a JSON object")
    return value


def fitting(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The value, if it fits the schema. Raises ``Unfit`` with all that does not."""
    from jsonschema.validators import validator_for  # a fifth of a second: only where it is used

    flaws = [
        f"{'.'.join(map(str, flaw.absolute_path)) or 'the object'}: {flaw.message}"
        for flaw in validator_for(schema)(schema).iter_errors(value)
    ]
    if flaws:
        raise Unfit(where="the answer", what="does not fit: " + "; ".join(flaws))
    return value


def _bare(answer: str) -> str:
    """An answer without the reasoning that some models tell before it, in tags of its own."""
    return _REASONING.sub("", answer).strip()


def _unfenced(text: str) -> str:
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().strip(MARKS).split())
