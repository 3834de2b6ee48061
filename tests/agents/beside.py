"""A server that fails in another thread, for commands that have an event loop of their own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.agents.fault_server import FaultServer, Reply, serving


@contextmanager
def beside(reply: Reply, **pages: Reply) -> Iterator[FaultServer]:
    """Serve as ``serving`` does, in a thread, for as long as the block lasts."""
    ready, served = threading.Event(), []
    loop, over = asyncio.new_event_loop(), asyncio.Event()

    async def serve() -> None:
        async with serving(reply, **pages) as server:
            served.append(server)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    ready.wait()
    try:
        yield served[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
