"""Tools of MCP servers, kept open for as long as somebody wants them."""

from tertulia.agents.mcp.config import Config, ServerConfig, servers_in
from tertulia.agents.mcp.faults import ServerFailed, ServerLost, ServerSilent, ServerUnusable
from tertulia.agents.mcp.opening import mcp_tools

__all__ = [
    "Config",
    "ServerConfig",
    "ServerFailed",
    "ServerLost",
    "ServerSilent",
    "ServerUnusable",
    "mcp_tools",
    "servers_in",
]
