"""Conversations go on when one of two servers fails, in whatever way, and when it comes back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from tests.agents.fault_server import (
    DROP,
    FOR_EVER,
    FaultServer,
    Reply,
    ended,
    refusal,
    said,
    serving,
)
from tests.agents.pool.waiting import until

from tertulia.agents.faults import ModelFailed
from tertulia.agents.pool import Caller, Endpoint, Pooled, breaker, calling, pooled
from tertulia.agents.remote import Patience, Remote, remote

WAIT_S = 600
GOOD = Reply([*said("By ", "the ", "door."), *ended()])
WHOLE = "By the door."
DROPS = Reply([*said("By "), DROP])
STALLS = Reply([*said("By "), FOR_EVER])
WAYS = {
    "drops": DROPS,
    "drops before a word": Reply([DROP]),
    "500": refusal("500 Internal Server Error", "out of memory"),
    "429": refusal("429 Too Many Requests", "slow down", Retry_After=str(WAIT_S)),
    "rubbish": Reply(["<html>Good evening</html>"], kind="text/html"),
    "stalls": STALLS,
    "stalls before a word": Reply([FOR_EVER]),
}
ROOMS, TURNS = 6, 5
PATIENT, HASTY = Patience(60, 60, 60), Patience(60, 0.2, 0.2)
"""So patient that a machine may stand still, and what notices soon that a server does."""

pytestmark = [pytest.mark.net, pytest.mark.usefixtures("hung_up")]


@pytest.fixture(autouse=True)
def _soon_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "FIRST_S", 0.1)


def two(left: FaultServer, right: FaultServer, most: int = 4, **settings: Any) -> Pooled:
    servers = {"left": left, "right": right}
    return pooled(
        "small",
        {
            name: Endpoint(remote(server.base_url, "m", patience=PATIENT), most=most)
            for name, server in servers.items()
        },
        **settings,
    )


class Conversation:
    """A room in which one agent speaks again and again, and what was heard of each turn."""

    def __init__(self, pool: Pooled, room: str) -> None:
        self.pool, self.room = pool, room
        self.heard: list[str] = []
        self.cut: list[int] = []

    async def go_on(self, turns: int) -> None:
        for _ in range(turns):
            self.heard.append("")
            try:
                with calling(Caller(self.room, "bo")):
                    await self._turn()
            except ModelFailed:
                self.cut.append(len(self.heard) - 1)

    async def _turn(self) -> None:
        asked: list[BaseMessage] = [HumanMessage("Where does the shelf go?", name="Ana")]
        stream = cast("AsyncGenerator[AIMessageChunk, None]", self.pool.astream(asked))
        async with aclosing(stream) as chunks:
            async for chunk in chunks:
                self.heard[-1] += str(chunk.text)


@pytest.mark.parametrize("broken", WAYS.values(), ids=WAYS)
async def test_every_conversation_goes_on_while_one_of_two_servers_fails(broken: Reply) -> None:
    async with serving(GOOD) as left, serving(GOOD) as right:
        pool = two(left, right)
        calls, to_left = pool.calls, cast("Remote", pool.endpoints["left"].model)
        talks = [Conversation(pool, f"room-{n}") for n in range(ROOMS)]

        async def all_go_on() -> None:
            await asyncio.gather(*(talk.go_on(TURNS) for talk in talks))

        await all_go_on()
        left.reply = broken
        left.health = Reply([], "503 Service Unavailable")
        to_left.patience = HASTY if FOR_EVER in broken.body else PATIENT
        await all_go_on()
        while_broken = len(right.asked)
        left.reply, left.health, to_left.patience = GOOD, None, PATIENT
        # It is well again, and whatever it told to wait for is over.
        now = calls.now
        calls.now = lambda: now() + WAIT_S
        await until(lambda: calls.servers[0].free_at(calls.now()))
        before = len(left.asked)
        await all_go_on()
        assert not any(server.running for server in calls.servers)
        await pool.aclose()

    for talk in talks:
        assert len(talk.heard) == 3 * TURNS
        for turn, text in enumerate(talk.heard):
            # What was heard is the answer, or its beginning where the server fell silent: once.
            assert WHOLE.startswith(text) if turn in talk.cut else text == WHOLE
        assert all(TURNS <= turn < 2 * TURNS for turn in talk.cut)
    cut = sum(len(talk.cut) for talk in talks)
    assert cut <= 6 if broken in (DROPS, STALLS) else not cut
    assert while_broken > ROOMS * TURNS
    assert len(left.asked) > before  # it has work again


async def test_a_server_that_is_left_alone_is_asked_nothing_but_how_it_is() -> None:
    down = refusal("503 Service Unavailable", "Loading model")
    async with serving(down) as left, serving(GOOD) as right:
        pool = two(left, right)
        talks = [Conversation(pool, f"room-{n}") for n in range(ROOMS)]
        await asyncio.gather(*(talk.go_on(3) for talk in talks))
        assert pool.calls.servers[0].breaker.open
        asked = len(left.asked)
        await until(lambda: bool(left.looks))
        await asyncio.gather(*(talk.go_on(3) for talk in talks))
        assert len(left.asked) == asked
        assert not any(talk.cut for talk in talks)
        left.reply = GOOD
        await until(lambda: not pool.calls.servers[0].breaker.open)
        assert pool.calls.servers[0].capacity.calls == 1  # slow start
        await asyncio.gather(*(Conversation(pool, f"room-{n}").go_on(4) for n in range(ROOMS)))
        assert len(left.asked) > asked
        assert pool.calls.servers[0].capacity.calls > 1
        await pool.aclose()


async def test_when_no_server_answers_the_caller_hears_why_in_bounded_time() -> None:
    down = refusal("500 Internal Server Error", "out of memory")
    async with serving(down) as left, serving(down) as right:
        pool = two(left, right, patience_s=0.3)
        for _ in range(4):
            with pytest.raises(ModelFailed, match=r"out of memory|not well"):
                await pool.ainvoke([HumanMessage("Well?")])
        assert all(server.breaker.open for server in pool.calls.servers)
        assert not len(pool.calls.queue)
        await pool.aclose()


async def test_a_thousand_cancels_leave_nothing_open_anywhere() -> None:
    """No request at the server, no place taken in the pool, no task."""
    async with serving(STALLS) as left, serving(STALLS) as right:
        pool = two(left, right, most=20)
        tasks_before = len(asyncio.all_tasks())
        heard = 0

        async def listen(n: int) -> None:
            nonlocal heard
            with calling(Caller(f"room-{n}", "bo")):
                async for chunk in pool.astream([HumanMessage("Well?")]):
                    heard += bool(chunk.text)

        for round_ in range(20):
            tasks = [asyncio.create_task(listen(n)) for n in range(50)]
            before = heard
            if round_ % 3:  # some are waiting, some are sent, some were heard
                await until(lambda: left.open + right.open > 2)
            if round_ % 3 == 2:
                await until(lambda one=before: heard > one)  # type: ignore[misc]
            for _ in range(round_):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert not len(pool.calls.queue)
            assert not any(one.running or one.unread for one in pool.calls.servers)
        await until(lambda: left.open + right.open == 0)
        await until(lambda: len(asyncio.all_tasks()) <= tasks_before)
        assert len(left.asked) + len(right.asked) > 20
