"""A pool before two real servers of unequal size: each is filled, and one may die."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from langchain_core.messages import HumanMessage
from tests.cli.commands import COMMAND

from tertulia.agents.connections import close_connections
from tertulia.agents.embedded import Embedded
from tertulia.agents.embedded_server import KEY, embedded_server
from tertulia.agents.faults import ModelUnreachable
from tertulia.agents.pool import (
    Began,
    Caller,
    Ended,
    Endpoint,
    Placed,
    Pooled,
    Sighting,
    calling,
    pooled,
)
from tertulia.agents.remote import remote

pytestmark = [pytest.mark.model, pytest.mark.net, pytest.mark.slow]

SLOTS = {"small": 1, "big": 2}
"""As many slots, and as many threads."""
CALLS = 8
CONTEXT, TOKENS = 512, 10


@pytest.fixture
async def stack(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AsyncExitStack]:
    monkeypatch.setenv(KEY, "of the tests")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(close_connections)
        yield stack


async def over_http(stack: AsyncExitStack) -> Pooled:
    """Servers with an API, called over HTTP."""
    endpoints = {}
    for name, slots in SLOTS.items():
        server = await stack.enter_async_context(
            embedded_server(threads=slots, slots=slots, context_tokens=CONTEXT)
        )
        body = {"ignore_eos": True}
        model = remote(server.base_url, server.model, KEY, max_tokens=TOKENS, extra_body=body)
        endpoints[name] = Endpoint(model, most=slots)
    return pooled("unequal", endpoints)


async def in_process(stack: AsyncExitStack) -> Pooled:
    """Engines in this process."""
    endpoints = {}
    for name, slots in SLOTS.items():
        model = Embedded(
            threads=slots, slots=slots, context_tokens=CONTEXT, max_tokens=TOKENS, seed=slots
        )
        stack.push_async_callback(asyncio.to_thread, model.engine.close)
        endpoints[name] = Endpoint(model, most=slots)
    return pooled("unequal", endpoints)


async def ask(pool: Pooled, room: int) -> str:
    with calling(Caller(f"room-{room}", "bo")):
        answer = await pool.ainvoke([HumanMessage(f"What is in room {room}?", name="Ana")])
        return str(answer.text)


def most_at_once(seen: list[Sighting]) -> dict[str, int]:
    """How many calls each server had at the same time, at most."""
    now, most = Counter[str](), Counter[str]()
    for sighting in seen:
        if isinstance(sighting, Placed | Ended) and sighting.server is not None:
            now[sighting.server] += 1 if isinstance(sighting, Placed) else -1
            most[sighting.server] = max(most[sighting.server], now[sighting.server])
    return dict(most)


@pytest.mark.parametrize("way", [over_http, in_process])
async def test_unequal_servers_are_each_filled_and_never_overfilled_and_all_are_answered(
    way: type, stack: AsyncExitStack
) -> None:
    pool = await way(stack)
    seen: list[Sighting] = []
    pool.watch(seen.append)
    answers = await asyncio.gather(*(ask(pool, room) for room in range(CALLS)))
    assert len(answers) == CALLS
    ended = [sighting for sighting in seen if isinstance(sighting, Ended)]
    assert [end.error for end in ended] == [None] * CALLS
    assert most_at_once(seen) == SLOTS


async def a_process(stack: AsyncExitStack) -> tuple[asyncio.subprocess.Process, str, str]:
    """A server in a process of its own: that, its URL, and its model's name."""
    sizes = ("--port", "0", "--slots", "2", "--threads", "1", "--context-tokens", str(CONTEXT))
    served = await asyncio.create_subprocess_exec(
        *COMMAND, "models", "serve", "--json", *sizes, stdout=asyncio.subprocess.PIPE
    )

    async def end() -> None:
        if served.returncode is None:
            served.kill()
        await served.wait()

    stack.push_async_callback(end)
    assert served.stdout is not None
    told = json.loads(await served.stdout.readline())
    return served, told["base_url"], told["model"]


async def test_a_server_that_dies_takes_only_what_was_heard_already_with_it(
    stack: AsyncExitStack,
) -> None:
    dying, url, name = await a_process(stack)
    told = {"max_tokens": 60, "extra_body": {"ignore_eos": True}}
    other = Embedded(threads=1, slots=1, context_tokens=CONTEXT, max_tokens=TOKENS)
    stack.push_async_callback(asyncio.to_thread, other.engine.close)
    pool = pooled(
        "mortal",
        {
            "dying": Endpoint(remote(url, name, KEY, **told), most=2),
            "other": Endpoint(other, most=1),
        },
    )
    seen: list[Sighting] = []
    begun = asyncio.Event()

    def watch(sighting: Sighting) -> None:
        seen.append(sighting)
        if isinstance(sighting, Began) and sighting.server == "dying":
            begun.set()

    pool.watch(watch)
    tasks = [asyncio.create_task(ask(pool, room)) for room in range(CALLS)]
    await begun.wait()
    dying.kill()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    lost = [answer for answer in answers if isinstance(answer, BaseException)]
    heard = {s.call.number for s in seen if isinstance(s, Began) and s.server == "dying"}
    failed = {s.call.number for s in seen if isinstance(s, Ended) and s.error is not None}
    assert failed <= heard
    assert all(isinstance(error, ModelUnreachable) for error in lost)
    assert {s.server for s in seen if isinstance(s, Ended)} >= {"other"}
    assert len(lost) < CALLS
