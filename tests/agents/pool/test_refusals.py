"""A server that refuses a call, for its key, its model or the prompt's length: others take it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field
from tests.agents.fault_server import FaultServer, Reply, ended, event, refusal, said, serving

from tertulia.agents.connections import close_connections
from tertulia.agents.faults import (
    ModelFailed,
    ModelForbidden,
    ModelMissing,
    ModelOverflowed,
    ModelRefused,
    ModelUnreachable,
)
from tertulia.agents.pool import Endpoint, Opened, Pooled, Probed, Sighting, pooled
from tertulia.agents.pool.breaker import FAILURES, REFUSING_S
from tertulia.agents.pool.budgets import RETRIES
from tertulia.agents.pool.tries import TRIES
from tertulia.agents.remote import remote
from tertulia.agents.streaming import StreamedModel, piece
from tertulia.simulation import VirtualLoop

GOOD = Reply([*said("By ", "the ", "door."), *ended()])
LONG = "This model's maximum context length is 2048 tokens"
UNPAID = '{"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}'
CLOSED = {
    "401": refusal("401 Unauthorized", "Incorrect API key"),
    "403": refusal("403 Forbidden", "not for you"),
    "404": refusal("404 Not Found", "model m does not exist"),
    "402": refusal("402 Payment Required", "no credits"),
    "429, unpaid": Reply([UNPAID], "429 Too Many Requests", kind="application/json"),
}
TOO_LONG = {
    "400": refusal("400 Bad Request", LONG),
    "in its stream": Reply([event({"error": {"message": LONG, "code": 400}})]),
}


class Door(StreamedModel):
    """A model that says one word, or why not; it has no address, and is asked for a token."""

    error: ModelFailed | None = None
    asked: list[object] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "door"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.asked.append(messages)
        if self.error is not None:
            raise self.error
        yield piece("Here.")


def saying(kind: type[ModelFailed], what: str) -> Door:
    return Door(error=kind(what, model="m", where="there", hint="change it"))


def virtually(what: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(what)


def two(left: FaultServer, right: FaultServer) -> Pooled:
    return pooled(
        "small",
        {"left": remote(left.base_url, "m"), "right": remote(right.base_url, "m")},
    )


@pytest.mark.net
@pytest.mark.parametrize("reply", CLOSED.values(), ids=CLOSED)
async def test_a_server_that_takes_no_key_of_ours_is_left_alone_and_others_are_called(
    reply: Reply,
) -> None:
    async with serving(reply) as left, serving(GOOD) as right:
        pool, seen = two(left, right), list[Sighting]()
        pool.watch(seen.append)
        for call in range(1, 9):
            assert (await pool.ainvoke("Where does it go?")).text == "By the door."
            assert len(right.asked) == call
        assert len(left.asked) == FAILURES
        assert pool.calls.retries.left == RETRIES  # no server was loaded with it
        assert [one for one in seen if isinstance(one, Opened)] == [
            Opened("small", "left", REFUSING_S[0])
        ]
        await pool.aclose()
    await close_connections()


@pytest.mark.net
@pytest.mark.parametrize("reply", TOO_LONG.values(), ids=TOO_LONG)
async def test_a_prompt_that_is_too_long_for_one_server_goes_to_another(reply: Reply) -> None:
    async with serving(reply) as left, serving(GOOD) as right:
        pool = two(left, right)
        for call in range(1, 6):
            assert (await pool.ainvoke("Where does it go?")).text == "By the door."
            assert len(right.asked) == call
        assert not pool.calls.servers[0].breaker.failures  # it is well
        assert pool.calls.retries.left == RETRIES
        await pool.aclose()
    await close_connections()


@pytest.mark.net
async def test_a_server_whose_key_is_not_set_is_no_obstacle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    async with serving(GOOD) as right:
        servers = {"left": remote("http://127.0.0.1:9/v1", "m", "NO_SUCH_KEY")}
        pool = pooled("small", servers | {"right": remote(right.base_url, "m")})
        assert (await pool.ainvoke("Where does it go?")).text == "By the door."
        await pool.aclose()
    await close_connections()


def test_when_every_server_refuses_the_error_says_at_once_which_one_said_what() -> None:
    async def live() -> None:
        servers = {
            "east": saying(ModelForbidden, "the key is wrong"),
            "west": saying(ModelMissing, "there is no such model"),
            "north": saying(ModelForbidden, "nothing is paid"),
        }
        pool = pooled("small", servers)
        for _ in range(5):  # also when two of them are left alone
            with pytest.raises(ModelRefused) as caught:
                await pool.ainvoke("Well?")
            for name, model in servers.items():
                assert f"{name}: {model.error.what}" in str(caught.value)  # type: ignore[union-attr]
            assert caught.value.where == "in the pool"
        assert asyncio.get_running_loop().time() == 0
        assert [one.breaker.open for one in pool.calls.servers].count(True) == 2
        await pool.aclose()

    virtually(live())


def test_the_only_server_says_no_each_time_and_is_not_left_alone() -> None:
    async def live() -> None:
        door = saying(ModelForbidden, "the key is wrong")
        pool = pooled("small", {"one": door})
        for _ in range(9):
            with pytest.raises(ModelForbidden) as caught:
                await pool.ainvoke("Well?")
            assert caught.value is door.error
        door.error = None
        assert (await pool.ainvoke("Well?")).text == "Here."
        assert asyncio.get_running_loop().time() == 0

    virtually(live())


def test_a_server_that_refuses_rests_for_long_and_is_called_once_it_does_no_more() -> None:
    async def live() -> None:
        shut, well = saying(ModelForbidden, "the key is wrong"), Door()
        pool, seen = pooled("small", {"shut": shut, "well": well}), list[Sighting]()
        pool.watch(seen.append)
        for _ in range(FAILURES):
            await pool.ainvoke("Well?")
        for _ in range(100):
            await asyncio.sleep(1)
            await pool.ainvoke("Well?")
        assert len(shut.asked) == FAILURES + 1
        assert [one.error for one in seen if isinstance(one, Probed)] == [shut.error]
        shut.error = None
        for _ in range(30):
            await asyncio.sleep(1)
            await asyncio.gather(*(pool.ainvoke("Well?") for _ in range(8)))
        assert len(shut.asked) > FAILURES + 2
        await pool.aclose()

    virtually(live())


def test_one_that_lets_nobody_in_though_it_is_well_rests_twice_as_long_each_time() -> None:
    server = pooled("small", {"one": Door()}).endpoints["one"].server("one", hedged=False)
    now, rests = 0.0, []
    for _ in range(FAILURES - 1):
        server.refused(now)
    for _ in range(6):
        server.refused(now)
        rests.append(server.breaker.rest_s)
        now = server.breaker.until
        server.probed(now, well=True)
        assert not server.breaker.open
    assert rests == [60, 120, 240, 480, 600, 600]
    server.failed(now)
    assert server.breaker.rest_s == 60  # that of a failure is no longer than this


def test_a_prompt_that_is_too_long_goes_only_where_more_may_be_held() -> None:
    async def live() -> None:
        short = saying(ModelOverflowed, "more than 2,000 tokens")
        shorter, longer, unknown = Door(), Door(), Door()
        pool = pooled(
            "small",
            {
                "short": Endpoint(short, context_tokens=2_000),
                "shorter": Endpoint(shorter, context_tokens=1_000),
                "same": Endpoint(shorter, context_tokens=2_000),
                "longer": Endpoint(longer, context_tokens=8_000),
            },
        )
        for _ in range(9):
            assert (await pool.ainvoke("Well?")).text == "Here."
        assert not shorter.asked
        assert len(longer.asked) == len(short.asked) == 9

        pool = pooled("small", {"short": short, "unknown": unknown})
        assert (await pool.ainvoke("Well?")).text == "Here."
        assert len(unknown.asked) == 1

        pool = pooled("small", {"one": short, "two": short})
        with pytest.raises(ModelOverflowed, match=r"one: more than.*two: more than"):
            await pool.ainvoke("Well?")

    virtually(live())


def test_a_prompt_too_long_for_one_is_called_that_though_another_takes_no_key() -> None:
    async def live() -> None:
        long = saying(ModelOverflowed, "too long")
        pool = pooled("small", {"one": long, "two": saying(ModelForbidden, "the key is wrong")})
        with pytest.raises(ModelOverflowed, match=r"one: too long; two: the key"):
            await pool.ainvoke("Well?")

    virtually(live())


def test_however_many_refuse_the_one_that_does_not_is_found() -> None:
    async def live() -> None:
        shut = {f"s{n}": saying(ModelForbidden, "no") for n in range(2 * TRIES)}
        pool = pooled("small", {**shut, "open": Door()})
        pool.calls.retries = type(pool.calls.retries)(0.0)
        assert (await pool.ainvoke("Well?")).text == "Here."
        await pool.aclose()

    virtually(live())


def test_one_that_refuses_is_not_asked_again_when_the_other_one_has_to_be() -> None:
    async def live() -> None:
        long, ill = saying(ModelOverflowed, "too long"), saying(ModelUnreachable, "it is ill")
        pool = pooled("small", {"long": long, "ill": ill})
        with pytest.raises(ModelUnreachable, match="ill"):
            await pool.ainvoke("Well?")
        assert len(long.asked) == 1
        assert len(ill.asked) >= FAILURES
        await pool.aclose()

    virtually(live())
