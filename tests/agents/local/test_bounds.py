"""Answers are held to a schema token by token, whatever the model would rather say."""

import json
from enum import StrEnum
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from pydantic import BaseModel, Field
from tests.agents.local.conftest import Made
from tests.agents.local.test_local import said, steady, told
from tests.agents.local.tiny import ADAPTED

from tertulia.agents.choosing import How, choose, fill
from tertulia.agents.faults import ModelRefused
from tertulia.agents.local import local
from tertulia.agents.local.bounds import Bound, bound
from tertulia.agents.pool import Allowance, Caller, calling, pooled
from tertulia.orchestrator.errors import Invalid

TABLE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "place": {"enum": ["inside", "terrace"]},
        "people": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["place", "people"],
    "additionalProperties": False,
}


class Place(StrEnum):
    INSIDE = "inside"
    TERRACE = "terrace"


class Book(BaseModel):
    """Book a table."""

    place: Place
    people: int = Field(ge=1, le=9)


def function(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def form(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "table", "schema": schema}}


def test_nothing_is_bound_that_nobody_binds() -> None:
    tools = [function("walk", TABLE)]
    assert bound(tools, None, None) is bound(tools, "auto", {"type": "text"}) is None
    assert bound([], None, {"type": "json_object"}) == Bound('{"type": "object"}')


def test_a_tool_that_is_not_offered_cannot_be_chosen() -> None:
    with pytest.raises(Invalid, match="'swim' is not offered; there are: walk"):
        bound([function("walk", TABLE)], "swim", None)
    with pytest.raises(Invalid, match="not 'xml'"):
        bound([], None, {"type": "xml"})


def test_definitions_of_tools_come_to_the_top_and_do_not_mix() -> None:
    one, other = {"$defs": {"P": {"const": 1}}}, {"$defs": {"P": {"const": 2}}}
    held = bound([function("a", one), function("b", one)], "any", None)
    assert held is not None
    assert json.loads(held.schema)["$defs"] == {"P": {"const": 1}}
    with pytest.raises(Invalid, match="different things by 'P'"):
        bound([function("a", one), function("b", other)], "any", None)


@pytest.mark.parametrize("temperature", [0.0, 5.0])
async def test_json_of_a_schema_is_all_that_is_said(made: Made, temperature: float) -> None:
    for seed in range(4):
        model = local(made.model, temperature=temperature, top_p=1.0, seed=seed)
        table = json.loads(await said(model, "A table", response_format=form(TABLE)))
        assert table["place"] in ("inside", "terrace")
        assert 1 <= table["people"] <= 9
        assert set(table) == {"place", "people"}


async def test_a_chosen_tool_is_called_with_what_fits_it(made: Made) -> None:
    model = local(made.model, temperature=5.0, top_p=1.0)
    for choice in ("any", "Book"):
        answer = await model.bind_tools([Book], tool_choice=choice).ainvoke(told("A table"))
        assert isinstance(answer, AIMessage)
        [call] = answer.tool_calls
        assert call["name"] == "Book"
        Book.model_validate(call["args"])
        assert answer.text == ""
        assert answer.response_metadata["finish_reason"] == "tool_calls"


async def test_structured_output_is_what_was_asked_for(made: Made) -> None:
    found = await steady(made).with_structured_output(Book).ainvoke(told("A table for four"))
    assert isinstance(found, Book)


async def test_forms_are_filled_in_without_a_repair(made: Made) -> None:
    found = await fill(steady(made, made.adapters["bo"]), told("A table"), TABLE)
    assert set(found) == {"place", "people"}


async def test_in_a_pool_they_are_held_and_counted_as_anywhere(made: Made) -> None:
    bo = made.adapters["bo"]
    pool = pooled(
        "two", {"bo": steady(made, bo), "also": steady(made, bo)}, allowances={"*": Allowance()}
    )
    with calling(Caller(room="r")):
        assert set(await fill(pool, told("A table"), TABLE)) == {"place", "people"}
        used = pool.used_by("r").used_tokens
        choice = await choose(pool, told("Hello"), list(ADAPTED.values()))
    assert (choice.option, choice.how) == (ADAPTED["bo"], How.SCORES)
    assert 0 < used < pool.used_by("r").used_tokens


async def test_a_schema_that_cannot_be_followed_is_refused(made: Made) -> None:
    strange = {"type": "object", "properties": {"a": {"$ref": "#/$defs/nowhere"}}}
    with pytest.raises(ModelRefused, match="schema cannot be followed"):
        await said(steady(made), "Hello", response_format=form(strange))


async def test_who_is_bound_changes_nothing_for_his_company(made: Made) -> None:
    import asyncio

    free, held = await asyncio.gather(
        said(steady(made), "Hello"), said(steady(made), "Hello", response_format=form(TABLE))
    )
    assert free == await said(steady(made), "Hello")
    assert json.loads(held)
