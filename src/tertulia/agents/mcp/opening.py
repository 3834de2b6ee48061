"""MCP servers opened together, and their tools. The protocol's packages are imported here."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from langchain_core.tools import BaseTool

from tertulia.agents.mcp.config import Config, ServerConfig, servers_in
from tertulia.agents.mcp.faults import ServerUnusable
from tertulia.agents.terms import Terms, on_terms
from tertulia.orchestrator.errors import Invalid, Unknown

if TYPE_CHECKING:  # the protocol takes a second to import, and is an extra
    from tertulia.agents.mcp.server import Server


@asynccontextmanager
async def mcp_tools(
    config: Config, *, terms: Mapping[str, Terms] | None = None
) -> AsyncIterator[list[BaseTool]]:
    """The tools of MCP servers, which are kept open as long as the block lasts.

    ``config`` is a mapping of servers by name, or a mapping or file (YAML, JSON) that has one under
    ``mcpServers``. ``terms``, by the tools' names, take the place of those that the configuration
    or the servers say. Raises ``Invalid`` for a configuration that cannot be used or tools that
    share a name, ``ServerSilent`` and ``ServerUnusable`` for a server that cannot be opened.
    """
    configs = servers_in(config)
    servers = _servers(configs)
    try:
        found = await _offered(servers)
        box = _by_name(found)
        for name in terms or {}:
            if name not in box:
                there = ", ".join(box) or "none"
                raise Unknown(kind="tool", name=name, hint=f" of these servers; there are {there}")
        yield [on_terms(t, terms[n]) if terms and n in terms else t for n, t in box.items()]
    finally:
        await asyncio.gather(*(server.close() for server in servers))


def _servers(configs: list[ServerConfig]) -> "list[Server]":
    try:
        from tertulia.agents.mcp.server import Server
    except ModuleNotFoundError as error:
        names = ", ".join(config.name for config in configs)
        hint = "install it: pip install 'tertulia[mcp]'"
        raise ServerUnusable(names, f"needs the package {error.name}", hint=hint) from None
    return [Server(config) for config in configs]


async def _offered(servers: "list[Server]") -> "list[tuple[Server, list[Any]]]":
    opened = await asyncio.gather(*(s.tools() for s in servers), return_exceptions=True)
    for answer in opened:
        if isinstance(answer, BaseException):
            raise answer
    return [(s, a) for s, a in zip(servers, opened, strict=True) if isinstance(a, list)]


def _by_name(found: "list[tuple[Server, list[Any]]]") -> dict[str, BaseTool]:
    from tertulia.agents.mcp.offers import offer

    box: dict[str, BaseTool] = {}
    whose: dict[str, str] = {}
    for server, tools in found:
        _check_named(server.config, {tool.name for tool in tools})
        for tool in tools:
            if tool.name in server.config.left_out:
                continue
            made = offer(server, tool)
            if made.name in box:
                both = f"{whose[made.name]!r} and {server.config.name!r}"
                what = f"the servers {both} both have one; give one of them `prefix: true`"
                raise Invalid(where=f"tool {made.name!r}", what=what)
            box[made.name], whose[made.name] = made, server.config.name
    return box


def _check_named(config: ServerConfig, there: set[str]) -> None:
    for name in (*config.terms, *config.left_out):
        if name not in there:
            what = f"there is no such tool; there are {', '.join(sorted(there)) or 'none'}"
            raise Invalid(where=f"MCP server {config.name!r}, tools.{name}", what=what)
