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

MARKS = (
    " \t\r\n\"'`*@.!?\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb\u2039\u203a"
    "\u3002\u300c\u300d\u300e\u300f\u061f\u0964"
)
"""What may stand around an option: quotation marks, a full stop, emphasis, an @."""

CUT = "was cut off: it may not be so long (max_tokens)"
"""What is said of an answer that the server has ended before its end."""

MOST_FLAWS = 12
"""So many are told to a model that has to mend them."""

MOST_TOLD = 120
"""So many characters are told of each of them, of its beginning and of its end."""

_REASONING = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"^```\w*\s*\n(.*)\n\s*```$", re.DOTALL)

Schema = Mapping[str, Any]


class Unfit(Invalid):
    """An answer that is not what was asked for."""

    says = "{where} {what}"


def checked_options(options: Sequence[str]) -> tuple[str, ...]:
    """The options, if they can be told apart. Raises ``Invalid``."""
    known = () if isinstance(options, str) else tuple(options)
    if not known:
        raise Invalid(where="options", what="there is none; give a list of texts")
    seen: dict[str, str] = {}
    for option in known:
        if not isinstance(option, str):
            raise Invalid(where="options", what=f"{option!r:.80} is no text")
        form = _plain(option)
        if not form or "\0" in option or not _is_text(option):
            raise Invalid(where="options", what=f"{option!r:.80} is no word that could be said")
        if form in seen:
            what = f"{option!r:.80} cannot be told from {seen[form]!r:.80}"
            raise Invalid(where="options", what=what)
        seen[form] = option
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
    return f"Answer with one of these and nothing else: {listed(options)}."


def listed(options: Sequence[str], most: int | None = None) -> str:
    """The options as they are read; those that would not be read as one are quoted, as JSON."""
    told = [
        json.dumps(one, ensure_ascii=False) if ";" in one or not one.isprintable() else one
        for one in options[:most]
    ]
    more = len(options) - len(told)
    return "; ".join(told) + (f"; or one of {more} more" if more else "")


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
    """The option in a JSON value: a text, number or truth, or an object with that one field."""
    if isinstance(value, Mapping) and set(value) == {FIELD}:
        value = value[FIELD]
    if not isinstance(value, str | int | float):
        return None
    plain = _plain(value if isinstance(value, str) else json.dumps(value))
    return next((option for option in options if _plain(option) == plain), None)


def json_in(answer: str) -> dict[str, Any]:
    """The JSON object that the whole answer is, in a fence or without. Raises ``Unfit``."""
    text = _unfenced(_bare(answer))
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        broken_off = text and (error.pos >= len(text) or error.msg.startswith("Unterminated"))
        why = "it breaks off before its end" if broken_off else error
        raise Unfit(where="the answer", what=f"is not a JSON object: {why}") from None
    except (ValueError, RecursionError) as error:
        raise Unfit(where="the answer", what=f"is not a JSON object: {error}") from None
    if not isinstance(value, dict):
        raise Unfit(where="the answer", what="is not a JSON object")
    return value


def fitting(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The value, if it fits the schema. Raises ``Unfit`` with what does not."""
    from jsonschema.validators import validator_for  # a fifth of a second: only where it is used

    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        flaws = [
            f"{'.'.join(map(str, flaw.absolute_path)) or 'the object'}: {_short(flaw.message)}"
            for flaw in validator_for(schema)(schema).iter_errors(value)
        ]
    except (ValueError, RecursionError) as error:  # infinite, half a character, too deep
        raise Unfit(where="the answer", what=f"cannot be kept as JSON: {error}") from None
    if flaws:
        told = [*flaws[:MOST_FLAWS], *([f"and {len(flaws)} in all"] if flaws[MOST_FLAWS:] else [])]
        raise Unfit(where="the answer", what="does not fit: " + "; ".join(told))
    return value


def _short(flaw: str) -> str:
    """A flaw that begins with what was answered, and ends with what is wrong with it."""
    return flaw if len(flaw) <= 2 * MOST_TOLD else f"{flaw[:MOST_TOLD]} … {flaw[-MOST_TOLD:]}"


def _bare(answer: str) -> str:
    """An answer without the reasoning that some models tell before it, in tags of its own."""
    return _REASONING.sub("", answer).strip()


def _unfenced(text: str) -> str:
    fenced = _FENCE.match(text)
    return fenced[1] if fenced else text


def _is_text(text: str) -> bool:
    """Whether it can be sent: half of a surrogate pair cannot."""
    return text == text.encode(errors="replace").decode()


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().strip(MARKS).split())
