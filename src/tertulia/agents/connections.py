"""One pool of HTTP connections for each base URL and event loop, shared by all models there.

A connection belongs to the loop that opened it, so another loop gets another pool. Nothing is
opened before the first request, and nothing is retried here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import httpx

MOST_CONNECTIONS = 200
IDLE_SECONDS = 30.0

Clients = dict[str, httpx.AsyncClient]
Hook = Callable[[httpx.Request], Awaitable[None]]

_hooks: list[Hook] = []
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Clients] = WeakKeyDictionary()


def client_for(base_url: str) -> httpx.AsyncClient:
    """Get the running loop's client for ``base_url``; only callable inside a loop."""
    clients = _pools.setdefault(asyncio.get_running_loop(), {})
    if base_url not in clients or clients[base_url].is_closed:
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
        clients[base_url] = httpx.AsyncClient(
            limits=limits, follow_redirects=True, event_hooks={"request": _hooks}
        )
    return clients[base_url]


def before_requests(hook: Hook) -> Callable[[], None]:
    """Have ``hook`` called before each request, in its task; what is returned ends that."""

    def leave() -> None:
        _hooks.remove(hook)
        _tell_clients()

    _hooks.append(hook)
    _tell_clients()
    return leave


def _tell_clients() -> None:
    for clients in list(_pools.values()):
        for client in clients.values():
            client.event_hooks = {"request": _hooks}  # which it copies


async def close_connections() -> None:
    """Close all connections of the running loop; await this before the loop ends."""
    clients = _pools.pop(asyncio.get_running_loop(), {})
    for client in clients.values():
        await client.aclose()
