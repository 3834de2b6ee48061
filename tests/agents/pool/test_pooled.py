"""One name for many servers: failing over, obeying, waiting, and leaving nothing behind."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from tests.agents.fault_server import FOR_EVER, Reply, ended, refusal, said, serving
from tests.agents.pool.waiting import until

from tertulia.agents.faults import ModelFailed, ModelRateLimited, ModelRefused, ModelStalled
from tertulia.agents.pool import Allowance, Caller, Endpoint, Pooled, Rank, calling, pooled
from tertulia.agents.remote import Patience, Remote, remote
from tertulia.agents.scripted import Scripted

ASKED: list[BaseMessage] = [HumanMessage("Where to?", name="Ana")]
GOOD = Reply([*said("To ", "Porto."), *ended()])
SLOW = Reply([*said("Well, "), FOR_EVER])

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("hung_up")]


async def listen(pool: Pooled, heard: list[str]) -> None:
    async with aclosing(
        cast("AsyncGenerator[AIMessageChunk, None]", pool.astream(ASKED))
    ) as chunks:
        async for chunk in chunks:
            heard += [str(chunk.text)]


def model(base_url: str, **patience: float) -> Remote:
    """Patient enough for a machine that stands still for a while, unless told otherwise."""
    return remote(base_url, "m", patience=Patience(60, **patience))


async def test_a_call_that_one_server_refuses_is_answered_by_another() -> None:
    down = refusal("503 Service Unavailable", "no slots")
    async with serving(down) as bad, serving(GOOD) as good:
        pool = pooled("small", {"bad": model(bad.base_url), "good": model(good.base_url)})
        for _ in range(6):
            assert (await pool.ainvoke(ASKED)).text == "To Porto."
        assert len(good.asked) == 6
        assert len(bad.asked) == 3  # then it is left alone
        assert pool.calls.servers[0].breaker.open
        assert not any(server.running for server in pool.calls.servers)


@pytest.mark.parametrize(
    "broken",
    [Reply(["data: {]\n\n"]), Reply([]), Reply(["<html>"], kind="text/html")],
    ids=["rubbish", "nothing", "a page"],
)
async def test_whatever_a_server_sends_the_pool_is_free_again(broken: Reply) -> None:
    async with serving(broken) as bad:
        pool = pooled("small", {"bad": model(bad.base_url)})
        with pytest.raises(ModelFailed):
            await pool.ainvoke(ASKED)
        assert not pool.calls.servers[0].running
        assert not len(pool.calls.queue)


async def test_who_has_been_heard_is_not_begun_again_elsewhere() -> None:
    async with serving(SLOW) as stalls, serving(GOOD) as good:
        falls_silent = model(stalls.base_url, stall_seconds=0.2)
        pool = pooled("small", {"stalls": falls_silent, "good": model(good.base_url)})
        heard: list[str] = []
        with pytest.raises(ModelStalled):
            await listen(pool, heard)
        assert "".join(heard).strip() == "Well,"
        assert not good.asked
        await until(stalls.hung_up.is_set)


async def test_a_server_that_names_a_time_is_not_asked_before_it() -> None:
    wait = refusal("429 Too Many Requests", "slow down", retry_after="30")
    async with serving(wait) as busy, serving(GOOD) as good:
        pool = pooled("small", {"busy": model(busy.base_url), "good": model(good.base_url)})
        for _ in range(4):
            await pool.ainvoke(ASKED)
        assert len(busy.asked) == 1


async def test_a_request_that_is_wrong_is_not_sent_again() -> None:
    wrong = refusal("400 Bad Request", "too long")
    async with serving(wrong) as one, serving(wrong) as two:
        pool = pooled("small", {"one": model(one.base_url), "two": model(two.base_url)})
        with pytest.raises(ModelRefused, match="too long"):
            await pool.ainvoke(ASKED)
        assert len(one.asked) + len(two.asked) == 1


async def test_when_all_servers_fail_the_caller_hears_why() -> None:
    down = refusal("503 Service Unavailable", "no slots")
    async with serving(down) as one:
        pool = pooled("small", {"one": model(one.base_url)}, patience_s=0.2)
        with pytest.raises(ModelFailed, match="no slots"):
            await pool.ainvoke(ASKED)
        assert 1 < len(one.asked) <= 4
        await pool.aclose()


async def test_leaving_early_hangs_up_and_frees_the_place() -> None:
    async with serving(SLOW) as server:
        pool = pooled("small", {"one": Endpoint(model(server.base_url), most=1)})
        async for _ in pool.astream(ASKED):
            break
        await until(server.hung_up.is_set)
        assert not pool.calls.servers[0].running


async def test_a_thousand_calls_that_are_called_off_leave_nothing_behind() -> None:
    async with serving(Reply([FOR_EVER])) as server:
        pool = pooled("small", {"one": Endpoint(model(server.base_url), most=3)})
        tasks = [asyncio.create_task(pool.ainvoke(ASKED)) for _ in range(1_000)]
        await until(lambda: server.connections == 3)
        assert len(pool.calls.queue) == 997
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not len(pool.calls.queue)
        assert not pool.calls.servers[0].running
        assert not pool.calls.servers[0].unread


async def test_a_pool_that_is_full_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tertulia.agents.pool.pool.MOST_WAITING", 2)
    async with serving(Reply([FOR_EVER])) as server:
        pool = pooled("small", {"one": Endpoint(model(server.base_url), most=1)})
        tasks = [asyncio.create_task(pool.ainvoke(ASKED)) for _ in range(3)]
        await until(lambda: len(pool.calls.queue) == 2)
        with pytest.raises(ModelRateLimited, match="wait already"):
            await pool.ainvoke(ASKED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_tenant_that_has_used_up_its_allowance_is_refused_and_others_are_not() -> None:
    async with serving(GOOD) as server:
        pool = pooled("small", {"one": model(server.base_url)}, allowances={"ana": Allowance(15)})
        with calling(Caller("attic", "bo", tenant="ana")):
            await pool.ainvoke(ASKED)
            await pool.ainvoke(ASKED)
            with pytest.raises(ModelRefused, match="used up"):
                await pool.ainvoke(ASKED)
        await pool.ainvoke(ASKED)
        assert pool.used_by("ana").used_tokens == 20


async def test_the_urgent_call_goes_before_what_nobody_waits_for() -> None:
    all_wait = asyncio.Event()
    async with serving(Reply([all_wait, *said("Yes."), *ended()])) as server:
        pool = pooled("small", {"one": Endpoint(model(server.base_url), most=1)})
        order: list[str] = []

        async def ask(name: str, rank: Rank) -> None:
            with calling(Caller(name, rank=rank, tenant="all")):
                await pool.ainvoke(ASKED)
            order.append(name)

        asks = [("first", Rank.HOLDER), ("summary", Rank.BACKGROUND), ("bid", Rank.BID)]
        asks.append(("holder", Rank.HOLDER))
        tasks = [asyncio.create_task(ask(name, rank)) for name, rank in asks]
        await until(lambda: len(pool.calls.queue) == 3)
        all_wait.set()
        await asyncio.gather(*tasks)
        assert order == ["first", "holder", "bid", "summary"]


def test_a_pool_without_a_server_is_refused() -> None:
    with pytest.raises(ModelRefused, match="no server"):
        pooled("small", {})


def test_a_pool_can_be_asked_without_a_loop() -> None:
    async def serve() -> str:
        async with serving(GOOD) as server:
            pool = pooled("small", {"one": model(server.base_url)})
            return str((await asyncio.to_thread(pool.invoke, ASKED)).text)

    assert asyncio.run(serve()) == "To Porto."


class Unfinished(Scripted):
    """It takes tools, and fails at it."""

    def __init__(self) -> None:
        super().__init__(["Yes."])

    def bind_tools(self, *args: Any, **kwargs: Any) -> Any:
        return self._converted()

    def _converted(self) -> Any:
        raise NotImplementedError("no pictures yet")


def test_what_goes_wrong_within_a_model_s_bind_tools_is_not_taken_for_a_model_without() -> None:
    pool = pooled("small", {"one": Unfinished(), "two": Scripted(["Yes."])})
    with pytest.raises(NotImplementedError, match="no pictures yet"):
        pool.bind_tools([])


async def test_tools_are_offered_as_the_pool_s_models_do_it() -> None:
    async with serving(GOOD) as server:
        pool: Pooled = pooled("small", {"one": model(server.base_url)})
        bound = pool.bind_tools([{"name": "look", "description": "Look.", "parameters": {}}])
        await bound.ainvoke(ASKED)
        assert server.asked[0]["tools"][0]["function"]["name"] == "look"
