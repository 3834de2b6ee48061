"""The wire to an MCP server: its process, or HTTP; and what it complained of. One life of it."""

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from langchain_mcp_adapters.sessions import SSEConnection, StreamableHttpConnection, create_session
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared._httpx_utils import create_mcp_http_client
from pydantic import ValidationError

from tertulia.agents.mcp.config import ServerConfig

WORDS = 600
"""How many characters of what a server complained of are kept, the last ones."""
READ_S = 300.0
"""How long the wire may be silent in a call over HTTP, at least."""

# What it would log of a server, an error of ours tells; it is for who sets up logging to see.
logging.getLogger("mcp").addHandler(logging.NullHandler())


class Complaints:
    """The last that a server wrote on its standard error, or said that is no answer."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._written: deque[str] = deque(maxlen=WORDS)
        self._rubbish = ""

    def wrote(self, data: bytes) -> None:
        """Keep the end of what it wrote."""
        self._written.extend(data.decode(errors="replace"))

    async def heard(self, message: Any) -> None:
        """Keep what it said that cannot be understood; the rest is nothing to complain of."""
        match message:
            case ValidationError():
                self._rubbish = repr(message.errors()[0]["input"])[:200]
            case Exception():
                self._rubbish = " ".join(str(message).split())[:200]

    @property
    def told(self) -> str:
        """As the end of a sentence; empty if there is nothing."""
        last = " ".join("".join(self._written).split())
        parts = [f"its last words were: {last}"] if last else []
        if self._rubbish:
            parts.append(f"it said what is no MCP message: {self._rubbish}")
        return "; ".join(parts)


@asynccontextmanager
async def connected(
    config: ServerConfig, complaints: Complaints, lost: Callable[[Exception], None]
) -> AsyncIterator[ClientSession]:
    """Reach the server, and let go of it at the end. The session is not initialized.

    ``lost`` is told when the wire breaks in the middle of an answer. Raises whatever comes.
    """
    if config.transport == "stdio":
        async with _process(config, complaints) as session:
            yield session
        return
    handler = {"message_handler": complaints.heard}
    watched = _Watching(lost)
    read_s = max(READ_S, (config.timeout_s or 0.0) + 10.0)
    wanted: SSEConnection | StreamableHttpConnection
    if config.transport == "sse":
        wanted = SSEConnection(transport="sse", url=config.url)
    else:
        wanted = StreamableHttpConnection(transport="streamable_http", url=config.url)
    wanted["headers"] = dict(config.headers)
    wanted["sse_read_timeout"] = read_s
    wanted["session_kwargs"] = handler
    wanted["httpx_client_factory"] = watched
    async with create_session(wanted) as session:
        yield session


@asynccontextmanager
async def _process(config: ServerConfig, complaints: Complaints) -> AsyncIterator[ClientSession]:
    """A process of its own, which gets no more of our environment than a shell would need."""
    started = StdioServerParameters(
        command=config.command,
        args=list(config.args),
        env=dict(config.env) or None,
        cwd=config.cwd,
        encoding_error_handler="replace",
    )
    async with (
        _pipe(complaints) as errlog,
        stdio_client(started, errlog=errlog) as (read, write),
        ClientSession(read, write, message_handler=complaints.heard) as session,
    ):
        yield session


@asynccontextmanager
async def _pipe(complaints: Complaints) -> AsyncIterator[Any]:
    """Something that a process can write to, whose end ``complaints`` keeps."""
    reading, writing = os.pipe()
    source = os.fdopen(reading, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: _Ear(complaints), source
    )
    try:
        with os.fdopen(writing, "w") as errlog:
            yield errlog
    finally:
        transport.close()
        await asyncio.sleep(0)  # the transport closes its end in the loop's next round


class _Ear(asyncio.Protocol):
    def __init__(self, complaints: Complaints) -> None:
        self._complaints = complaints

    def data_received(self, data: bytes) -> None:
        self._complaints.wrote(data)


class _Watching:
    """Makes HTTP clients that notice when the answer to a call breaks off.

    The protocol's own client waits for the answer until its time is up.
    """

    def __init__(self, lost: Callable[[Exception], None]) -> None:
        self._lost = lost

    def __call__(
        self,
        headers: dict[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
        auth: httpx.Auth | None = None,
    ) -> httpx.AsyncClient:
        client = create_mcp_http_client(headers, timeout, auth)
        client.event_hooks = {"response": [self._watch]}
        return client

    async def _watch(self, response: httpx.Response) -> None:
        if response.request.method == "POST" and isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _WatchedStream(response.stream, self._lost)


class _WatchedStream(httpx.AsyncByteStream):
    def __init__(self, stream: httpx.AsyncByteStream, lost: Callable[[Exception], None]) -> None:
        self._stream, self._lost = stream, lost

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._stream:
                yield part
        except httpx.TransportError as error:
            self._lost(error)
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()
