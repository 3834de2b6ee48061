"""Which MCP servers there are, read from the usual ``mcpServers`` shape. It starts none of them.

Secrets come from the environment only: a value that looks like one has to be written ``${NAME}``.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tertulia.agents.diagnosis import public
from tertulia.agents.terms import Terms, terms_from
from tertulia.orchestrator.errors import Invalid

Config: TypeAlias = "Mapping[str, Any] | Path | str"
"""Servers by name, or a mapping or file (YAML, JSON) with them under ``mcpServers``."""

NAME = re.compile(r"^[A-Za-z0-9_-]{1,40}$")
SECRET = re.compile(r"auth|cookie|key|token|secret|passw|credential", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{([^}]*)\}")
TRANSPORTS = {"stdio": "stdio", "http": "http", "streamable-http": "http", "sse": "sse"}


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """One MCP server: a ``command`` that is started and spoken to over stdio, or a ``url``.

    With ``prefix`` its tools are called ``NAME_TOOL``. ``trusted`` takes its word for which tools
    change nothing. ``terms`` and ``left_out`` are by the names that the server gives its tools.
    Values of ``env`` and ``headers`` are those after the environment was looked into, so no
    representation shows them.
    """

    name: str
    transport: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    prefix: bool = False
    trusted: bool = True
    timeout_s: float | None = None
    open_s: float = 30.0
    terms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    @property
    def where(self) -> str:
        """What may be told about where it is."""
        return self.url or f"`{self.command}`"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    type: str | None = None
    command: str | None = Field(default=None, min_length=1)
    args: list[str] = []
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = {}
    prefix: bool = False
    trusted: bool = True
    timeout_s: float | None = Field(default=None, gt=0)
    open_s: float = Field(default=30.0, gt=0)
    tools: dict[str, dict[str, Any] | bool] = {}


def servers_in(config: Config) -> list[ServerConfig]:
    """The servers of a configuration, checked whole.

    Raises ``Invalid``, which says which server, what is wrong with it and what to write.
    """
    where, data = _read(config)
    if not isinstance(data, Mapping):
        raise Invalid(where=where, what="must be a mapping with servers by name, in mcpServers")
    servers = data.get("mcpServers", data)
    if not isinstance(servers, Mapping) or not servers:
        raise Invalid(where=where, what="names no server; write NAME: {command: …} or {url: …}")
    return [_server(where, name, entry) for name, entry in servers.items()]


def _read(config: Config) -> tuple[str, Any]:
    if isinstance(config, Mapping):
        return "MCP servers", config
    try:
        return str(config), yaml.safe_load(Path(config).read_text(encoding="utf-8"))
    except OSError as error:
        raise Invalid(where=str(config), what=f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Invalid(where=str(config), what="is not text in UTF-8") from None
    except yaml.YAMLError as error:
        raise Invalid(where=str(config), what=f"is neither YAML nor JSON: {error}") from None


def _server(where: str, name: Any, given: Any) -> ServerConfig:
    place = f"{where}, server {name!r}"
    if not isinstance(name, str) or not NAME.match(name):
        raise Invalid(where=place, what="a server's name is of letters, digits, - and _, up to 40")
    try:
        entry = _Entry.model_validate(given)
    except ValidationError as error:
        wrong = error.errors(include_input=False)[0]
        told = ".".join(map(str, wrong["loc"]))
        raise Invalid(where=f"{place}{told and ', '}{told}", what=wrong["msg"]) from None
    transport = _transport(place, entry)
    return ServerConfig(
        name,
        transport,
        entry.command or "",
        tuple(_expanded(f"{place}, args", arg) for arg in entry.args),
        _kept_out_of_files(f"{place}, env", entry.env),
        entry.cwd,
        _url(place, entry.url),
        _kept_out_of_files(f"{place}, headers", entry.headers),
        entry.prefix,
        entry.trusted,
        entry.timeout_s,
        entry.open_s,
        _terms(place, entry.tools),
        frozenset(tool for tool, terms in entry.tools.items() if terms is False),
    )


def _transport(place: str, entry: _Entry) -> str:
    if (entry.command is None) == (entry.url is None):
        raise Invalid(where=place, what="has either a command (stdio) or a url (HTTP)")
    meant = entry.type or ("stdio" if entry.command is not None else "http")
    if (found := TRANSPORTS.get(meant)) is None:
        raise Invalid(where=f"{place}, type", what=f"is one of {', '.join(TRANSPORTS)}")
    if (found == "stdio") != (entry.command is not None):
        raise Invalid(where=f"{place}, type", what=f"{meant} does not go with what stands here")
    beside = ("headers",) if found == "stdio" else ("args", "env", "cwd")
    for name in beside:
        if getattr(entry, name):
            raise Invalid(where=f"{place}, {name}", what=f"does not go with {meant}")
    return found


def _url(place: str, url: str | None) -> str:
    if url is None:
        return ""
    expanded = _expanded(f"{place}, url", url)
    try:
        parsed = httpx.URL(expanded)
    except httpx.InvalidURL as error:
        raise Invalid(where=f"{place}, url", what=str(error)) from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise Invalid(where=f"{place}, url", what="begins with http:// or https:// and a host")
    if public(expanded) != str(parsed):
        what = "holds a password or a query; send secrets in headers, as ${NAME}"
        raise Invalid(where=f"{place}, url", what=what)
    return expanded


def _kept_out_of_files(place: str, values: Mapping[str, str]) -> dict[str, str]:
    for name, value in values.items():
        if SECRET.search(name) and not VARIABLE.search(value):
            what = "looks like a secret; keep it in the environment, and write ${NAME} here"
            raise Invalid(where=f"{place}, {name}", what=what)
    return {name: _expanded(f"{place}, {name}", value) for name, value in values.items()}


def _expanded(place: str, value: str) -> str:
    def found(match: re.Match[str]) -> str:
        name = match.group(1)
        if (there := os.environ.get(name)) is None:
            raise Invalid(where=place, what=f"the environment variable {name} is not set")
        return there

    return VARIABLE.sub(found, value)


def _terms(place: str, tools: Mapping[str, Mapping[str, Any] | bool]) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    for tool, given in tools.items():
        if isinstance(given, Mapping):
            terms_from(f"{place}, tools.{tool}", given, Terms())
            kept[tool] = dict(given)
    return kept
