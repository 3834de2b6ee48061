"""A pool before a real server that is already there, vLLM for one: `CONTRIBUTING.md` says how.

Nothing is started here. Where the environment names no server, there is nothing to test.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage

from tertulia.agents.choosing import choose
from tertulia.agents.connections import close_connections
from tertulia.agents.pool import Caller, Ended, Pooled, Sighting, calling, pooled
from tertulia.agents.remote import remote

URL, MODEL = "TERTULIA_TEST_URL", "TERTULIA_TEST_MODEL"
ROOMS = 6

pytestmark = [
    pytest.mark.model,
    pytest.mark.net,
    pytest.mark.slow,
    pytest.mark.skipif(URL not in os.environ, reason=f"no server is named by {URL}"),
]


@pytest.fixture
async def pool() -> AsyncIterator[Pooled]:
    """Two names of the same server."""
    model = remote(os.environ[URL], os.environ[MODEL], max_tokens=24)
    yield pooled("real", {"left": model, "right": model})
    await close_connections()


async def ask(pool: Pooled, room: int) -> str:
    with calling(Caller(f"room-{room}", "bo")):
        answer = await pool.ainvoke([HumanMessage(f"What is in room {room}?", name="Ana")])
        return str(answer.text)


async def test_rooms_at_once_are_all_answered_and_what_they_used_is_told(pool: Pooled) -> None:
    seen: list[Sighting] = []
    pool.watch(seen.append)
    answers = await asyncio.gather(*(ask(pool, room) for room in range(ROOMS)))
    ended = [sighting for sighting in seen if isinstance(sighting, Ended)]
    assert all(answers)
    assert [end.error for end in ended] == [None] * ROOMS
    assert {end.server for end in ended} == {"left", "right"}
    assert all(end.read > 0 and 0 < end.written <= 24 for end in ended)


async def test_whoever_leaves_after_the_first_words_has_freed_his_place(pool: Pooled) -> None:
    for room in range(ROOMS):
        asked = [HumanMessage("Tell a long story.", name="Ana")]
        stream = cast("AsyncGenerator[AIMessageChunk, None]", pool.astream(asked))
        with calling(Caller(f"room-{room}", "bo")):
            async with aclosing(stream) as chunks:
                async for chunk in chunks:
                    if chunk.text:
                        break
    assert [len(server.running) for server in pool.calls.servers] == [0, 0]
    assert await ask(pool, 0)


async def test_a_choice_is_one_of_the_options(pool: Pooled) -> None:
    asked: list[BaseMessage] = [HumanMessage("Mia, how much wood do we need?", name="Ana")]
    chosen = await choose(pool, asked, ["Mia", "Leo", "Zoe"], question="Who should reply?")
    assert chosen.option in {"Mia", "Leo", "Zoe"}
