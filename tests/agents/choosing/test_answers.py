"""Options and answers of all kinds: each is told apart, or it is said why not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from tests.agents.choosing.obedient import obedient
from tests.agents.choosing.scripts import Keeping

from tertulia.agents.choosing import choose, fill
from tertulia.agents.choosing.answers import (
    Unfit,
    checked_options,
    fitting,
    json_in,
    listed,
    option_in,
)
from tertulia.agents.connections import close_connections
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.remote import remote
from tertulia.agents.scripted import Scripted
from tertulia.orchestrator.errors import Invalid

ASKED: list[BaseMessage] = [HumanMessage("Which?", name="Ana")]
ODD = (
    ('say "hi"', "say 'ho'"),
    ("one\ntwo", "three; or four", "five"),
    ("An", "Ann", "Anna"),
    ("Zoë", "Zoe", "Воля", "是", "نعم", "नमस्ते", "👩\u200d💻"),
    ("C", "C++", "C#", "+", "-"),
    ('{"a": 1}', '{"a": 2}'),
    ("true", "false", "1", "1.5"),
    tuple(f"option {n}" for n in range(200)),
)


@pytest.mark.parametrize("options", ODD, ids=lambda options: options[0])
async def test_each_of_odd_options_is_found_bare_and_in_json(options: tuple[str, ...]) -> None:
    for option in options:
        for said in (option, f"“{option}”.", json.dumps({"answer": option}), json.dumps(option)):
            assert (await choose(Scripted([said]), ASKED, options)).option == option


@given(st.lists(st.text(min_size=1), min_size=2, max_size=6))
def test_options_that_are_taken_are_found_and_told_apart(options: list[str]) -> None:
    try:
        known = checked_options(options)
    except Invalid:
        return
    assert [option_in(option, known) for option in known] == options
    assert [option_in(json.dumps({"answer": option}), known) for option in known] == options


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ("yes", "give a list of texts"),
        ([], "there is none"),
        (["a", None], "None is no text"),
        ([1, 2], "1 is no text"),
        (["a", "b", "A"], "'A' cannot be told from 'a'"),
        (["one\ntwo", "one two"], r"'one two' cannot be told from 'one\\ntwo'"),
        (["!", "?"], "'!' is no word"),
        (["a\0", "b"], "is no word that could be said"),
        (["\ud800", "b"], "is no word that could be said"),
    ],
)
async def test_options_that_cannot_be_used_are_named(options: Any, why: str) -> None:
    with pytest.raises(Invalid, match=why):
        await choose(Scripted([RuntimeError("asked")]), ASKED, options)


@pytest.mark.parametrize(("said", "option"), [("true", "true"), ("1.5", "1.5"), ("1", "1")])
async def test_numbers_and_truths_in_json_are_the_options_that_look_like_them(
    said: str, option: str
) -> None:
    answer = f'{{"answer": {said}}}'
    assert (await choose(Scripted([answer]), ASKED, ("true", "1.5", "1"))).option == option


@pytest.mark.parametrize("said", ["是。", "「是」", "„是“", "是！"])
async def test_marks_of_other_scripts_are_no_part_of_an_option(said: str) -> None:
    assert (await choose(Scripted([said]), ASKED, ("是", "否"))).option == "是"


async def test_two_hundred_options_are_listed_once_and_not_twice() -> None:
    model, options = Keeping(["hm", "option 7"]), [f"option {n}" for n in range(200)]
    assert (await choose(model, ASKED, options)).option == "option 7"
    objection = str(model.kept[1][-1].text)
    assert objection.count("option 150") == 1
    assert "or one of 188 more" in objection


def test_an_option_that_would_be_read_as_two_is_quoted() -> None:
    assert listed(["a; b", "c\nd", "é"]) == '"a; b"; "c\\nd"; é'


@pytest.mark.net
async def test_a_choice_that_is_cut_off_is_told_so() -> None:
    async with obedient('{"answer": "the long', "none") as server:
        server.reason = "length"
        with pytest.raises(ModelStrayed, match="was cut off: it may not be so long"):
            await choose(remote(server.base_url, "m"), ASKED, ("the long way", "the short one"))
    await close_connections()


# ---- JSON


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('{"a": "the soup is', "breaks off before its end"),
        ('{"a": 1', "breaks off before its end"),
        ("", "is not a JSON object"),
        ("Sure!", "is not a JSON object"),
        ('{"a": ' + "[" * 100_000, "is not a JSON object"),
        ('{"a": ' + "9" * 5_000 + "}", "is not a JSON object"),
    ],
    ids=["a text", "an object", "nothing", "words", "too deep", "too many digits"],
)
def test_what_is_no_json_is_told_so(said: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        json_in(said)


async def test_a_call_that_is_nested_too_deeply_is_none() -> None:
    deep = '{"a": ' + "[" * 100_000

    class Deep(Scripted):
        async def _astream(self, *what: Any, **more: Any) -> AsyncIterator[ChatGenerationChunk]:
            call = tool_call_chunk(name="answer", args=deep, id="c", index=0)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))

    with pytest.raises(ModelStrayed, match="not valid JSON"):
        await fill(Deep(), ASKED, {"type": "object"})


@pytest.mark.parametrize("said", ["NaN", "-Infinity", "1e999", '"\\ud800"'])
async def test_what_could_not_be_kept_as_json_is_no_answer(said: str) -> None:
    schema = {"type": "object", "properties": {"a": {}}}
    answer = f'{{"a": {said}}}'
    with pytest.raises(ModelStrayed, match="cannot be kept as JSON"):
        await fill(Scripted([answer, answer]), ASKED, schema)


def test_what_is_nested_too_deeply_for_its_schema_is_no_answer() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {"kid": {"$ref": "#"}}}
    value: dict[str, Any] = {}
    for _ in range(900):
        value = {"kid": value}
    with pytest.raises(Unfit, match="cannot be kept"):
        fitting(value, node)


def test_no_more_flaws_are_told_than_can_be_mended() -> None:
    names = [f"f{n}" for n in range(300)]
    schema = {"properties": {name: {"type": "integer"} for name in names}}
    with pytest.raises(Unfit, match="and 300 in all") as caught:
        fitting(dict.fromkeys(names, "x" * 1_000), schema)
    assert len(str(caught.value)) < 4_000
    assert str(caught.value).count("is not of type 'integer'") == 12
