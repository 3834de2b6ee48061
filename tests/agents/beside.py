"""A server that fails in another thread, for commands that have an event loop of their own."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from tests.agents.fault_server import FaultServer, Reply, serving


@contextmanager
def beside(reply: Reply, **pages: Reply) -> Iterator[FaultServer]:
    """Serve as ``serving`` does, in a thread, for as long as the block lasts."""
    ready: Future[tuple[FaultServer, asyncio.AbstractEventLoop]] = Future()
    over = asyncio.Event()

    async def serve() -> None:
        async with serving(reply, **pages) as server:
            ready.set_result((server, asyncio.get_running_loop()))
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    server, loop = ready.result(60)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
