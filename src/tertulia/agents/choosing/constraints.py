"""How servers are told what an answer has to be: one field of the request, spelt in six ways. Pure.

Which of them a server obeys is found out by ``probes``; most accept them all and ignore some.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tertulia.agents.choosing.answers import Schema, choice_schema

Body: TypeAlias = dict[str, Any]
"""Fields of a request's body."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way to spell it: for a choice of options, and for a JSON schema where it has that.

    Without ``choice`` a choice is spelt as the schema of one.
    """

    name: str
    schema: Callable[[Schema], Body] | None = None
    choice: Callable[[Sequence[str]], Body] | None = None

    def of_options(self, options: Sequence[str]) -> Body:
        """What binds an answer to one of the options."""
        if self.choice is not None:
            return self.choice(options)
        return self.of_schema(choice_schema(options))

    def of_schema(self, schema: Schema) -> Body:
        """What binds an answer to a JSON schema."""
        return {} if self.schema is None else self.schema(schema)


def grammar_of(options: Sequence[str]) -> str:
    """The GBNF grammar of a choice."""
    return "root ::= " + " | ".join(json.dumps(option, ensure_ascii=False) for option in options)


def regex_of(options: Sequence[str]) -> str:
    """The regular expression of a choice."""
    return "(" + "|".join(re.sub(r"([\\^$.|?*+()\[\]{}])", r"\\\1", one) for one in options) + ")"


def response_format(schema: Schema) -> Body:
    """As OpenAI spells it, and by now nearly everybody."""
    told = {"name": "answer", "schema": dict(schema), "strict": _is_strict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": told}}


def _is_strict(schema: object) -> bool:
    """Whether a schema is one that OpenAI takes as strict: each object closed, all required."""
    if isinstance(schema, Mapping):
        fields = schema.get("properties")
        if isinstance(fields, Mapping):
            closed = schema.get("additionalProperties") is False
            if not closed or set(schema.get("required", ())) != set(fields):
                return False
        elif schema.get("type") == "object":
            return False
        return all(map(_is_strict, schema.values()))
    return not isinstance(schema, list) or all(map(_is_strict, schema))


SPELLINGS: tuple[Spelling, ...] = (
    Spelling("response_format", response_format),
    Spelling(
        "structured_outputs",  # vLLM
        lambda schema: {"structured_outputs": {"json": dict(schema)}},
        lambda options: {"structured_outputs": {"choice": list(options)}},
    ),
    Spelling(
        "guided",  # vLLM before 0.12, which later ones ignore without a word
        lambda schema: {"guided_json": dict(schema)},
        lambda options: {"guided_choice": list(options)},
    ),
    Spelling("json_schema", lambda schema: {"json_schema": dict(schema)}),  # llama.cpp
    Spelling("grammar", None, lambda options: {"grammar": grammar_of(options)}),  # llama.cpp
    Spelling("regex", None, lambda options: {"regex": regex_of(options)}),  # SGLang
)
"""In the order in which they are tried."""
