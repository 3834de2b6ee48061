"""What a call to a model costs through a pool, beside httpx alone; and whether slots are used.

The model is a server on 127.0.0.1 that streams the same few chunks to everybody.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.connections import client_for, close_connections
from tertulia.agents.pool import Caller, Endpoint, Pooled, calling, pooled
from tertulia.agents.streaming import StreamedModel, piece

WORDS = ("I", " would", " put", " it", " there.")
ASKED: list[BaseMessage] = [HumanMessage("Where does the shelf go?", name="Ana")]
CALLS, AT_ONCE, WAITING, ROUNDS = 400, 8, 1_000, 3


class _Bare(StreamedModel):
    """Reads the stream with httpx and json, and does nothing else."""

    url: str

    @property
    def _llm_type(self) -> str:
        return "bare"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async for word in _words(self.url, str(messages[-1].content)):
            yield piece(word)


async def _words(url: str, text: str) -> AsyncIterator[str]:
    asked = {"messages": [{"role": "user", "content": text}], "stream": True}
    async with client_for(url).stream("POST", url, json=asked) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])["choices"][0]["delta"]["content"]


async def call_cpu_ms() -> dict[str, float]:
    """Milliseconds of the processor's time a call takes: by httpx, by a model, by a pool.

    ``queued`` is by a pool in which a thousand calls wait at once. The server's share is in each.
    """
    async with _serving() as url:
        model = _Bare(url=url)
        pool = pooled("bench", {"one": Endpoint(model, most=AT_ONCE)})
        ways: dict[str, tuple[Callable[[], Awaitable[None]], int]] = {
            "httpx": (lambda: _bare(url), AT_ONCE),
            "model": (lambda: _asked(model), AT_ONCE),
            "pool": (lambda: _asked(pool), AT_ONCE),
            "queued": (lambda: _asked(pool), WAITING),
        }
        try:
            rounds = [
                {name: await _cpu_ms(way, count) for name, (way, count) in ways.items()}
                for _ in range(ROUNDS)
            ]
            return {name: min(found[name] for found in rounds) for name in ways}
        finally:
            await close_connections()


async def _cpu_ms(call: Callable[[], Awaitable[None]], at_once: int) -> float:
    left = calls = max(CALLS, 2 * at_once)

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            await call()

    await call()
    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return 1000 * (time.process_time() - began) / calls


async def _bare(url: str) -> None:
    async for _ in _words(url, str(ASKED[0].content)):
        pass


async def _asked(model: StreamedModel) -> None:
    with calling(Caller("room", "bo")):
        async for _ in model._astream(ASKED):
            pass


@asynccontextmanager
async def _serving() -> AsyncIterator[str]:
    chunks = [json.dumps({"choices": [{"index": 0, "delta": {"content": word}}]}) for word in WORDS]
    body = "".join(f"data: {chunk}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    answer = (head + body).encode()
    open_ones: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.add(writer)
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                length = int(asked.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
    finally:
        server.close()
        for writer in open_ones:
            writer.close()
            await writer.wait_closed()


async def slots_used(slots: tuple[int, ...] = (2, 1), calls: int = 18) -> float:
    """Which share of the slots of embedded servers of unequal size is used while calls wait."""
    from tertulia.agents.embedded import Embedded
    from tertulia.agents.engine import close_engines

    models = [Embedded(threads=1, slots=n, context_tokens=512, max_tokens=40) for n in slots]
    for model in models:  # loaded, so that loading is not measured
        await model.ainvoke(ASKED)
    pool = pooled(
        "real",
        {
            f"engine-{n}": Endpoint(model, most=count)
            for n, (model, count) in enumerate(zip(models, slots, strict=True))
        },
    )
    tasks = [asyncio.create_task(_talk(pool, f"room-{n}")) for n in range(calls)]
    used, looks = 0.0, 0
    await asyncio.sleep(0.1)
    while len(pool.calls.queue):
        used += sum(model.engine.busy for model in models) / sum(slots)
        looks += 1
        await asyncio.sleep(0.02)
    await asyncio.gather(*tasks)
    close_engines()
    return used / max(1, looks)


async def _talk(pool: Pooled, room: str) -> None:
    with calling(Caller(room, "bo")):
        await pool.ainvoke(ASKED)
