"""Who was left alone is asked how it is, by nobody's call, and never while nobody uses the pool."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from itertools import pairwise
from math import inf
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import Field, PrivateAttr
from tests.agents.fault_server import FOR_EVER, Reply, ended, nobody, said, serving

from tertulia.agents.connections import close_connections
from tertulia.agents.faults import ModelUnreachable
from tertulia.agents.pool import Breaker, Closed, Opened, Pooled, Probed, Server, Sighting, pooled
from tertulia.agents.pool.health import IDLE_S, due_at
from tertulia.agents.pool.probing import probe
from tertulia.agents.remote import remote
from tertulia.agents.streaming import StreamedModel, piece
from tertulia.simulation import VirtualLoop

ASKED: list[BaseMessage] = [HumanMessage("Where does the shelf go?", name="Ana")]


class Sick(StreamedModel):
    """Says one word; may be made ill. It has no address, so it is asked for a token."""

    ill: bool = False
    asked_at: list[float] = Field(default_factory=list)
    bounds: list[object] = Field(default_factory=list)
    _open: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "sick"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.asked_at.append(asyncio.get_running_loop().time())
        self.bounds.append(kwargs.get("max_tokens"))
        self._open += 1
        try:
            await asyncio.sleep(0.1)
            if self.ill:
                raise ModelUnreachable("it is ill", model="m", where="here", hint="wait")
            yield piece("Here.")
            yield piece("")
        finally:
            self._open -= 1


def virtually(what: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(what)


def watched(**settings: Any) -> tuple[Pooled, Sick, list[Sighting]]:
    sick, seen = Sick(), list[Sighting]()
    pool = pooled("small", {"sick": sick, "well": Sick()}, **settings)
    pool.watch(seen.append)
    return pool, sick, seen


async def break_it(pool: Pooled, sick: Sick) -> None:
    sick.ill = True
    while not pool.calls.servers[0].breaker.open:
        await asyncio.gather(*(pool.ainvoke(ASKED) for _ in range(4)))


def test_a_server_that_is_well_is_asked_nothing_and_one_that_is_not_after_its_rest() -> None:
    server = Server("one", heard_at=3.0)
    assert due_at(server, inf) == inf
    assert due_at(server, 30.0) == 33.0
    server.breaker = Breaker(open=True, until=7.0)
    assert due_at(server, inf) == due_at(server, 30.0) == 7.0


def test_probes_come_at_doubling_intervals_and_the_first_good_one_brings_calls_back() -> None:
    async def live() -> None:
        pool, sick, seen = watched()
        await break_it(pool, sick)
        calls = len(sick.asked_at)
        loop = asyncio.get_running_loop()
        for _ in range(20):
            await asyncio.sleep(1)
            await asyncio.gather(*(pool.ainvoke(ASKED) for _ in range(3)))
        probes = sick.asked_at[calls:]
        assert sick.bounds[calls:] == [1] * len(probes)  # one token, and no call among them
        pauses = [after - before for before, after in pairwise(probes)]
        assert pauses == pytest.approx([2.1, 4.1, 8.1])
        sick.ill = False
        before = loop.time()
        while pool.calls.servers[0].breaker.open:
            await pool.ainvoke(ASKED)
        assert loop.time() - before < 16
        assert pool.calls.servers[0].capacity.calls == 1
        assert len(asyncio.all_tasks()) == 1  # it is well, and nobody is asked any more
        for _ in range(5):
            await asyncio.gather(*(pool.ainvoke(ASKED) for _ in range(8)))
        assert sick.bounds[-1] is None  # calls again
        told = [one for one in seen if isinstance(one, Opened | Closed)]
        assert told == [Opened("small", "sick", 1.0), Closed("small", "sick")]
        assert [one.error is None for one in seen if isinstance(one, Probed)][-2:] == [False, True]

    virtually(live())


def test_nobody_is_asked_while_nobody_uses_the_pool_and_the_next_call_begins_it_again() -> None:
    async def live() -> None:
        pool, sick, _ = watched()
        await break_it(pool, sick)
        await asyncio.sleep(10 * IDLE_S)
        asked = len(sick.asked_at)
        assert len(asyncio.all_tasks()) == 1
        await asyncio.sleep(10 * IDLE_S)
        assert len(sick.asked_at) == asked
        await pool.ainvoke(ASKED)
        await asyncio.sleep(1)
        assert len(sick.asked_at) == asked + 1
        await pool.aclose()

    virtually(live())


def test_closing_leaves_no_task_and_the_pool_can_be_used_again() -> None:
    async def live() -> None:
        pool, sick, _ = watched()
        await break_it(pool, sick)
        assert len(asyncio.all_tasks()) == 2
        await asyncio.sleep(1.05)  # in the middle of a probe
        before = asyncio.get_running_loop().time()
        await pool.aclose()
        assert asyncio.get_running_loop().time() == before
        assert len(asyncio.all_tasks()) == 1
        assert sick._open == 0
        sick.ill = False
        assert (await pool.ainvoke(ASKED)).text == "Here."

    virtually(live())


def test_servers_are_asked_at_the_interval_that_the_user_set_while_they_are_silent() -> None:
    async def live() -> None:
        pool, _, seen = watched(probe_every_s=5.0)
        for _ in range(40):
            await pool.ainvoke(ASKED)  # one server is enough for that
            await asyncio.sleep(1)
        silent = pool.calls.servers[1]
        probed = [one.server for one in seen if isinstance(one, Probed)]
        assert 7 <= probed.count("well") <= 9
        assert probed.count("sick") <= 1
        assert not silent.breaker.open
        await pool.aclose()

    virtually(live())


def test_a_probe_that_hangs_or_fails_in_an_odd_way_is_a_bad_sign_and_no_more() -> None:
    class Odd(Sick):
        async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
            if self.ill:
                raise ZeroDivisionError
            await asyncio.sleep(FOR_EVER)
            yield piece("")

    async def live() -> None:
        odd = Odd()
        pool = pooled("small", {"odd": odd, "well": Sick()})
        server, seen = pool.calls.servers[0], list[Sighting]()
        pool.watch(seen.append)
        for _ in range(3):
            pool.calls.health.failed(server, ModelUnreachable("", model="", where="", hint=""))
        await asyncio.sleep(7)
        odd.ill = True
        await asyncio.sleep(3)
        errors = [str(one.error) for one in seen if isinstance(one, Probed)]
        assert "Timeout" in errors[0]
        assert "ZeroDivision" in errors[1]
        assert server.breaker.open
        await pool.aclose()

    virtually(live())


HTTP = {
    "vllm": ({"/health": Reply([])}, None, ["/health"]),
    "llama.cpp loads": ({"/health": Reply([], "503 Service Unavailable")}, "503", ["/health"]),
    "ollama": (
        {"/health": Reply([], "404 Not Found"), "/v1/models": Reply(["{}"])},
        None,
        ["/health", "/v1/models"],
    ),
    "a gateway without a back end": (
        {"/health": Reply([], "404 Not Found"), "/v1/models": Reply([], "502 Bad Gateway")},
        "502",
        ["/health", "/v1/models"],
    ),
    "hosted": ({"/health": Reply([], "403 Forbidden")}, None, ["/health", "/v1/models"]),
    "busy": ({"/health": Reply([], "429 Too Many Requests")}, None, ["/health"]),
}


@pytest.mark.net
@pytest.mark.parametrize(("pages", "wrong", "looks"), HTTP.values(), ids=HTTP)
async def test_a_server_is_asked_at_the_address_that_its_kind_answers(
    pages: dict[str, Reply], wrong: str | None, looks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIP_KEY", "sk-secret")
    async with serving(Reply([*said("So."), *ended()])) as server:
        server.health = pages.pop("/health")
        server.pages |= pages
        model = remote(server.base_url, "m", "TRIP_KEY")
        if wrong is None:
            await probe(model)
        else:
            with pytest.raises(ModelUnreachable, match=wrong):
                await probe(model)
        assert server.looks == looks
        assert server.asked == []
        assert server.keys[0] == ""  # the key goes where it is wanted alone
        assert server.keys[1:] == ["Bearer sk-secret"] * (len(looks) - 1)
    await close_connections()


@pytest.mark.net
async def test_a_server_that_is_gone_is_not_well() -> None:
    with nobody() as url, pytest.raises(ModelUnreachable, match=r"not well.*Connect"):
        await probe(remote(url, "m"))
    await close_connections()
