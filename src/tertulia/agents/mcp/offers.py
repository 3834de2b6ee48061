"""The tools of an MCP server as LangChain tools, each on terms. The server is only called here."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from langchain_core.tools import BaseTool, ToolException
from langchain_mcp_adapters.tools import convert_mcp_tool_to_langchain_tool
from mcp import ClientSession
from mcp.types import Tool, ToolAnnotations

from tertulia.agents.alone import alone
from tertulia.agents.mcp.config import ServerConfig
from tertulia.agents.mcp.results import as_text
from tertulia.agents.mcp.server import Server
from tertulia.agents.terms import TERMS, Terms, on_terms, terms_from
from tertulia.orchestrator.effects import EffectPolicy


def offer(server: Server, tool: Tool) -> BaseTool:
    """A tool of the server's that can be called like any other."""
    made = convert_mcp_tool_to_langchain_tool(
        cast("ClientSession", server),
        tool,
        server_name=server.config.name,
        tool_name_prefix=server.config.prefix,
    )
    called = partial(_called, server, tool.name)
    changes: dict[str, Any] = {
        "coroutine": called,
        "func": partial(alone, called),
        "handle_tool_error": False,
    }
    return on_terms(made.model_copy(update=changes), terms_for(server.config, tool))


def terms_for(config: ServerConfig, tool: Tool) -> Terms:
    """What the configuration says; else what the server says of its tool, if it is trusted."""
    base = TERMS if config.timeout_s is None else replace(TERMS, timeout_s=config.timeout_s)
    if config.trusted:
        base = replace(base, effect=effect_of(tool.annotations))
    own: Mapping[str, Any] = config.terms.get(tool.name, {})
    return terms_from(f"MCP server {config.name!r}, tools.{tool.name}", own, base)


def effect_of(hints: ToolAnnotations | None) -> EffectPolicy:
    """What a crash may do to a tool of which its server says this.

    The protocol's ``idempotentHint`` promises that the same arguments again change nothing more;
    so such a tool needs no key, and may run again like one that only reads.
    """
    if hints is not None and (hints.readOnlyHint or hints.idempotentHint):
        return EffectPolicy.SAFE_RETRY
    return EffectPolicy.AT_MOST_ONCE


async def _called(server: Server, name: str, **arguments: Any) -> tuple[str, Any]:
    """The answer as text, and as data where there is such."""
    answer = await server.call_tool(name, arguments)
    if answer.isError:
        raise ToolException(as_text(answer))
    return as_text(answer), answer.structuredContent or {}
