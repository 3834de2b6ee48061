"""One pool of HTTP connections for each base URL and event loop, shared by all models there.

A connection belongs to the loop that opened it, so another loop gets another pool. Nothing is
opened before the first request, and nothing is retried here.
"""

import asyncio
from weakref import WeakKeyDictionary

import httpx

MOST_CONNECTIONS = 200
IDLE_SECONDS = 30.0

Clients = dict[str, httpx.AsyncClient]

_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Clients] = WeakKeyDictionary()


def client_for(base_url: str) -> httpx.AsyncClient:
    """Get the running loop's client for ``base_url``; only callable inside a loop."""
    clients = _pools.setdefault(asyncio.get_running_loop(), {})
    if base_url not in clients or clients[base_url].is_closed:
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, keepalive_expiry=IDLE_SECONDS)
        clients[base_url] = httpx.AsyncClient(limits=limits, follow_redirects=True)
    return clients[base_url]


async def close_connections() -> None:
    """Close all connections of the running loop; await this before the loop ends."""
    clients = _pools.pop(asyncio.get_running_loop(), {})
    for client in clients.values():
        await client.aclose()
