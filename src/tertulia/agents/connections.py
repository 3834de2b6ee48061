"""One pool of HTTP connections for each base URL and event loop, shared by all models there.

A connection belongs to the loop that opened it, so another loop gets another pool. Nothing is
opened before the first request, and nothing is retried here.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from weakref import WeakKeyDictionary

import httpx

MOST_CONNECTIONS = 200
IDLE_SECONDS = 30.0

Clients = dict[str, httpx.AsyncClient]
Around = Callable[[httpx.Request], AbstractContextManager[object]]

_around: list[Around] = []
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Clients] = WeakKeyDictionary()


def client_for(base_url: str) -> httpx.AsyncClient:
    """Get the running loop's client for ``base_url``; only callable inside a loop."""
    clients = _pools.setdefault(asyncio.get_running_loop(), {})
    if base_url not in clients or clients[base_url].is_closed:
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
        clients[base_url] = _Client(limits=limits, follow_redirects=True)
    return clients[base_url]


def around_requests(around: Around) -> Callable[[], None]:
    """Send each request within ``around`` of it, until the answer begins.

    It is entered and left in the task that sends, and in one context. What is returned ends that.
    """

    def leave() -> None:
        _around.remove(around)

    _around.append(around)
    return leave


class _Client(httpx.AsyncClient):
    """Sends within what is around requests, and keeps no connection that nobody can use any more.

    httpcore (1.0.9) keeps one for ever, and counts it, whose request was called off when it was
    open and nothing had been sent: it is neither idle nor in use.
    """

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        try:
            if not _around:
                return await super().send(request, **how)
            with ExitStack() as stack:
                for around in _around:
                    stack.enter_context(around(request))
                return await super().send(request, **how)
        except BaseException:
            await _drop_unused(getattr(self._transport_for_url(request.url), "_pool", None))
            raise


async def _drop_unused(pool: Any) -> None:
    if pool is None:
        return
    used = {id(request.connection) for request in pool._requests}
    for connection in pool.connections:
        if id(connection) not in used and ", NEW, " in connection.info():
            await connection.aclose()


async def close_connections() -> None:
    """Close all connections of the running loop; await this before the loop ends."""
    clients = _pools.pop(asyncio.get_running_loop(), {})
    for client in clients.values():
        await client.aclose()
