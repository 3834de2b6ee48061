"""What a name in a ``models.yaml`` comes to: which model it is, with which settings. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tertulia.agents.models.document import Agent, Document, Model, Pool, Server
from tertulia.agents.models.secrecy import masked

DEFAULT = "default"
"""The name under which the model stands that is used where none is named."""

SCRIPTED, EMBEDDED, REMOTE, POOL = "scripted", "embedded", "remote", "pool"
TRANSFORMERS = "transformers"

PRICES = ("price_in", "price_out")
TUNING = ("temperature", "max_tokens", "extra_body", *PRICES)
PATIENCE = ("connect_seconds", "first_token_seconds", "stall_seconds")
OF_EMBEDDED = ("repeat_penalty", "threads", "slots", "context_tokens")
OF_TRANSFORMERS = (
    "adapter",
    "device",
    "dtype",
    "quantise",
    "rows",
    "threads",
    "context_tokens",
    "first_token_seconds",
    "top_p",
    "top_k",
)
OF_ENDPOINTS = ("slots", "context_tokens")
OF_SERVERS = ("requests_per_minute", "tokens_per_minute", "most", "kept_tokens")

FITS: Mapping[str, frozenset[str]] = {
    SCRIPTED: frozenset(),
    EMBEDDED: frozenset({"temperature", "max_tokens", *OF_EMBEDDED}),
    REMOTE: frozenset({*TUNING, *PATIENCE, "max_retries", *OF_ENDPOINTS}),
    POOL: frozenset(TUNING),
    TRANSFORMERS: frozenset({"temperature", "max_tokens", *PRICES, *OF_TRANSFORMERS}),
}
"""The settings that each kind of model heeds."""

HERE = {EMBEDDED: "beside this process"}
"""Where a model is that has no URL, if not in this process."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is made. ``name`` is a pool's, or else the model's own name where it is.

    ``settings`` are those that were given; of two for the same, the one nearer to the name counts.
    """

    kind: str
    name: str
    base_url: str = ""
    api_key_env: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def tuned(self, settings: Mapping[str, Any]) -> "Recipe":
        """The same with other settings, as far as it heeds them."""
        heeded = {name: value for name, value in settings.items() if name in FITS[self.kind]}
        return replace(self, settings={**self.settings, **heeded})

    @property
    def where(self) -> str:
        """What may be told about where it is."""
        return masked(self.base_url) or HERE.get(self.kind, "in this process")


def recipe(book: Document, name: str, *, key_env: str | None = None) -> Recipe | None:
    """What a name comes to; ``None`` for one that nobody bears.

    ``key_env`` is the variable whose key goes along to a ``NAME@BASE_URL``.
    """
    return follow(book, Model(model=name), key_env=key_env)


def follow(book: Document, entry: Model, *, key_env: str | None = None) -> Recipe | None:
    """What an entry comes to, name after name; ``None`` if it leads nowhere, or round."""
    settings: dict[str, Any] = {}
    seen: set[str] = set()
    while True:
        settings = {**given(entry), **settings}
        if entry.base_url is not None:
            return Recipe(REMOTE, entry.model, entry.base_url, entry.api_key_env, settings)
        name = book.default or DEFAULT if entry.model == DEFAULT else entry.model
        if name in book.pools:
            return Recipe(POOL, name, settings=settings)
        if name not in book.models:
            found = built_in(name, key_env)
            return None if found is None else replace(found, settings=settings)
        if name in seen:
            return None
        seen.add(name)
        entry = book.models[name]


def built_in(name: str, key_env: str | None = None) -> Recipe | None:
    """What a name comes to that needs no file."""
    if name in (SCRIPTED, EMBEDDED):
        return Recipe(name, name)
    kind, _, path = name.partition(":")
    if kind == TRANSFORMERS:
        return Recipe(TRANSFORMERS, path) if path else None
    model, at, base_url = name.partition("@")
    return Recipe(REMOTE, model, base_url, key_env) if at and model and base_url else None


def given(part: Model | Agent | Pool) -> dict[str, Any]:
    """The settings that a part of the file gives."""
    unset = {"model", "base_url", "api_key_env", "servers", "allowances", *OF_SERVERS}
    return {
        name: value
        for name in type(part).model_fields
        if name not in unset and (value := getattr(part, name)) is not None
    }


def known_of(server: Server, leads: Recipe) -> dict[str, Any]:
    """What is known beforehand of a pool's server, and of the endpoint that it leads to."""
    found = {name: getattr(server, name) for name in OF_SERVERS}
    if leads.kind == REMOTE:
        found.update({name: leads.settings.get(name) for name in OF_ENDPOINTS})
    return {name: value for name, value in found.items() if value is not None}


def users(book: Document, name: str) -> Iterator[str]:
    """The agents, by handle, that are given the model of this name."""
    for handle, agent in book.agents.items():
        wanted = book.default if agent.model == DEFAULT else agent.model
        if wanted == name:
            yield handle


def names(book: Document) -> list[str]:
    """The names that the file gives, models before pools."""
    return [*book.models, *book.pools]
