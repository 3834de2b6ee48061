"""Choices and forms through a pool: each server is held in its own way, also one in here."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage
from tests.agents.choosing.obedient import obedient
from tests.agents.pool.waiting import until

from tertulia.agents.choosing import Choice, How, Kind, capabilities, choose, fill
from tertulia.agents.embedded import Embedded
from tertulia.agents.faults import BudgetSpent, ModelUnreachable
from tertulia.agents.pool import (
    Allowance,
    Budgets,
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
from tertulia.agents.scripted import Scripted

ASKED: list[BaseMessage] = [HumanMessage("Eve, could you taste it?", name="Ana")]
OPTIONS = ("Bo", "Eve", "nobody")
TABLE: dict[str, Any] = {
    "type": "object",
    "properties": {"place": {"enum": ["inside", "terrace"]}},
    "required": ["place"],
    "additionalProperties": False,
}

pytestmark = pytest.mark.usefixtures("hung_up")


class Sure(Scripted):
    """A model in this process that says itself how likely answers are; what it writes is prose."""

    unwell: bool = False
    deaf: bool = False
    thinks: Any = None
    asked: Any = None

    def __init__(self, **how: Any) -> None:
        super().__init__(["Well, who knows?"] * 8, **how)

    def bind_tools(self, *args: Any, **kwargs: Any) -> Any:
        if self.deaf:
            raise NotImplementedError
        return super().bind_tools(*args, **kwargs)

    async def likelihood(
        self, messages: list[BaseMessage], question: str, answers: list[str]
    ) -> dict[str, float]:
        if self.asked is not None:
            self.asked.set()
        if self.thinks is not None:
            await self.thinks.wait()
        if self.unwell:
            raise ModelUnreachable("it is gone", model="m", where="here", hint="wait")
        return {answer: -1.0 if answer == "Eve" else -3.0 for answer in answers}


def seen(pool: Pooled) -> list[Sighting]:
    sightings: list[Sighting] = []
    pool.watch(sightings.append)
    return sightings


async def test_a_choice_is_scored_where_the_pool_places_it() -> None:
    pool = pooled("pool", {"left": Sure(), "right": Sure()})
    sightings = seen(pool)
    choice = await choose(pool, ASKED, OPTIONS)
    assert (choice.option, choice.how) == ("Eve", How.SCORES)
    assert choice.scores["Eve"] == pytest.approx(0.787, abs=0.001)
    kinds = [type(one) for one in sightings]
    assert (kinds.count(Placed), kinds.count(Ended)) == (1, 1)


async def test_a_choice_that_is_cancelled_leaves_its_place_at_once() -> None:
    asked = asyncio.Event()
    pool = pooled("pool", {"one": Endpoint(Sure(thinks=asyncio.Event(), asked=asked), most=1)})
    task = asyncio.create_task(choose(pool, ASKED, OPTIONS))
    await asked.wait()
    [server] = pool.calls.servers
    assert len(server.running) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(server.running) == 0


async def test_a_choice_goes_to_the_next_where_one_has_failed_it() -> None:
    pool = pooled("pool", {"ill": Sure(unwell=True), "well": Sure()})
    for _ in range(3):
        assert (await choose(pool, ASKED, OPTIONS)).option == "Eve"
    ill, well = pool.calls.servers
    assert ill.breaker.failures
    assert not well.breaker.failures


async def test_choices_are_charged_and_end_where_the_budget_does() -> None:
    pool = pooled("pool", {"one": Sure()}, allowances={"t": Allowance(tokens=2)})
    with calling(Caller(room="r", tenant="t")):
        await choose(pool, ASKED, OPTIONS)
        assert pool.used_by("t").used_tokens > 2
        with pytest.raises(BudgetSpent):
            await choose(pool, ASKED, OPTIONS)


@pytest.mark.net
async def test_each_server_of_a_mixed_pool_is_held_in_its_own_way() -> None:
    thinks, asked = asyncio.Event(), asyncio.Event()
    async with obedient("Eve", "response_format") as server:
        here = Endpoint(Sure(thinks=thinks, asked=asked), most=1)
        there = Endpoint(remote(server.base_url, "m"), most=1)
        pool = pooled("pool", {"here": here, "there": there})
        chosen = [asyncio.create_task(choose(pool, ASKED, OPTIONS)) for _ in range(2)]
        await asked.wait()  # the other one finds its place taken
        await until(lambda: any(one.done() for one in chosen))
        thinks.set()
        found: list[Choice] = await asyncio.gather(*chosen)
    assert {one.how for one in found} == {How.SCHEMA, How.SCORES}
    assert {one.option for one in found} == {"Eve"}


@pytest.mark.net
async def test_a_server_that_is_called_is_called_beside_one_that_takes_no_functions() -> None:
    async with obedient("Eve", "tools") as server:
        there = remote(server.base_url, "m")
        pool = pooled("pool", {"here": Endpoint(Sure(deaf=True), most=0), "there": there})
        assert (await choose(pool, ASKED, OPTIONS)).how is How.CALL


@pytest.mark.net
async def test_who_is_held_in_its_own_way_belies_nothing_of_its_neighbours() -> None:
    async with obedient("Eve", "logprobs") as server:
        here = Endpoint(Sure(), slots=1)
        pool = pooled("pool", {"here": here, "there": remote(server.base_url, "m")})
        for _ in range(4):
            assert (await choose(pool, ASKED, OPTIONS)).how is How.SCORES
        found = await capabilities(pool)
    assert found.works(Kind.SCORES, "first tokens")


@pytest.mark.net
async def test_a_mixed_pool_can_do_what_each_can_in_its_own_way() -> None:
    async with obedient("Paris", "response_format") as server:
        pool = pooled("pool", {"here": Sure(), "there": remote(server.base_url, "m")})
        found = await capabilities(pool)
        assert not found.works(Kind.SCHEMA, "response_format"), "one here takes no schema"
        pool = pooled("pool", {"here": Embedded(), "there": remote(server.base_url, "m")})
        found = await capabilities(pool)
    assert found.works(Kind.SCHEMA, "response_format")
    assert not found.works(Kind.CHOICE, "regex")


@pytest.mark.net
async def test_one_that_can_be_held_to_nothing_is_asked_and_the_others_are_held() -> None:
    async with obedient("Eve") as server:
        pool = pooled("pool", {"there": remote(server.base_url, "m")})
        assert (await choose(pool, ASKED, OPTIONS)).how is How.ANSWER
        pool = pooled("pool", {"bare": Scripted(["Eve"]), "there": remote(server.base_url, "m")})
        assert (await choose(pool, ASKED, OPTIONS)).how is How.ANSWER


# ---- the embedded model


@pytest.mark.model
@pytest.mark.net
async def test_embedded_models_of_a_pool_choose_and_fill_in_as_one_alone_does() -> None:
    alone = Embedded(threads=1)
    pool = pooled("pool", {"one": alone, "other": Embedded(threads=1, seed=1)})
    question = "Who should reply?"
    mine = await choose(alone, ASKED, OPTIONS, question=question)
    theirs = await choose(pool, ASKED, OPTIONS, question=question)
    assert (theirs.option, theirs.how) == (mine.option, How.SCORES)
    assert theirs.scores == pytest.approx(dict(mine.scores), abs=0.01)
    said: list[BaseMessage] = [HumanMessage("A table on the terrace, please.", name="Ana")]
    assert await fill(pool, said, TABLE) == {"place": "terrace"}
    async with obedient("inside", "response_format") as server:
        mixed = pooled("mixed", {"here": Endpoint(alone), "there": remote(server.base_url, "m")})
        places = [await fill(mixed, said, TABLE) for _ in range(4)]
    assert set(map(str, places)) <= {"{'place': 'terrace'}", "{'place': 'inside'}"}


@pytest.mark.model
async def test_the_embedded_model_s_choice_keeps_to_a_strict_budget() -> None:
    budgets = Budgets({"t": Allowance(tokens=6_000)}, strict=True)
    pool = pooled("pool", {"one": Embedded(threads=1)}, budgets=budgets)
    with calling(Caller(room="r", tenant="t")):
        await choose(pool, ASKED, OPTIONS, question="Who should reply?")
        assert 0 < pool.used_by("t").used_tokens < 6_000
