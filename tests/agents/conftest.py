"""What tests of agents and their models share."""

from collections.abc import AsyncIterator

import pytest

from tertulia.agents.connections import close_connections


@pytest.fixture
async def hung_up() -> AsyncIterator[None]:
    """No connection to a server outlives the test."""
    yield
    await close_connections()
