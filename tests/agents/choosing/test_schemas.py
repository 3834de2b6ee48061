"""Schemas: what cannot be asked for is said before a model is asked."""

import json
from typing import Any

import pytest
from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import BaseModel
from tests.agents.choosing.obedient import obedient
from tests.agents.choosing.scripts import Keeping

from tertulia.agents.choosing import fill
from tertulia.agents.choosing.schemas import bounded, closed
from tertulia.agents.connections import close_connections
from tertulia.agents.embedded import Embedded
from tertulia.agents.remote import remote
from tertulia.agents.scripted import Scripted
from tertulia.orchestrator.errors import Invalid

ASKED: list[BaseMessage] = [HumanMessage("A table for two.", name="Ana")]

NODE = {
    "type": "object",
    "properties": {
        "v": {"type": "integer"},
        "kids": {"type": "array", "items": {"$ref": "#/$defs/n"}},
    },
    "required": ["v"],
}
TREE: dict[str, Any] = {"$defs": {"n": NODE}, "$ref": "#/$defs/n"}


class Guest(BaseModel):
    name: str
    seats: list[int] = []
    of: "Guest | None" = None


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (None, "is none: None; give a dict"),
        ("object", "is none: 'object'"),
        (Guest, "model_json_schema"),
        ({"type": "object", "default": object()}, "is no JSON"),
        ({"type": "objekt"}, "type: 'objekt' is not valid"),
        ({"properties": [1]}, r"properties: \[1\] is not of type 'object'"),
        ({"properties": {"a": {"pattern": "("}}}, r"properties.a.pattern: '\(' is not a 'regex'"),
        ({"type": "array"}, "is of 'array', and an answer is an object"),
        ({"type": ["string", "null"]}, "an answer is an object"),
        ({"properties": {"a": {"$ref": "#/$defs/b"}}}, "refers to '#/[$]defs/b', which is not in"),
        ({"$ref": "https://example.invalid/a.json"}, "refers to 'https:.*which is not in it"),
    ],
)
async def test_what_is_no_schema_of_an_object_is_refused_and_no_model_asked(
    schema: Any, why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        await fill(Scripted([RuntimeError("asked")]), ASKED, schema)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({}, {"a": 1}),
        (TREE, {"v": 1, "kids": [{"v": 2, "kids": []}]}),
        (Guest.model_json_schema(), {"name": "Bo", "seats": [1], "of": {"name": "Ana"}}),
        ({"properties": {"$ref": {"type": "integer"}}}, {"$ref": 3}),
        ({"properties": {"a": {"enum": ["x", 1, None]}}}, {"a": None}),
        ({"$defs": {"a/b": {"const": 1}}, "properties": {"a": {"$ref": "#/$defs/a~1b"}}}, {"a": 1}),
        (
            {
                "$defs": {"a": {"$anchor": "here", "const": 1}},
                "properties": {"a": {"$ref": "#here"}},
            },
            {"a": 1},
        ),
    ],
)
async def test_schemas_of_all_kinds_are_filled_in(schema: Any, value: Any) -> None:
    assert await fill(Scripted([json.dumps(value)]), ASKED, schema) == value


async def test_a_field_that_no_schema_forbids_is_not_asked_for_and_taken() -> None:
    schema = Guest.model_json_schema()
    model = Keeping([json.dumps({"name": "Bo", "why": "hungry"})])
    assert (await fill(model, ASKED, schema))["why"] == "hungry"


@pytest.mark.net
async def test_a_server_is_bound_to_the_fields_that_have_names() -> None:
    async with obedient("Bo", "json_schema") as server:
        await fill(
            remote(server.base_url, "m"), ASKED, {"properties": {"name": {"type": "string"}}}
        )
    await close_connections()
    assert server.bound()[-1]["json_schema"]["additionalProperties"] is False


@pytest.mark.model
@pytest.mark.parametrize(
    "fields",
    [{"a": {"type": "integer"}, "b": {"type": "boolean"}}, {"note": {"type": "string"}}],
    ids=["that need not be there", "of any text"],
)
async def test_the_embedded_model_finds_an_end(fields: dict[str, Any]) -> None:
    schema: dict[str, Any] = {"properties": fields, "required": list(fields)[-1:]}
    told = await fill(Embedded(threads=1), ASKED, schema)
    assert {*schema["required"]} <= told.keys() <= fields.keys()


def test_texts_of_any_length_are_bounded_and_no_others() -> None:
    text, short = {"type": "string"}, {"type": "string", "maxLength": 9}
    left: list[dict[str, Any]] = [
        {"type": "string", "maxLength": 99},
        {"type": "string", "enum": ["x"]},
        {"type": "string", "pattern": "x"},
        {"type": "integer"},
        {"const": text},
    ]
    assert bounded({"properties": {"a": text, "b": {"items": text}}, "anyOf": left}, 9) == {
        "properties": {"a": short, "b": {"items": short}},
        "anyOf": left,
    }
    assert bounded({"type": "string", "minLength": 20}, 9)["maxLength"] == 20


def test_fields_may_be_called_as_the_words_of_schemas_are() -> None:
    fields: dict[str, Any] = {"properties": {"properties": {"type": {}}}, "enum": {}, "type": {}}
    shut = closed({"properties": fields})
    assert shut["properties"].keys() == fields.keys()
    assert shut["properties"]["properties"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {}}, "additionalProperties": {"type": "string"}},
        {"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]},
        {"properties": {"a": {"properties": {"b": {}}, "if": {}}}},
        {"type": "object"},
        {"properties": {"a": {"const": {"properties": {"b": 1}}}}, "additionalProperties": False},
    ],
)
def test_an_object_that_is_described_elsewhere_too_is_left_open(schema: Any) -> None:
    assert closed(schema) == schema


def test_objects_are_closed_wherever_they_stand() -> None:
    one: dict[str, Any] = {"properties": {"a": {}}}
    shut = {**one, "additionalProperties": False}
    assert closed({"$defs": {"d": one}, "properties": {"b": {"anyOf": [one, {"items": one}]}}}) == {
        "$defs": {"d": shut},
        "properties": {"b": {"anyOf": [shut, {"items": shut}]}},
        "additionalProperties": False,
    }
