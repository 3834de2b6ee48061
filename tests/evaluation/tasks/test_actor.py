"""An actor finds its place by what has been said; a tool gets what it was given, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from tests.evaluation.tasks.shop import Shop

from tertulia.evaluation.tasks.actor import Actor
from tertulia.evaluation.tasks.kit import LEFT_OUT, arguments_of, given

PART = Shop().play("sale 0").part("clerk")
ASKED, SAID = HumanMessage("Put something in."), AIMessage("There are 3 cents.")
TOLD = [ToolMessage(f"{n} cents", tool_call_id=f"add-{n}") for n in (1, 3)]


@pytest.mark.parametrize(
    ("messages", "call"),
    [
        ([ASKED], "add-1"),
        ([ASKED, TOLD[0]], "add-2"),
        ([ASKED, SAID, ASKED], "add-3"),
        ([ASKED, SAID, ASKED, *TOLD], "look-5"),
    ],
)
async def test_the_same_conversation_gets_the_same_call(
    messages: list[BaseMessage], call: str
) -> None:
    for _ in range(2):
        answer = await Actor(part=PART).ainvoke(messages)
        assert [asked["id"] for asked in answer.tool_calls] == [call]


async def test_when_all_is_done_it_says_what_came_of_it_and_then_is_silent() -> None:
    assert (await Actor(part=PART).ainvoke([ASKED, *TOLD])).text == "There are 3 cents."
    assert (await Actor(part=PART).ainvoke([ASKED, SAID, ASKED, SAID, ASKED])).text == ""


def test_a_model_is_told_the_schema_and_no_key() -> None:
    flight = {"type": "object", "properties": {"number": {"type": "string"}}}
    schema: dict[str, Any] = {
        "properties": {"flights": {"type": "array", "items": {"$ref": "#/$defs/Flight"}}},
        "required": ["flights"],
        "$defs": {"Flight": flight},
    }
    made = arguments_of("book", json.dumps(schema), keyed=False)
    assert made.model_json_schema()["properties"]["flights"]["items"] == flight
    assert made.model_json_schema()["required"] == ["flights"]


def test_an_argument_that_was_left_out_stays_left_out() -> None:
    schema = {"properties": {"text": {"type": "string"}, "tags": {"type": "array"}}}
    made = arguments_of("post", json.dumps(schema), keyed=False)(text="hello")
    assert made.tags is LEFT_OUT  # type: ignore[attr-defined]  # a field made from the schema
    assert given(dict(made)) == {"text": "hello"}
