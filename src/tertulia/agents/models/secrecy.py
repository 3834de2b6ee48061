"""What looks like a secret in a file of settings, and how it is kept out of what is told. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tertulia.agents.source import Loc

HIDDEN = "***"

SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:api[_-]?key|key|token|secret|passw(?:or)?d|credentials?|authorization|auth|cookie"
    r"|bearer)$",
    re.IGNORECASE,
)
"""Names of fields whose text is a secret; ``api_key_env`` and ``max_tokens`` are none."""

VARIABLE = re.compile(r"\$\{([^}]*)\}")

_SECRET = re.compile(
    r"""
      \b(?:sk|pk|rk|gsk|hf|xai|nvapi|ghp|gho|glpat|xox[abp]|AKIA|AIza|eyJ)[-_]?[A-Za-z0-9_\-.]{10,}
    | \b(?:Bearer|Basic|Token)\s+\S{6,}
    | (?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])(?=[0-9]*[A-Za-z])[A-Za-z0-9]{28,}
    """,
    re.VERBOSE,
)
"""Keys as services make them, credentials as headers carry them, and long words of dice."""

_IN_URL = re.compile(r"(://)[^/\s@]+@|([?&][^=&\s]*(?:key|token|secret|sig)[^=&\s]*=)[^&\s]+", re.I)
"""User and password before a host; a key behind the path."""

FREE = ("models", "pools", "agents")
"""Sections whose keys are names that people choose."""


def secrets_in(content: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Where secrets stand in the content of a file, and for each the sentence that refuses it."""
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _in_key(str(key), loc)
            yield from secrets_in(value, (*loc, str(key)))
    elif isinstance(content, list):
        for place, value in enumerate(content):
            yield from secrets_in(value, (*loc, place))
    elif isinstance(content, str) and content.strip():
        yield from _in_text(content, loc)


def _in_key(key: str, loc: Loc) -> Iterator[tuple[Loc, str]]:
    if masked(key) != key:
        yield (*loc, key), IN_A_FILE


IN_A_FILE = (
    "looks like a secret, and none may stand in a file: put it in the environment, "
    "and write the name of its variable, api_key_env: QWEN_KEY"
)
NOT_THE_KEY = (
    "is the name of an environment variable, such as QWEN_KEY (capitals, digits, _), "
    "and never the key itself"
)
IN_A_URL = (
    "the URL holds a user, a password or a key, and would show them everywhere: "
    "put the key in the environment, and write api_key_env: QWEN_KEY"
)


def _in_text(text: str, loc: Loc) -> Iterator[tuple[Loc, str]]:
    field = str(loc[-1]) if loc else ""
    chosen = len(loc) == 2 and loc[0] in FREE
    variable = VARIABLE.fullmatch(text.strip())
    if field == "api_key_env":
        if not re.fullmatch(r"[A-Z_][A-Z0-9_]*", text) or masked(text) != text:
            bare = f": write {variable[1]}" if variable else ""
            yield loc, NOT_THE_KEY + bare
    elif SECRET_NAME.search(field) and not chosen:
        if variable:
            yield loc, f"no such field here; write api_key_env: {variable[1]}"
        else:
            yield loc, IN_A_FILE
    elif _IN_URL.search(text):
        yield loc, IN_A_URL
    elif _SECRET.search(text):
        yield loc, IN_A_FILE


def masked(text: str) -> str:
    """A text with what looks like a secret struck out."""
    return _SECRET.sub(HIDDEN, _IN_URL.sub(_struck, text))


def _struck(found: "re.Match[str]") -> str:
    return f"{found[1] or found[2]}{HIDDEN}{'@' if found[1] else ''}"
