"""An MCP server that is kept open: connected once, and again when it has gone away.

A call that was on its way when the server went is never made again here: whether it may be is for
the terms of its tool to say.
"""

import asyncio
from typing import Any

from mcp.types import CallToolResult, Tool

from tertulia.agents.mcp.config import ServerConfig
from tertulia.agents.mcp.faults import ServerLost, ServerSilent, ServerUnusable
from tertulia.agents.mcp.line import Line, NotSent

PAGES = 100
"""The most pages of tools that are read from one server."""


class Server:
    """Stands in for the protocol's own session where tools are called."""

    def __init__(self, config: ServerConfig) -> None:
        """Nothing is opened yet; it belongs to the event loop that runs now."""
        self.config = config
        self._loop = asyncio.get_running_loop()
        self._opening = asyncio.Lock()
        self._line: Line | None = None
        self._closed = False

    async def tools(self) -> list[Tool]:
        """The tools that it offers. Opens it. Raises ``ServerSilent``, ``ServerUnusable``."""
        line, found, cursor = await self._opened(), list[Tool](), None
        for _ in range(PAGES):
            async with asyncio.timeout(self.config.open_s):
                page = await line.session.list_tools(cursor)
            found += page.tools
            if not (cursor := page.nextCursor):
                return found
        raise ServerUnusable(self.config.name, f"has over {PAGES} pages of tools")

    async def call_tool(
        self, name: str, arguments: dict[str, Any], **unused: Any
    ) -> CallToolResult:
        """Call a tool, from whatever event loop.

        Raises ``ServerLost`` when it went away in mid-call, ``ServerSilent`` when it cannot be
        reached at all, and ``ToolException`` when it does not know such a call.
        """
        if asyncio.get_running_loop() is self._loop:
            return await self._call(name, arguments)
        if not self._loop.is_running():
            raise ServerSilent(self.config.name, "belongs to an event loop that does not run")
        there = asyncio.run_coroutine_threadsafe(self._call(name, arguments), self._loop)
        return await asyncio.wrap_future(there)

    async def close(self) -> None:
        """Let go of it for good."""
        self._closed = True
        async with self._opening:
            line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        for _ in range(2):
            line = await self._opened()
            try:
                return await line.call(name, arguments)
            except NotSent:
                await self._drop(line)
            except ServerLost:
                await self._drop(line)
                raise
        raise ServerSilent(self.config.name, f"cannot be reached at {self.config.where}")

    async def _opened(self) -> Line:
        async with self._opening:
            if self._closed:
                raise ServerSilent(self.config.name, "is closed", hint="keep its tools open longer")
            if self._line is None:
                self._line = await Line.opened(self.config)
            return self._line

    async def _drop(self, line: Line) -> None:
        """Forget a connection that is over, unless somebody else has done so."""
        if self._line is line:
            self._line = None
            await line.close()
