"""What a call to a model costs through a pool, beside httpx alone in the same breath.

The model is a server on 127.0.0.1 that streams the same few chunks to everybody. Calls are made by
tasks that call again and again, and take turns with those of the other ways many times a second, so
that whatever else the machine does falls on all of them alike.
"""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from statistics import median
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.connections import client_for, close_connections
from tertulia.agents.pool import Caller, Endpoint, calling, pooled
from tertulia.agents.streaming import StreamedModel, piece

WORDS = ("I", " would", " put", " it", " there.")
QUESTION = "Where does the shelf go?"
ASKED: list[BaseMessage] = [HumanMessage(QUESTION, name="Ana")]

AT_ONCE, CALLS, SLICES = 8, 24, 40
"""How many calls the server takes at once, and how many slices of how many calls are measured."""
WAITING = (0, 1, 1_000)
"""How many calls more wait in what is measured."""
ROOMS, TENANTS = 100, 10


class _Turn:
    """When a way may call, and how many of its calls have ended. A call is made inside it."""

    def __init__(self) -> None:
        self.open, self.idle = asyncio.Event(), asyncio.Event()
        self._running = self._done = 0
        self._marks: dict[int, asyncio.Future[float]] = {}

    async def __aenter__(self) -> None:
        await self.open.wait()
        self._running += 1
        self.idle.clear()

    async def __aexit__(self, *_: object) -> None:
        self._running -= 1
        if not self._running:
            self.idle.set()

    def after(self, calls: int) -> "asyncio.Future[float]":
        """The processor's time (s) by when so many more calls have ended."""
        mark = asyncio.get_running_loop().create_future()
        self._marks[self._done + calls] = mark
        return mark

    def ended(self) -> None:
        self._done += 1
        if mark := self._marks.pop(self._done, None):
            mark.set_result(time.process_time())


class _Bare(StreamedModel):
    """Reads the stream with httpx and json, and does nothing else."""

    url: str
    turn: Any

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
        async for word in _words(self.url, str(messages[-1].content), self.turn):
            yield piece(word)


async def _words(url: str, text: str, turn: _Turn) -> AsyncIterator[str]:
    asked = {"messages": [{"role": "user", "content": text}], "stream": True}
    async with turn, client_for(url).stream("POST", url, json=asked) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])["choices"][0]["delta"]["content"]


async def call_cpu_ms(slices: int = SLICES) -> dict[str, float]:
    """Milliseconds of the processor's time that a call takes: by httpx, by a model, by a pool.

    ``NAME_N`` is while so many more wait than the server takes at once: before the pool in its
    queue, before httpx and the model at a semaphore, so that what the tasks themselves cost is in
    both. The server's share is in all. Each is a median over all slices; ``NAME_over_httpx_N`` is
    the median of what a slice differed by from that of httpx beside it.
    """
    found: dict[str, float] = {}
    async with _serving() as url:
        try:
            for waiting in WAITING:
                rows = await _slices(url, AT_ONCE + waiting, slices)
                over = {
                    f"{name}_over_httpx": [row[name] - row["httpx"] for row in rows]
                    for name in ("model", "pool")
                }
                for name in rows[0]:
                    found[f"{name}_{waiting}"] = median(row[name] for row in rows)
                for name, differences in over.items():
                    found[f"{name}_{waiting}"] = median(differences)
        finally:
            await close_connections()
    return found


Way = Callable[[int], Awaitable[None]]


def _ways(url: str, turns: Mapping[str, _Turn]) -> dict[str, Way]:
    """Ways to make a call; the task that makes it has a number."""
    door, other_door = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
    model = _Bare(url=url, turn=turns["model"])
    endpoint = Endpoint(_Bare(url=url, turn=turns["pool"]), slots=AT_ONCE)
    pool = pooled("bench", {"one": endpoint})

    async def bare(number: int) -> None:
        async with door:
            async for _ in _words(url, QUESTION, turns["httpx"]):
                pass

    async def by_model(number: int) -> None:
        async with other_door:
            await _asked(model, number)

    return {"httpx": bare, "model": by_model, "pool": lambda number: _asked(pool, number)}


async def _asked(model: StreamedModel, number: int) -> None:
    with calling(Caller(f"room-{number % ROOMS}", "bo", tenant=f"tenant-{number % TENANTS}")):
        async for _ in model._astream(ASKED):
            pass


async def _slices(url: str, at_once: int, slices: int) -> list[dict[str, float]]:
    turns = {name: _Turn() for name in ("httpx", "model", "pool")}

    async def work(way: Way, turn: _Turn, number: int) -> None:
        while True:
            await way(number)
            turn.ended()

    tasks = [
        asyncio.create_task(work(way, turns[name], number))
        for name, way in _ways(url, turns).items()
        for number in range(at_once)
    ]
    try:
        for turn in turns.values():  # connected, and the pool's lengths learned
            await _cpu_ms(turn)
        gc.collect()
        gc.freeze()  # what is there by now is not looked through in whichever slice comes next
        rows: list[dict[str, float]] = []
        for number in range(slices):
            order = list(turns.items())
            if number % 2:
                order.reverse()
            rows.append({name: await _cpu_ms(turn) for name, turn in order})
        return rows
    finally:
        gc.unfreeze()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _cpu_ms(turn: _Turn) -> float:
    """What each of the next calls takes, once the first have ended and others have begun."""
    began, ended = turn.after(AT_ONCE), turn.after(AT_ONCE + CALLS)
    turn.open.set()
    took = await ended - await began
    turn.open.clear()
    await turn.idle.wait()
    return 1000 * took / CALLS


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
            open_ones.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/chat/completions"
    finally:
        server.close()
        for writer in list(open_ones):
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
