"""One connection to an MCP server from its opening to its end, in a task of its own.

What the protocol's client opens has to be closed by the task that opened it; calls come from any
task, and each ends at the latest when the connection does.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
from langchain_core.tools import ToolException
from mcp import ClientSession, McpError
from mcp.types import CONNECTION_CLOSED, CallToolResult

from tertulia.agents.mcp.config import ServerConfig
from tertulia.agents.mcp.connection import Complaints, connected
from tertulia.agents.mcp.faults import ServerFailed, ServerLost, ServerSilent, ServerUnusable

FORGOTTEN = "Session terminated"
"""What the client makes of a server that no longer knows it: the call was not even looked at."""
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class NotSent(Exception):
    """The connection is over, and was so before the call was on its way."""


class Line:
    """A connection; ``opened`` gives one that is ready for calls."""

    def __init__(self, config: ServerConfig) -> None:
        """Begin to connect."""
        self._config, self._complaints = config, Complaints()
        self._over = asyncio.Event()
        self._problem: Exception | None = None
        loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[ClientSession] = loop.create_future()
        self._task = loop.create_task(self._keep(), name=f"MCP server {config.name}")

    @classmethod
    async def opened(cls, config: ServerConfig) -> "Line":
        """Connect. Raises ``ServerSilent`` and ``ServerUnusable``."""
        line = cls(config)
        try:
            either: set[asyncio.Future[Any]] = {line._ready, line._task}
            await asyncio.wait(either, timeout=config.open_s, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await line.close()
            raise
        if line._ready.done():
            return line
        if line._task.done():
            raise line._never_opened("")
        late = line._never_opened(f"did not answer within {config.open_s:g} s")
        await line.close()
        raise late

    @property
    def session(self) -> ClientSession:
        """What it speaks through."""
        return self._ready.result()

    async def call(self, name: str, arguments: dict[str, Any]) -> CallToolResult:
        """Call a tool. Raises ``NotSent``, ``ServerLost``, and ``ToolException``."""
        if self._task.done():
            raise NotSent
        asked = asyncio.ensure_future(self.session.call_tool(name, arguments))
        try:
            await asyncio.wait({asked, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not asked.done():
                asked.cancel()
                await asyncio.wait({asked})
        if asked.cancelled():
            await asyncio.wait({self._task})
            raise self._ended_in_mid_call()
        return self._answer(asked)

    async def close(self) -> None:
        """Let go of the server."""
        self._over.set()
        if not self._ready.done():
            self._task.cancel()
        await asyncio.wait({self._task})

    async def _keep(self) -> None:
        try:
            async with connected(self._config, self._complaints, self._lost) as session:
                await session.initialize()
                self._ready.set_result(session)
                await self._over.wait()
        except Exception as error:
            self._problem = self._problem or error

    def _lost(self, error: Exception) -> None:
        self._problem = self._problem or error
        self._over.set()

    def _answer(self, asked: "asyncio.Future[CallToolResult]") -> CallToolResult:
        try:
            return asked.result()
        except McpError as error:
            if error.error.code == CONNECTION_CLOSED:
                raise self._ended_in_mid_call() from None
            if error.error.message == FORGOTTEN:
                raise NotSent from None
            raise ToolException(error.error.message) from error
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            raise NotSent from None

    def _ended_in_mid_call(self) -> Exception:
        causes = list(_leaves(self._problem))
        if any(isinstance(cause, NOT_SENT) for cause in causes):
            return NotSent()
        what = "went away in the middle of the call, which may have happened"
        return ServerLost(self._config.name, what, hint=self._hint(causes))

    def _never_opened(self, what: str) -> ServerFailed:
        causes = list(_leaves(self._problem))
        name, where = self._config.name, self._config.where
        for cause in causes:
            if isinstance(cause, OSError) and self._config.transport == "stdio":
                told = f"cannot be started: {where}: {cause.strerror or cause}"
                return ServerUnusable(name, told, hint="correct its command or its cwd")
            if isinstance(cause, httpx.HTTPStatusError) and cause.response.status_code < 500:
                told = f"turned us away at {where}: HTTP {cause.response.status_code}"
                return ServerUnusable(name, told, hint="see its url and its headers")
        told = what or f"cannot be reached at {where}"
        return ServerSilent(name, told, hint=self._hint(causes))

    def _hint(self, causes: list[Exception]) -> str:
        told = [str(cause) or type(cause).__name__ for cause in causes]
        return "; ".join(part for part in (*told[:2], self._complaints.told) if part)


def _leaves(problem: BaseException | None) -> Iterator[Exception]:
    if isinstance(problem, BaseExceptionGroup):
        for part in problem.exceptions:
            yield from _leaves(part)
    elif isinstance(problem, Exception):
        yield problem
