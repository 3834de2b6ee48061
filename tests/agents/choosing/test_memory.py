"""How long it is believed what was found out of a server."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import BaseMessage, HumanMessage
from tests.agents.choosing.obedient import obedient

from tertulia.agents.choosing import Finding, Form, How, Kind, choose, fill
from tertulia.agents.choosing.memory import LASTS_S, Memory
from tertulia.agents.connections import close_connections
from tertulia.agents.faults import ModelRateLimited, ModelUnreachable
from tertulia.agents.pool import pooled
from tertulia.agents.remote import remote
from tertulia.orchestrator.errors import Invalid

HERE, THERE = ("http://here/v1", "m"), ("http://there/v1", "m")
TEST = (Kind.CHOICE, "grammar")
YES, NO = Finding(*TEST, True, "obeyed"), Finding(*TEST, False, "ignored")

ASKED: list[BaseMessage] = [HumanMessage("Eve, could you taste it?", name="Ana")]
OPTIONS = ("Bo", "Eve", "nobody")

pytestmark = pytest.mark.usefixtures("hung_up")


@given(st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_a_finding_is_believed_for_a_while_and_no_longer(learnt: float, later: float) -> None:
    memory = Memory()
    memory.learn(HERE, YES, learnt)
    now = learnt + later
    assert memory.known(HERE, TEST, now) == (YES if 0 <= now - learnt < LASTS_S else None)
    assert memory.known(THERE, TEST, now) is memory.known(HERE, (Kind.SCHEMA, "x"), now) is None


def test_the_last_finding_counts_until_all_is_forgotten() -> None:
    memory = Memory()
    memory.learn(HERE, YES, 1.0)
    memory.learn(THERE, YES, 1.0)
    memory.learn(HERE, NO, 2.0)
    assert memory.known(HERE, TEST, 3.0) is NO
    memory.forget(HERE)
    assert memory.known(HERE, TEST, 3.0) is None
    assert memory.known(THERE, TEST, 3.0) is YES


def test_another_model_s_name_makes_all_new_and_no_name_nothing() -> None:
    memory = Memory()
    memory.learn(HERE, YES, 1.0)
    for name in ("qwen", "", "qwen"):
        memory.answered(HERE, name)
        assert memory.known(HERE, TEST, 2.0) is YES
    memory.answered(HERE, "llama")
    assert memory.known(HERE, TEST, 2.0) is None
    memory.learn(HERE, NO, 3.0)
    memory.answered(HERE, "llama")
    assert memory.known(HERE, TEST, 3.0) is NO


# ---- servers that are not what they were


@pytest.mark.net
@pytest.mark.parametrize("in_pool", [False, True], ids=["alone", "in a pool"])
async def test_a_server_that_was_away_may_be_another(in_pool: bool) -> None:
    async with obedient("Eve", "grammar") as server:
        model: Any = remote(server.base_url, "m")
        model = pooled("pool", {"one": model}, patience_s=0.01) if in_pool else model
        assert (await choose(model, ASKED, OPTIONS)).how is How.SCHEMA
    await close_connections()
    with pytest.raises(ModelUnreachable):
        await choose(model, ASKED, OPTIONS)
    async with obedient("Eve", "response_format", port=server.port) as server:
        assert (await choose(remote(server.base_url, "m"), ASKED, OPTIONS)).how is How.SCHEMA
    assert "response_format" in server.asked[-1]


@pytest.mark.net
async def test_a_server_that_is_busy_is_there() -> None:
    async with obedient("Eve", "response_format") as server:
        model = remote(server.base_url, "m")
        await choose(model, ASKED, OPTIONS)
        server.refuses, server.status = frozenset({"model"}), "429 Too Many Requests"
        with pytest.raises(ModelRateLimited):
            await choose(model, ASKED, OPTIONS)
        server.refuses, before = frozenset(), len(server.asked)
        await choose(model, ASKED, OPTIONS)
        assert len(server.asked) == before + 1


@pytest.mark.net
async def test_a_server_that_answers_by_another_name_is_tried_anew() -> None:
    async with obedient("Eve", "grammar") as server:
        model = remote(server.base_url, "m")
        await choose(model, ASKED, OPTIONS)
        await choose(model, ASKED, OPTIONS)
        server.named, server.obeys = "another", frozenset({"grammar", "response_format"})
        await choose(model, ASKED, OPTIONS)
        await choose(model, ASKED, OPTIONS)
        assert "response_format" in server.asked[-1]


@pytest.mark.net
@pytest.mark.parametrize(
    ("obeyed", "sent", "how"),
    [
        ("tools", "tools", How.CALL),
        ("logprobs", "top_logprobs", How.SCORES),
        ("prompt_logprobs", "prompt_logprobs", How.SCORES),
    ],
)
async def test_one_answer_that_belies_a_finding_is_enough(obeyed: str, sent: str, how: How) -> None:
    async with obedient("Eve", obeyed) as server:
        model = remote(server.base_url, "m")
        assert (await choose(model, ASKED, OPTIONS)).how is how
        server.obeys = frozenset()
        assert (await choose(model, ASKED, OPTIONS)).option == "Eve"
        assert any(sent in body for body in server.bound()[1:])
        before = len(server.asked)
        assert (await choose(model, ASKED, OPTIONS)).how is How.ANSWER
        assert sent not in server.asked[-1]
        assert len(server.asked) - before <= 2  # what belies is no reason to try all again


@pytest.mark.net
async def test_what_the_caller_does_not_like_says_nothing_of_the_server() -> None:
    def check(value: dict[str, Any]) -> None:
        if len(asked := server.bound()) == 1:
            raise Invalid(where="the terrace", what=f"is closed to {len(asked)}")

    table = {
        "type": "object",
        "properties": {"place": {"enum": ["inside", "terrace"]}},
        "required": ["place"],
    }
    async with obedient("terrace", "response_format") as server:
        model = remote(server.base_url, "m")
        assert await fill(model, ASKED, Form(table, check=check)) == {"place": "terrace"}
        before = len(server.asked)
        await fill(model, ASKED, Form(table, check=check))
        assert len(server.asked) == before + 1


@pytest.mark.net
async def test_an_answer_that_is_cut_off_says_nothing_of_the_server() -> None:
    async with obedient("Eve", "json_schema") as server:
        model = remote(server.base_url, "m", max_tokens=5)
        await choose(model, ASKED, OPTIONS)
        server.obeys, server.reason = frozenset(), "length"
        server.mind = lambda asked: "Eve" if "cut off" in asked else json.dumps({"answer": "E"})[:9]
        assert (await choose(model, ASKED, OPTIONS)).how is How.REPAIRED
        before = len(server.asked)
        await choose(model, ASKED, OPTIONS)
        assert len(server.asked) == before + 2
