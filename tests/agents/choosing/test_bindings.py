"""A model that a user has bound something to is held as well as one without, and keeps it."""

from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import BaseMessage, HumanMessage
from tests.agents.choosing.obedient import obedient

from tertulia.agents.choosing import How, capabilities, choose, fill, forget
from tertulia.agents.choosing.bindings import Binding, unbound
from tertulia.agents.embedded import Embedded
from tertulia.agents.pool import pooled
from tertulia.agents.remote import remote
from tertulia.agents.scripted import Scripted

ASKED: list[BaseMessage] = [HumanMessage("Eve, could you taste it?", name="Ana")]
OPTIONS = ("Bo", "Eve", "nobody")

pytestmark = pytest.mark.usefixtures("hung_up")


@pytest.mark.net
@pytest.mark.parametrize("in_pool", [False, True], ids=["alone", "in a pool"])
@pytest.mark.parametrize(
    ("obeys", "how"),
    [("response_format", How.SCHEMA), ("tools", How.CALL), ("logprobs", How.SCORES)],
)
async def test_a_server_is_held_and_asked_with_the_settings(
    obeys: str, how: How, in_pool: bool
) -> None:
    async with obedient("Eve", obeys) as server:
        model: Any = remote(server.base_url, "m")
        model = pooled("pool", {"one": model}) if in_pool else model
        bound = model.bind(temperature=0.25, extra_body={"seed": 7}).bind(tools=[])
        assert (await choose(bound, ASKED, OPTIONS)).how is how
    [asked] = server.bound()
    assert (asked["temperature"], asked["seed"]) == (0.25, 7)
    assert asked.get("tools") != []


@pytest.mark.net
async def test_what_a_server_can_do_is_found_behind_what_is_bound() -> None:
    async with obedient("Eve", "grammar") as server:
        model: Any = remote(server.base_url, "m").bind(temperature=0.25)
        assert str(await capabilities(model)).startswith("choice by grammar: yes")
        before = len(server.asked)
        forget(model)
        await capabilities(model)
        assert len(server.asked) == 2 * before


@pytest.mark.net
async def test_a_form_is_filled_in_with_the_settings() -> None:
    async with obedient("Eve", "json_schema") as server:
        model = remote(server.base_url, "m").bind(temperature=0.25)
        told = await fill(model, ASKED, {"properties": {"who": {"enum": ["Bo", "Eve"]}}})
    assert told == {"who": "Eve"}
    assert [body["temperature"] for body in server.bound()] == [0.25]


@pytest.mark.model
async def test_the_embedded_model_is_held_whatever_is_bound_to_it() -> None:
    model: Any = Embedded(threads=1).bind(temperature=0.0)
    assert (await choose(model, ASKED, OPTIONS)).how is How.SCORES


async def test_who_traces_a_model_traces_what_it_is_asked() -> None:
    seen: list[str] = []

    class Tracer(AsyncCallbackHandler):
        async def on_chat_model_start(self, *what: Any, tags: Any = None, **more: Any) -> None:
            seen.extend(tags)

    model: Any = Scripted(["Eve"]).with_config(tags=["chair"], callbacks=[Tracer()])
    assert (await choose(model, ASKED, OPTIONS)).option == "Eve"
    assert seen == ["chair"]


def test_what_was_bound_last_counts_and_no_tools() -> None:
    model = Scripted()
    bound = model.bind(stop=["."], temperature=1).bind(temperature=0, tools=[1], tool_choice="any")
    assert unbound(bound) == (model, Binding({"stop": ["."], "temperature": 0}))
    assert unbound(model) == (model, Binding())
