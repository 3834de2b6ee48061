"""What hedging is worth, and that it costs no more than it may, on virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from random import Random
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import PrivateAttr

from tertulia.agents.faults import ModelFailed, ModelUnreachable
from tertulia.agents.pool import Caller, Ended, Endpoint, Hedged, Pooled, Sighting, calling, pooled
from tertulia.agents.pool.lateness import ENOUGH
from tertulia.agents.streaming import StreamedModel, last_piece, piece
from tertulia.simulation import VirtualLoop

ASKED: list[BaseMessage] = [HumanMessage("Where does the shelf go?", name="Ana")]
STALL_S = 30.0


class Simulated(StreamedModel):
    """Begins after 0.2 to 0.4 s, but stalls now and then; says three words, a tenth apart."""

    stalls: float = 0.0
    seed: int = 1
    fails: bool = False
    _random: Random = PrivateAttr(default_factory=Random)
    _open: int = PrivateAttr(default=0)
    _asked: int = PrivateAttr(default=0)

    def model_post_init(self, context: Any, /) -> None:
        self._random = Random(self.seed)

    @property
    def _llm_type(self) -> str:
        return "simulated"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._asked += 1
        self._open += 1
        try:
            stalls = self._random.random() < self.stalls
            await asyncio.sleep(STALL_S if stalls else self._random.uniform(0.2, 0.4))
            if self.fails:
                raise ModelUnreachable("it fell over", model="m", where="here", hint="wait")
            for word in ("By ", "the ", "door."):
                yield piece(word)
                await asyncio.sleep(0.1)
            usage = {"input_tokens": 6, "output_tokens": 3, "total_tokens": 9}
            yield last_piece(usage, model="m")  # type: ignore[arg-type]
        finally:
            self._open -= 1


def virtually(what: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(what)


def turns(
    pool: Pooled, count: int = 400, halfway: Callable[[], object] | None = None
) -> list[float]:
    """How long turns take, one every half second, sorted; in virtual seconds."""
    took: list[float] = []

    async def turn(n: int) -> None:
        await asyncio.sleep(n / 2)
        if halfway is not None and n == count // 2:
            halfway()
        began = asyncio.get_running_loop().time()
        with calling(Caller(f"room-{n % 7}")):
            assert (await pool.ainvoke(ASKED)).text == "By the door."
        took.append(asyncio.get_running_loop().time() - began)

    async def all_of_them() -> None:
        await asyncio.gather(*(turn(n) for n in range(count)))
        assert not any(server.running for server in pool.calls.servers)

    virtually(all_of_them())
    return sorted(took)


def two(**settings: Any) -> tuple[Pooled, Simulated, Simulated]:
    stalling, steady = Simulated(stalls=0.04), Simulated(seed=2)
    return pooled("small", {"stalling": stalling, "steady": steady}, **settings), stalling, steady


def test_with_one_server_that_stalls_now_and_then_nobody_waits_for_it_any_more() -> None:
    alone, *_ = two()
    hedged, stalling, steady = two(hedging=0.05)
    without, with_it = turns(alone), turns(hedged)
    p99 = int(0.99 * len(without))
    assert without[p99] > STALL_S
    assert with_it[p99] < STALL_S / 5
    assert sum(seconds > STALL_S for seconds in with_it) <= 1  # one before anything was known
    assert sum(with_it) < 0.7 * sum(without)
    assert stalling._asked + steady._asked <= 1.05 * 400
    assert stalling._open == steady._open == 0


def test_no_call_is_sent_twice_unless_the_user_wants_it() -> None:
    pool, stalling, steady = two()
    turns(pool, 100)
    assert stalling._asked + steady._asked == 100


def test_it_is_seen_and_ends_once_where_it_was_answered() -> None:
    pool, *_ = two(hedging=0.05)
    seen: list[Sighting] = []
    pool.watch(seen.append)
    turns(pool)
    hedged = [one for one in seen if isinstance(one, Hedged)]
    assert hedged
    ended = {one.call.number: one for one in seen if isinstance(one, Ended)}
    assert len(ended) == 400
    assert {ended[one.call.number].server for one in hedged} <= {"stalling", "steady"}
    # The one that was called off had read the prompt, too.
    assert all(ended[one.call.number].read > 6 for one in hedged)


def learned(pool: Pooled) -> None:
    for _ in range(2 * ENOUGH):
        for server in pool.calls.servers:
            assert server.first_tokens is not None
            server.first_tokens.add(6, 0.3)
        pool.calls.hedges = pool.calls.hedges.called()


def test_where_the_second_fails_the_first_is_heard_out_and_the_other_way_round() -> None:
    async def both_ways() -> None:
        slow, bad = Simulated(stalls=1.0), Simulated(fails=True)
        pool = pooled("small", {"slow": slow, "bad": bad}, hedging=0.5)
        learned(pool)
        pool.calls.servers[1].unread = 10_000  # so that the slow one is asked first
        waits = asyncio.create_task(pool.ainvoke(ASKED))
        await asyncio.sleep(0.1)
        pool.calls.servers[1].unread = 0
        assert (await waits).text == "By the door."
        assert (slow._asked, bad._asked) == (1, 1)

    virtually(both_ways())


def test_where_both_fail_the_caller_hears_it() -> None:
    async def both_fail() -> None:
        pool = pooled(
            "small",
            {"one": Simulated(stalls=1.0, fails=True), "two": Simulated(stalls=1.0, fails=True)},
            hedging=0.5,
        )
        learned(pool)
        with pytest.raises(ModelFailed, match="fell over"):
            await pool.ainvoke(ASKED)
        assert not any(server.running for server in pool.calls.servers)
        await pool.aclose()

    virtually(both_fail())


def test_who_leaves_while_two_are_asked_hangs_up_on_both() -> None:
    async def leave() -> None:
        models = {"one": Simulated(stalls=1.0), "two": Simulated(stalls=1.0)}
        pool = pooled("small", models, hedging=0.5)
        learned(pool)
        waits = asyncio.create_task(pool.ainvoke(ASKED))
        await asyncio.sleep(1.0)
        assert [model._open for model in models.values()] == [1, 1]
        waits.cancel()
        await asyncio.gather(waits, return_exceptions=True)
        assert [model._open for model in models.values()] == [0, 0]
        assert not any(server.running for server in pool.calls.servers)
        assert len(asyncio.all_tasks()) == 1

    virtually(leave())


def test_after_its_first_token_a_call_is_never_sent_again() -> None:
    async def fall_silent() -> None:
        one, two = Silent(), Silent()
        pool = pooled("small", {"one": one, "two": two}, hedging=0.5)
        learned(pool)
        heard: list[str] = []
        with pytest.raises(ModelFailed, match="fell silent"):
            await hear(pool, heard)
        assert heard == ["By "]
        assert one._asked + two._asked == 1

    virtually(fall_silent())


async def hear(pool: Pooled, heard: list[str]) -> None:
    async for chunk in pool.astream(ASKED):
        heard += [str(chunk.text)]


class Silent(StreamedModel):
    """Begins at once, and falls silent."""

    silent_s: float = STALL_S
    _asked: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "silent"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._asked += 1
        yield piece("By ")
        await asyncio.sleep(self.silent_s)
        raise ModelUnreachable("it fell silent", model="m", where="here", hint="wait")


def test_an_answer_of_the_second_that_breaks_off_is_not_begun_again() -> None:
    async def break_off() -> None:
        slow, breaks = Simulated(stalls=1.0), Silent(silent_s=0.1)
        pool = pooled("small", {"slow": slow, "breaks": breaks}, hedging=0.5)
        learned(pool)
        pool.calls.servers[1].unread = 10_000  # so that the slow one is asked first
        heard: list[str] = []
        waits = asyncio.create_task(hear(pool, heard))
        await asyncio.sleep(0.1)
        pool.calls.servers[1].unread = 0
        with pytest.raises(ModelFailed, match="fell silent"):
            await waits
        assert heard == ["By "]
        assert (slow._asked, slow._open, breaks._asked) == (1, 0, 1)

    virtually(break_off())


def test_no_more_calls_are_sent_twice_than_the_user_allows_however_many_are_late() -> None:
    for share in (0.02, 0.1):
        turning, other = Simulated(), Simulated(seed=2)
        pool = pooled("small", {"turning": turning, "other": other}, hedging=share)
        turns(pool, 300, lambda one=turning: setattr(one, "stalls", 0.5))  # type: ignore[misc]
        sent = turning._asked + other._asked
        assert 300 < sent <= (1 + share) * 300


def test_nothing_is_sent_twice_where_no_server_has_a_place_left() -> None:
    async def crowd() -> None:
        models = {"one": Simulated(stalls=1.0), "two": Simulated(stalls=1.0)}
        ends = {name: Endpoint(model, most=1) for name, model in models.items()}
        pool = pooled("small", ends, hedging=0.5)
        learned(pool)
        tasks = [asyncio.create_task(pool.ainvoke(ASKED)) for _ in range(3)]
        await asyncio.sleep(STALL_S - 1)
        assert sum(model._asked for model in models.values()) == 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    virtually(crowd())
