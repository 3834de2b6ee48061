"""Filling in: what comes out fits the schema, or there is a clear error."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from tests.agents.choosing.obedient import obedient
from tests.agents.choosing.scripts import Keeping

from tertulia.agents.choosing import Form, fill
from tertulia.agents.choosing.filling import MOST_OF_A_GRAMMAR
from tertulia.agents.embedded import Embedded
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.remote import remote
from tertulia.agents.scripted import Scripted
from tertulia.orchestrator.errors import Invalid

ASKED: list[BaseMessage] = [HumanMessage("A table on the terrace, please.", name="Ana")]
TABLE: dict[str, Any] = {
    "type": "object",
    "properties": {"place": {"enum": ["inside", "terrace"]}},
    "required": ["place"],
    "additionalProperties": False,
}
GOOD = {"place": "terrace"}

pytestmark = pytest.mark.usefixtures("hung_up")


def calls(name: str = "answer", **args: Any) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": "c"}])


@pytest.mark.parametrize(
    "line",
    [
        json.dumps(GOOD),
        f"```json\n{json.dumps(GOOD)}\n```",
        calls(**GOOD),
        f"<think>Terrace.</think>{json.dumps(GOOD)}",
    ],
)
async def test_a_form_is_filled_in_by_json_or_by_a_call(line: Any) -> None:
    assert await fill(Scripted([line]), ASKED, TABLE) == GOOD


@pytest.mark.net
@pytest.mark.parametrize(
    ("obeys", "sent"),
    [
        (("response_format",), "response_format"),
        (("structured_outputs",), "structured_outputs"),
        (("guided_json",), "guided_json"),
        (("json_schema",), "json_schema"),
        (("tools",), "tools"),
    ],
)
async def test_a_server_is_held_to_it_in_the_way_that_it_obeys(
    obeys: tuple[str, ...], sent: str
) -> None:
    async with obedient("terrace", *obeys) as server:
        assert await fill(remote(server.base_url, "m"), ASKED, TABLE) == GOOD
    [asked] = server.bound()
    assert sent in asked


@pytest.mark.model
async def test_the_embedded_model_fills_in_what_it_is_held_to() -> None:
    assert await fill(Embedded(threads=1), ASKED, TABLE) == GOOD


@pytest.mark.net
async def test_a_schema_too_large_for_a_grammar_is_only_shown() -> None:
    large = {**TABLE, "description": "x" * MOST_OF_A_GRAMMAR}
    async with obedient(json.dumps(GOOD), "response_format") as server:
        assert await fill(remote(server.base_url, "m"), ASKED, large) == GOOD
    [asked] = server.bound()
    assert "response_format" not in asked


@pytest.mark.net
async def test_a_server_that_cannot_take_the_schema_is_asked_without_it() -> None:
    async with obedient("terrace", "response_format") as server:
        model = remote(server.base_url, "m")
        await fill(model, ASKED, TABLE)
        server.mind = lambda _: json.dumps(GOOD)
        server.refuses = frozenset({"response_format"})
        assert await fill(model, ASKED, TABLE) == GOOD


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("On the terrace.", "is not a JSON object"),
        ("[1]", "is not a JSON object"),
        (calls(place="roof"), "'roof' is not one of"),
        (calls("book", place="terrace"), "is not a JSON object"),
        (json.dumps({}), "'place' is a required property"),
    ],
)
async def test_what_does_not_fit_is_told_to_the_model_once(first: Any, told: str) -> None:
    model = Keeping([first, calls(**GOOD)])
    assert await fill(model, ASKED, TABLE) == GOOD
    objection = str(model.kept[1][-1].text)
    assert told in objection
    assert objection.endswith("Give the whole answer again, without these mistakes.")
    with pytest.raises(ModelStrayed, match="nor was the one before"):
        await fill(Scripted([first, first]), ASKED, TABLE)


async def test_what_the_caller_checks_is_told_and_raised_in_its_words() -> None:
    def check(value: dict[str, Any]) -> None:
        if value["place"] == "terrace":
            raise Invalid(where="the terrace", what="is closed")

    form = Form(TABLE, check=check)
    assert await fill(Scripted([calls(**GOOD), calls(place="inside")]), ASKED, form) == {
        "place": "inside"
    }
    with pytest.raises(Invalid, match="is closed"):
        await fill(Scripted([calls(**GOOD), calls(**GOOD)]), ASKED, form)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30)
@given(st.one_of(st.text(), json_values.map(json.dumps)))
def test_whatever_a_model_says_it_fits_or_is_a_clear_error(said: str) -> None:
    try:
        value = asyncio.run(fill(Scripted([said, said]), ASKED, TABLE))
    except ModelStrayed:
        return
    assert value in ({"place": "inside"}, GOOD)
