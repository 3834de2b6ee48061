"""Calls through a pool are charged to those who make them, however they end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from pydantic import PrivateAttr

from tertulia.agents.faults import BudgetSpent, ModelRefused, ModelUnreachable
from tertulia.agents.pool import Allowance, Budgets, Caller, Endpoint, Pooled, calling, pooled
from tertulia.agents.pool.bounds import most
from tertulia.agents.pool.lengths import prompt_tokens
from tertulia.agents.prices import Prices, prices_of
from tertulia.agents.streaming import StreamedModel, last_piece, piece
from tertulia.simulation import VirtualLoop

ASKED: list[BaseMessage] = [HumanMessage("Where does the shelf go, then?", name="Ana")]
BO = Caller("attic", "bo", tenant="school")
MILLION = 1_000_000


class Talker(StreamedModel):
    """Says as many words as it may, a second each, and tells what it has read and written."""

    max_tokens: int | None = 4
    reads: int = 7
    fails: int = 0
    price_in: float | None = None
    price_out: float | None = None
    _asked: int = PrivateAttr(default=0)

    @property
    def _llm_type(self) -> str:
        return "talker"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self._asked += 1
        if self._asked <= self.fails:
            raise ModelUnreachable("not yet", model="m", where="here", hint="wait")
        words = kwargs.get("max_tokens") or self.max_tokens or 4
        for _ in range(words):
            await asyncio.sleep(1)
            yield piece("so ")
        total = self.reads + words
        usage = {"input_tokens": self.reads, "output_tokens": words, "total_tokens": total}
        yield last_piece(usage, model="m")  # type: ignore[arg-type]


def virtually(what: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(what)


async def ask(pool: Pooled, who: Caller = BO, within_s: float = 1_000.0, **bound: Any) -> None:
    with calling(who):
        async with asyncio.timeout(within_s):
            await pool.ainvoke(ASKED, **bound)


def test_an_answer_is_charged_as_the_server_tells_it_at_that_server_s_prices() -> None:
    async def live() -> None:
        cheap = Talker(price_in=1.0, price_out=10.0)
        dear = Talker(price_in=2.0, price_out=20.0)
        pool = pooled(
            "small",
            {"cheap": Endpoint(cheap, most=1), "dear": Endpoint(dear, most=1), "own": Talker()},
            allowances={"school": Allowance()},
        )
        assert (pool.price_in, pool.price_out) == (2.0, 20.0)  # turns are billed by the dearest
        await asyncio.gather(*(ask(pool) for _ in range(3)))
        used = pool.used_by("school")
        assert (cheap._asked, dear._asked) == (1, 1)
        assert used.used_tokens == 3 * 11
        assert used.used_cost == pytest.approx((7 + 40 + 14 + 80 + 0) / MILLION)

    virtually(live())


def test_servers_without_a_price_have_the_pool_s() -> None:
    priced = Talker(price_out=10.0)
    pool = pooled("small", {"one": Talker(), "two": priced}, price_in=3.0)
    assert pool.price_of("one") == Prices(read=3.0)
    assert pool.price_of("two") == Prices(written=10.0)
    assert prices_of(pool) == Prices(read=3.0)
    tuned = pool.model_copy(update={"price_in": 5.0})
    assert tuned.price_of("one") == Prices(read=5.0)


def test_what_was_heard_of_an_answer_that_was_left_is_charged() -> None:
    async def live() -> None:
        pool = pooled(
            "small", {"one": Talker(price_out=1.0)}, budgets=Budgets(rooms={"*": Allowance()})
        )
        with pytest.raises(TimeoutError):
            await ask(pool, within_s=2.5)
        used = pool.accounts.of(BO, "room")
        assert used.used_tokens == prompt_tokens(ASKED) + 2
        assert used.used_cost == pytest.approx(2 / MILLION)
        with pytest.raises(TimeoutError):
            await ask(pool, within_s=0.5)  # nothing was heard
        assert pool.accounts.of(BO, "room") == used

    virtually(live())


def test_a_call_that_failed_before_it_was_heard_is_charged_once() -> None:
    async def live() -> None:
        pool = pooled("small", {"one": Talker(fails=1)}, allowances={"school": Allowance()})
        await ask(pool)
        assert pool.used_by("school").used_tokens == 11

    virtually(live())


def test_who_has_used_up_its_budget_is_refused_and_told_which_and_others_are_not() -> None:
    async def live() -> None:
        budgets = Budgets(participants={"bo": Allowance(tokens=20)})
        pool = pooled("small", {"one": Talker()}, budgets=budgets)
        await ask(pool)
        await ask(pool)
        with pytest.raises(
            BudgetSpent, match="'bo' of room 'attic' has used up its tokens: 22 of 20"
        ):
            await ask(pool)
        await ask(pool, Caller("attic", "cy"))
        await ask(pool, Caller("hall", "bo"))

    virtually(live())


@settings(max_examples=25)
@given(
    st.integers(0, 2_000),
    st.lists(st.tuples(st.integers(1, 9), st.floats(0.5, 30), st.floats(0, 5)), max_size=30),
)
def test_a_strict_budget_is_not_exceeded_by_any_number_of_calls_at_once(
    allowed: int, calls: list[tuple[int, float, float]]
) -> None:
    """They come at any time, are left at any time, and answer as long as they may."""

    async def one(pool: Pooled, bound: int, patience_s: float, comes_at: float) -> None:
        await asyncio.sleep(comes_at)
        with suppress(BudgetSpent, TimeoutError):
            await ask(pool, within_s=patience_s, max_tokens=bound)

    async def live() -> None:
        budgets = Budgets(tenants={"school": Allowance(tokens=allowed)}, strict=True)
        models = {"one": Talker(reads=40), "two": Talker(reads=40)}
        pool = pooled("small", models, budgets=budgets)
        await asyncio.gather(*(one(pool, *call) for call in calls))
        used = pool.used_by("school")
        assert used.used_tokens <= allowed
        assert used.held_tokens == 0

    virtually(live())


def test_a_strict_budget_lets_as_many_go_as_it_can_and_more_once_they_took_less() -> None:
    async def live() -> None:
        reads = most(ASKED, {}, [Talker()], []).tokens
        budgets = Budgets(tenants={"school": Allowance(tokens=3 * reads)}, strict=True)
        pool = pooled("small", {"one": Talker()}, budgets=budgets)
        asked = [asyncio.create_task(ask(pool)) for _ in range(5)]
        ends = await asyncio.gather(*asked, return_exceptions=True)
        assert [isinstance(end, BudgetSpent) for end in ends] == [False] * 3 + [True] * 2
        assert pool.used_by("school").used_tokens == 3 * 11
        await ask(pool)

    virtually(live())


def test_a_strict_budget_wants_to_know_how_long_an_answer_may_be() -> None:
    async def live() -> None:
        budgets = Budgets(tenants={"*": Allowance(tokens=1_000)}, strict=True)
        pool = pooled("small", {"one": Talker(max_tokens=None)}, budgets=budgets)
        with pytest.raises(ModelRefused, match="max_tokens"):
            await ask(pool)
        await ask(pool, max_tokens=3)
        await ask(pool, Caller())  # who is nobody is bounded by nothing

    virtually(live())


def test_the_bound_of_a_prompt_counts_names_calls_tools_and_pictures() -> None:
    model, price = Talker(max_tokens=100), Prices(1.0, 2.0)
    plain = most([HumanMessage("Wohin? 🗺")], {}, [model], [price])
    assert plain.tokens >= len("Wohin? 🗺".encode()) + 100
    assert plain.cost == pytest.approx(price.of(plain.tokens - 100, 100))
    call = AIMessage("", tool_calls=[{"id": "1", "name": "book", "args": {"city": "Porto"}}])
    picture = HumanMessage([{"type": "image_url", "image_url": {"url": "data:…"}}])
    more: list[list[BaseMessage]] = [[HumanMessage("Wohin? 🗺", name="Ana")], [call], [picture]]
    bounds = [most(messages, {}, [model], [price]).tokens for messages in more]
    assert bounds[0] > plain.tokens
    assert bounds[1] > 100 + len('{"city": "Porto"}')
    assert bounds[2] > 1_000
    tools = [{"type": "function", "function": {"name": "book", "parameters": {}}}]
    offered = most([HumanMessage("Wohin? 🗺")], {"tools": tools}, [model], [price])
    assert offered.tokens > plain.tokens + 50
