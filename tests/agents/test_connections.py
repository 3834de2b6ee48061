"""Connections to model servers: none is left behind by who leaves."""

import asyncio
from typing import Any

import pytest
from tests.agents.fault_server import Reply, ended, said, serving
from tests.agents.pool.waiting import until

from tertulia.agents.connections import client_for, close_connections

pytestmark = pytest.mark.net


async def test_who_leaves_between_connecting_and_asking_leaves_no_connection() -> None:
    async with serving(Reply([*said("So."), *ended()])) as server:
        client: Any = client_for(server.base_url)
        pool = client._transport._pool
        for _ in range(3):
            asking = asyncio.create_task(client.get(f"{server.base_url}/models"))
            while not any(", NEW, " in one.info() for one in pool.connections):  # noqa: ASYNC110
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            assert asking.cancelled()
        await until(lambda: all(writer.is_closing() for writer in server.writers))
        assert server.looks == []
        assert (await client.get(f"{server.base_url}/models")).status_code == 404
        assert len(pool.connections) <= 1
    await close_connections()
