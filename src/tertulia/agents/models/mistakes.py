"""What can be wrong with a ``models.yaml`` beyond the shape of its fields: where, and what. Pure.

It does not stop at the first mistake.
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches

import httpx

from tertulia.agents.diagnosis import MOST_PORT
from tertulia.agents.models.document import Document, Model
from tertulia.agents.models.recipes import (
    DEFAULT,
    EMBEDDED,
    FITS,
    POOL,
    SCRIPTED,
    Recipe,
    follow,
    given,
    names,
)
from tertulia.agents.models.secrecy import IN_A_URL
from tertulia.agents.source import Loc
from tertulia.orchestrator.room import handle

Mistake = tuple[Loc, str]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,79}")
RESERVED = (SCRIPTED, EMBEDDED, DEFAULT)
PREFIXES = ("transformers:",)
"""What names begin with that are read as something else."""

FORMS = "scripted, embedded, and NAME@BASE_URL (qwen3@http://127.0.0.1:8000/v1)"
"""The names that need no file."""


def of_document(book: Document) -> Iterator[Mistake]:
    """Everything that is wrong with the names, the endpoints and the settings of a file."""
    for section in ("models", "pools"):
        for name in getattr(book, section):
            yield from (((section, name), what) for what in _of_name(name))
    for name in book.pools:
        if name in book.models:
            yield ("pools", name), "is the name of a model too; give one of them another name"
    for name, entry in book.models.items():
        yield from _of_entry(book, ("models", name), entry)
    for name, pool in book.pools.items():
        for server, entry in pool.servers.items():
            yield from _of_server(book, ("pools", name, "servers", server), entry)
    for name, agent in book.agents.items():
        yield from _of_agent(book, ("agents", name), name, agent.model)
    if book.default is not None and (book.default == DEFAULT or not _known(book, book.default)):
        yield ("default",), unknown(book, book.default)


def unknown(book: Document, name: str) -> str:
    """The sentence about a name that nobody bears."""
    return f"there is no model {name!r}{instead(book, name)}"


def instead(book: Document, name: str) -> str:
    """What could be meant by a name that nobody bears."""
    there = names(book)
    if name == DEFAULT:
        return ": say which one it is, default: NAME in models.yaml, or TERTULIA_MODEL"
    if name in there:
        return ": it leads back to itself"
    if close := get_close_matches(name, [*there, SCRIPTED, EMBEDDED], n=1):
        return f"; did you mean {close[0]!r}?"
    return f"; there are {', '.join([*there, FORMS])}"


def _of_name(name: str) -> Iterator[str]:
    if name in RESERVED or name.startswith(PREFIXES):
        yield "has a meaning of its own; choose another name"
    elif not NAME.fullmatch(name):
        yield "a name has letters, digits and . _ - + / : in it, and 80 at most; choose another"


def _of_entry(book: Document, loc: Loc, entry: Model) -> Iterator[Mistake]:
    if entry.base_url is not None:
        yield from (((*loc, "base_url"), what) for what in _of_url(entry.base_url))
    elif entry.api_key_env is not None:
        what = "a key goes to an endpoint: give the base_url too, as in http://127.0.0.1:8000/v1"
        yield (*loc, "api_key_env"), what
    found = follow(book, entry)
    if found is None:
        yield (*loc, "model"), unknown(book, entry.model)
    else:
        yield from _of_settings(loc, entry, found)


def _of_server(book: Document, loc: Loc, entry: Model) -> Iterator[Mistake]:
    yield from _of_entry(book, loc, entry)
    if (found := follow(book, entry)) is not None and found.kind == POOL:
        yield (*loc, "model"), "is a pool, and a pool cannot stand in a pool; name its models"


def _of_settings(loc: Loc, entry: Model, found: Recipe) -> Iterator[Mistake]:
    for name in given(entry):
        if name not in FITS[found.kind]:
            has = ", ".join(sorted(FITS[found.kind]))
            has = f"it has {has}" if has else "it has no settings"
            what = f"{_article(found.kind)} {found.kind} model has no {name}; {has}"
            yield (*loc, name), what


def _of_agent(book: Document, loc: Loc, name: str, model: str | None) -> Iterator[Mistake]:
    if name != handle(name):
        yield loc, f"agents stand here by their handle: write {handle(name)}"
    if model is not None and not _known(book, model):
        yield (*loc, "model"), unknown(book, model)


def _known(book: Document, name: str) -> bool:
    # What the default is, the environment may say later.
    return name == DEFAULT or follow(book, Model(model=name)) is not None


def _of_url(url: str) -> Iterator[str]:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        yield f"is no URL: {error}"
        return
    if parsed.scheme not in ("http", "https") or not parsed.host:
        yield "begins with http:// or https:// and a host, as in http://127.0.0.1:8000/v1"
    elif (parsed.port or 1) > MOST_PORT:
        yield f"has a port above {MOST_PORT}"
    elif parsed.userinfo:
        yield IN_A_URL
    elif parsed.query or parsed.fragment:
        yield "ends where the API begins, as in http://127.0.0.1:8000/v1; no ? and no #"
    elif parsed.path.rstrip("/").endswith(("/chat/completions", "/completions", "/models")):
        yield "ends before /chat/completions, as in http://127.0.0.1:8000/v1"


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"
