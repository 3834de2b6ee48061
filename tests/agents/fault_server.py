"""A tiny OpenAI-style endpoint on 127.0.0.1 that fails in the way it is told to.

It serves one scripted reply to every POST, and ``pages`` to GETs; it remembers what it was asked,
and notices when its client hangs up.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from socket import socket
from typing import Any

from tertulia.agents.choosing import findings

FOR_EVER = 3_600.0
DROP = -1.0
"""In a body: the connection is torn down there."""


@dataclass
class Reply:
    """A status, headers and a body in pieces; a number among them is a pause in seconds.

    An event is a pause until it is set. ``DROP`` tears the connection down.
    """

    body: Iterable[str | float | asyncio.Event]
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "text/event-stream"


NOT_FOUND = Reply(['{"detail": "Not Found"}'], "404 Not Found", kind="application/json")


@dataclass
class FaultServer:
    """``health`` answers ``GET /health``; by default that is as well as the reply.

    ``open`` counts the POSTs that are being answered now; ``looks`` are the paths of the GETs.
    """

    reply: Reply
    pages: dict[str, Reply] = field(default_factory=dict)
    health: Reply | None = None
    port: int = 0
    connections: int = 0
    open: int = 0
    looks: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is over."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {name.lower(): value for name, _, value in (h.partition(": ") for h in head)}
        method, path, _ = head[0].split()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        posted = method == "POST"
        if posted:
            self.asked.append(json.loads(body))
        else:
            self.looks.append(path)
        reply = self.reply if posted else self._page(path)
        self.open += posted
        self.keys.append(headers.get("authorization", ""))
        answer = asyncio.create_task(self._write(reply, writer))
        leaving = asyncio.create_task(reader.read(1))
        await asyncio.wait({answer, leaving}, return_when=asyncio.FIRST_COMPLETED)
        self.open -= posted
        if not answer.done():
            self.hung_up.set()
        for task in (answer, leaving):
            task.cancel()
        await asyncio.gather(answer, leaving, return_exceptions=True)
        return False

    def _page(self, path: str) -> Reply:
        if path == "/health":
            return self.health or Reply([], self.reply.status)
        return self.pages.get(path, NOT_FOUND)

    async def _write(self, reply: Reply, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {reply.status}", f"Content-Type: {reply.kind}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        for part in reply.body:
            if isinstance(part, str):
                writer.write(part.encode())
                await writer.drain()
            elif isinstance(part, asyncio.Event):
                await part.wait()
            elif part == DROP:
                writer.transport.abort()
            else:
                await asyncio.sleep(part)


@asynccontextmanager
async def serving(reply: Reply, **pages: Reply) -> AsyncIterator[FaultServer]:
    """Serve a reply on a free port for as long as the block lasts; ``pages`` are below /v1."""
    faulty = FaultServer(reply, {f"/v1/{page}": told for page, told in pages.items()})
    server = await asyncio.start_server(faulty.serve, "127.0.0.1", 0)
    faulty.port = server.sockets[0].getsockname()[1]
    unknown(faulty.base_url)
    try:
        yield faulty
    finally:
        server.close()
        await server.wait_closed()
        for writer in faulty.writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@contextmanager
def nobody() -> Iterator[str]:
    """A base URL at which nobody answers, nor comes to answer while the block lasts."""
    with socket() as kept:
        kept.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{kept.getsockname()[1]}/v1"
        unknown(url)
        yield url


def unknown(base_url: str) -> None:
    """Forget what was found of another server that had this port before."""
    for place in list(findings._MEMORY._found):
        if place[0] == base_url:
            findings._MEMORY.forget(place)


def said(*words: str) -> list[str]:
    """The events of an answer that begins with these words, without its end."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in words]
    return [event({"choices": [{"index": 0, "delta": delta}]}) for delta in deltas]


def ended(reason: str = "stop") -> list[str]:
    """The events at the end of an answer."""
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return [
        event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}),
        event({"choices": [], "usage": usage}),
        "data: [DONE]\n\n",
    ]


def event(data: dict[str, Any]) -> str:
    frame = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps({**frame, **data})}\n\n"


def refusal(status: str, message: str, **headers: str) -> Reply:
    """An error as such endpoints word it."""
    body = json.dumps({"error": {"message": message, "type": "error", "code": None}})
    return Reply(
        [body], status, {k.replace("_", "-"): v for k, v in headers.items()}, "application/json"
    )


def listing(*names: str, **fields: Any) -> Reply:
    """The list of a server's models; ``fields`` are told of each."""
    data = [{"id": name, "object": "model", **fields} for name in names]
    return Reply([json.dumps({"object": "list", "data": data})], kind="application/json")
