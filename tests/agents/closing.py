"""Closes a server while one of its clients waits for a slot and another engine writes.

It is run as a process of its own: what hangs in llama.cpp holds Python's lock.
"""

import asyncio
import sys
from contextlib import aclosing

import httpx

from tertulia.agents.embedded_server import embedded_server
from tertulia.agents.engine import Engine
from tertulia.agents.llama import EngineSettings

STORY = {"prompt": "Once upon a time", "max_tokens": 400, "ignore_eos": True, "stream": True}


async def write(engine: Engine, begun: asyncio.Event) -> None:
    while True:
        async with aclosing(engine.complete("Tom", STORY)) as chunks:
            async for _ in chunks:
                begun.set()


async def main() -> None:
    other, begun = Engine(EngineSettings(threads=1, slots=1, context_tokens=512)), asyncio.Event()
    writing = asyncio.create_task(write(other, begun))
    await begun.wait()
    async with httpx.AsyncClient(timeout=None) as http:  # noqa: S113 - who would wait for ever
        async with embedded_server(threads=1, slots=1, context_tokens=512) as server:
            url, key = (
                f"{server.base_url}/completions",
                {"Authorization": f"Bearer {server.api_key}"},
            )
            asked = [asyncio.create_task(http.post(url, headers=key, json=STORY)) for _ in range(2)]
            while server.processing() < len(asked):  # noqa: ASYNC110 - llama.cpp sets no event
                await asyncio.sleep(0.01)
        ends = await asyncio.gather(*asked, return_exceptions=True)
    goes_on = not writing.done()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await asyncio.to_thread(other.close)
    hung_up = sum(isinstance(end, httpx.HTTPError) for end in ends)
    sys.stdout.write(f"hung up on {hung_up}, the other goes on: {goes_on}")


if __name__ == "__main__":
    asyncio.run(main())
