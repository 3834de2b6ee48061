"""A ``models.yaml`` read and checked whole: every mistake with its line, and no secret in any."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tertulia.agents.models.document import Agent, Allowance, Budgets, Document, Model, Pool, Server
from tertulia.agents.models.mistakes import Mistake, of_document
from tertulia.agents.models.secrecy import HIDDEN, SECRET_NAME, VARIABLE, masked, secrets_in
from tertulia.agents.source import Loc, NotYaml, Source, Unreadable, read, text_of
from tertulia.orchestrator.errors import Invalid

EXPANDED = ("base_url", "model")
"""The fields in which ``${NAME}`` stands for what the environment variable holds."""

QUOTE = "; put what has ${NAME} in it in quotes"
OTHERWISE = "if it is not meant, name another with --models or TERTULIA_MODELS"
SHAPE = "is a mapping with models, pools, agents and default"

SPELT = {
    "api_base": "base_url",
    "apibase": "base_url",
    "base": "base_url",
    "endpoint": "base_url",
    "url": "base_url",
    "api_key_name": "api_key_env",
    "env_key": "api_key_env",
    "key_env": "api_key_env",
    "max_completion_tokens": "max_tokens",
    "model_name": "model",
    "name": "model",
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "timeout": "first_token_seconds",
    "max_parallel_requests": "most",
    "endpoints": "servers",
    "model_list": "models",
}
"""How others spell these fields."""


class BadModels(Invalid):
    """A ``models.yaml`` that cannot be used; ``problems`` has a sentence for each mistake."""

    says = "{where} cannot be used:\n  {what}"

    def by_itself(self) -> "BadModels":
        """The same about a file that nobody named: it may be another program's."""
        what = f"{self.what}\n  nobody named it, it lies here: {OTHERWISE}"
        return BadModels(where=self.where, what=what, problems=self.problems)


def load(path: Path) -> Document:
    """Read and check a file. Raises ``BadModels``: file, line, what, and what to write instead."""
    try:
        text = text_of(path)
    except Unreadable as error:
        raise _bad(str(path), [], str(error)) from None
    return parse(text, str(path))


def parse(text: str, where: str = "models.yaml") -> Document:
    """Check a text; like ``load``."""
    try:
        source = read(text)
    except NotYaml as error:
        hint = QUOTE if "${" in "".join(text.splitlines()[error.line - 1 : error.line]) else ""
        raise _bad(where, [(error.line, _unquoted(error.what) + hint)]) from None
    content = {} if source.content is None else source.content
    if not isinstance(content, dict):
        raise _bad(where, [(source.line(()), SHAPE)])
    if secret := [_told(source, loc, what) for loc, what in secrets_in(content)]:
        raise _bad(where, secret)  # nothing else is told: it might show what is in there
    found: list[Mistake] = []
    document = _validated(_expanded(content, (), found), found)
    if document is not None:
        told = {loc for loc, _ in found}
        found += [one for one in of_document(document) if one[0] not in told]
    if found or source.flaws or document is None:
        raise _bad(where, [*source.flaws, *(_told(source, loc, what) for loc, what in found)])
    return document


def _validated(content: Any, found: list[Mistake]) -> Document | None:
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        for wrong in error.errors(include_input=False, include_url=False):
            loc = tuple(step for step in wrong["loc"] if step != "[key]")
            found.append((loc, _sentence(loc, wrong["msg"], wrong["type"])))
        return None


def _expanded(part: Any, loc: Loc, found: list[Mistake]) -> Any:
    """The content with the environment's variables in it where they may stand."""
    if isinstance(part, Mapping):
        return {
            key: value if key == "extra_body" else _expanded(value, (*loc, str(key)), found)
            for key, value in part.items()
        }
    if not isinstance(part, str) or "${" not in part:
        return part
    if loc[-1] not in EXPANDED:
        what = f"${{NAME}} stands only in {' and '.join(EXPANDED)}; write out what is meant"
        found.append((loc, what))
        return part

    def value(match: "re.Match[str]") -> str:
        name = match[1]
        if SECRET_NAME.search(name):
            what = f"${{{name}}} looks like a secret, and this is shown in errors and lists"
            found.append((loc, what))
        elif (there := os.environ.get(name)) is not None:
            return there
        else:
            what = f"the environment variable {name} is not set; export {name}=…"
            found.append((loc, what))
        return "unset"

    return VARIABLE.sub(value, part)


def _bad(where: str, found: Iterable[tuple[int, str]], what: str = "") -> BadModels:
    problems = tuple(f"line {line}: {told}" for line, told in sorted(set(found))) or (what,)
    problems = tuple(masked(problem) for problem in problems)
    return BadModels(where=where, what="\n  ".join(problems), problems=problems)


def _told(source: Source, loc: Loc, what: str) -> tuple[int, str]:
    place = ".".join(str(step) for step in loc)
    return source.line(loc), f"{place}: {what}" if place else what


def _unquoted(what: str) -> str:
    """What the reader of YAML says, without words of the file that may be a secret."""
    return re.sub(r"(['\"])[^'\"<>\s]{6,}\1", f"{HIDDEN}", what)


def _sentence(loc: Loc, message: str, kind: str) -> str:
    if kind == "extra_forbidden":
        return _no_such_field(loc)
    match kind:
        case "missing" if loc[-1] == "model":
            return "is missing: the model's name at its endpoint, or a name of this file"
        case "missing":
            return "is missing"
        case "string_type":
            return "must be text; put it in quotes"
        case "model_type":
            return "must be a name, or a mapping: {base_url: …, model: …}"
        case "dict_type" if loc[-1] in ("models", "pools", "agents", "allowances"):
            return "must be a mapping, by name"
        case "dict_type" if loc[-1] == "servers":
            return "must be a list of models' names, or a mapping: {left: {base_url: …, model: …}}"
        case "too_short" | "string_too_short":
            return "is empty"
    return message.removeprefix("Value error, ").replace("Input should", "should")


def _no_such_field(loc: Loc) -> str:
    fields = sorted(_fields(loc[:-1]))
    name = str(loc[-1])
    close = [SPELT[name.lower()]] if SPELT.get(name.lower()) in fields else []
    close = close or get_close_matches(name, fields, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(fields)}"
    return f"no such field here; {hint}"


def _fields(loc: Loc) -> Iterator[str]:
    """The fields of the part that stands there."""
    part: type[Document | Model | Server | Pool | Allowance | Budgets | Agent] = Document
    match loc:
        case ("models", _):
            part = Model
        case ("pools", _, "servers", _):
            part = Server
        case ("pools", _, "allowances", _) | ("pools", _, "budgets", _, _):
            part = Allowance
        case ("pools", _, "budgets"):
            part = Budgets
        case ("pools", _):
            part = Pool
        case ("agents", _):
            part = Agent
    yield from part.model_fields
