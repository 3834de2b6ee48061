"""What llama.cpp's server says of its slots is believed, once it is asked how it is."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.agents.fault_server import NOT_FOUND, FaultServer, Reply, ended, refusal, said, serving
from tests.agents.pool.waiting import until

from tertulia.agents.pool import Breaker, Endpoint, Pooled, Server, pooled
from tertulia.agents.pool.breaker import FAILURES
from tertulia.agents.pool.probing import Told, told_by
from tertulia.agents.remote import remote
from tertulia.agents.scripted import Scripted

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("hung_up")]

GOOD = Reply([*said("By ", "the ", "door."), *ended()])


def props(slots: Any, context: Any = 2_048) -> Reply:
    told = {"total_slots": slots, "default_generation_settings": {"n_ctx": context}}
    return Reply([json.dumps(told)], kind="application/json")


def asked_at_once(server: FaultServer, **more: Any) -> tuple[Pooled, Server]:
    """A pool whose server is asked how it is as soon as somebody calls, and now and then."""
    pool = pooled("small", {"one": Endpoint(remote(server.base_url, "m"), **more)})
    pool.probe_every_s = 0.01
    return pool, pool.calls.servers[0]


def looked(server: FaultServer, page: str, times: int) -> Callable[[], bool]:
    return lambda: server.looks.count(page) >= times


async def test_slots_and_context_are_learned_when_the_server_is_asked_for_the_first_time() -> None:
    async with serving(GOOD) as server:
        server.pages["/props"] = props(7)
        pool, one = asked_at_once(server)
        assert (one.capacity.calls, one.capacity.told, one.context_tokens) == (4, False, None)
        await pool.ainvoke("Where does it go?")
        await until(lambda: one.capacity.told)
        assert (one.capacity.calls, one.context_tokens) == (7, 2_048)
        await until(looked(server, "/health", 4))
        assert server.looks.count("/props") == 1
        await pool.aclose()


async def test_what_is_given_is_not_learned_and_most_is_never_exceeded() -> None:
    async with serving(GOOD) as server:
        server.pages["/props"] = props(7)
        given, one = asked_at_once(server, slots=3, context_tokens=512)
        bounded, other = asked_at_once(server, most=5)
        for pool in (given, bounded):
            await pool.ainvoke("Where does it go?")
        await until(looked(server, "/props", 2))
        await until(lambda: other.capacity.told)
        assert (one.capacity.calls, one.context_tokens) == (3, 512)
        assert (other.capacity.calls, other.context_tokens) == (5, 2_048)
        for pool in (given, bounded):
            await pool.aclose()


async def test_a_server_that_is_back_is_asked_again() -> None:
    async with serving(GOOD) as server:
        pool = pooled("small", {"one": remote(server.base_url, "m")})
        one = pool.calls.servers[0]
        await pool.ainvoke("Where does it go?")
        assert server.looks == []  # while all is well nobody is asked
        for slots in (6, 8):  # it may have been started with others
            server.pages["/props"] = props(slots)
            one.breaker = Breaker(FAILURES, open=True, until=pool.calls.now())
            pool.calls.health.wake()
            await until(lambda: not one.breaker.open)
            assert one.capacity.calls == slots
        await pool.aclose()


@pytest.mark.parametrize(
    "page",
    [
        NOT_FOUND,
        refusal("401 Unauthorized", "no"),
        Reply(["<html>Hi"], kind="text/html"),
        Reply(["[]"], kind="application/json"),
        Reply(['{"role": "router"}'], kind="application/json"),
        props("four"),
        props(True),
        props(0),
        props(4, None),
    ],
)
async def test_a_server_that_says_nothing_of_it_is_left_as_it_is(page: Reply) -> None:
    async with serving(GOOD) as server:
        server.pages["/props"] = page
        assert await told_by(remote(server.base_url, "m")) is None
        pool, one = asked_at_once(server)
        await pool.ainvoke("Where does it go?")
        await until(looked(server, "/health", 3))
        assert server.looks.count("/props") == 2
        assert (one.capacity.told, one.context_tokens) == (False, None)
        await pool.aclose()


async def test_the_key_is_sent_since_the_page_may_be_shut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIP_KEY", "sk-secret")
    async with serving(GOOD) as server:
        server.pages["/props"] = props(2, 512)
        assert await told_by(remote(server.base_url, "m", "TRIP_KEY")) == Told(2, 512)
        monkeypatch.delenv("TRIP_KEY")
        assert await told_by(remote(server.base_url, "m", "TRIP_KEY")) is None
    assert server.keys == ["Bearer sk-secret"]


async def test_a_server_that_is_gone_and_a_model_without_one_say_nothing() -> None:
    async with serving(GOOD) as server:
        gone = remote(server.base_url, "m")
    assert await told_by(gone) is None
    assert await told_by(Scripted(["Hm."])) is None
