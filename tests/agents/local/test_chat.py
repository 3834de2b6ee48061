"""Messages become what templates want, and calls of tools are read out of what a model says."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from tertulia.agents.faults import ModelRefused
from tertulia.agents.local.chat import Calls, alternating, encoded, turns_of, without_system
from tertulia.agents.local.settings import Settings

SETTINGS = Settings("m")
CALL = '<tool_call>\n{"name": "walk", "arguments": {"to": "the <b>mill</b>"}}\n</tool_call>'


class Strict:
    """A tokenizer with a template like Gemma's: no system role, and roles take turns."""

    chat_template = "strict"

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def apply_chat_template(self, turns: list[dict[str, Any]], **_: object) -> str:
        from jinja2 import TemplateError

        roles = [turn["role"] for turn in turns]
        if roles != [("user", "assistant")[n % 2] for n in range(len(roles))]:
            raise TemplateError("roles must alternate")
        self.seen = turns
        return "text"

    def __call__(self, text: str, **_: object) -> dict[str, list[int]]:
        return {"input_ids": [len(text)]}


def test_everybody_is_named_and_the_agent_speaks_bare() -> None:
    messages = [
        SystemMessage("Be brief.", name="Bo"),
        HumanMessage("Hi", name="Ana"),
        AIMessage("Ho", name="Bo"),
    ]
    assert [(turn["role"], turn["content"]) for turn in turns_of(messages, SETTINGS)] == [
        ("system", "Be brief."),
        ("user", "Ana: Hi"),
        ("assistant", "Ho"),
    ]


def test_calls_and_results_are_written_as_templates_read_them() -> None:
    call = {"name": "walk", "args": {"to": "mill"}, "id": "1", "type": "tool_call"}
    said, result = turns_of(
        [AIMessage("", tool_calls=[call]), ToolMessage("done", tool_call_id="1")], SETTINGS
    )
    assert said["tool_calls"][0]["function"] == {"name": "walk", "arguments": {"to": "mill"}}
    assert (result["role"], result["content"]) == ("tool", "done")


def test_a_picture_is_refused_in_words() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
    with pytest.raises(ModelRefused, match="reads text, not image_url"):
        turns_of([HumanMessage([picture])], SETTINGS)


def test_a_strict_template_gets_several_people_as_one_message() -> None:
    messages = [
        SystemMessage("Be brief.", name="Bo"),
        HumanMessage("Hi", name="Ana"),
        HumanMessage("Hello", name="Mia"),
        AIMessage("Ho", name="Bo"),
        HumanMessage("Well?", name="Ana"),
    ]
    strict = Strict()
    encoded(turns_of(messages, SETTINGS), (), strict, SETTINGS)
    assert [turn["content"] for turn in strict.seen] == [
        "Be brief.\nAna: Hi\nMia: Hello",
        "Ho",
        "Ana: Well?",
    ]


def test_what_no_form_satisfies_is_refused_with_the_template_s_own_words() -> None:
    with pytest.raises(ModelRefused, match="roles must alternate"):
        encoded(turns_of([AIMessage("I begin")], SETTINGS), (), Strict(), SETTINGS)


def test_tools_are_refused_where_the_template_knows_none() -> None:
    with pytest.raises(ModelRefused, match="knows no tools"):
        encoded([{"role": "user", "content": ""}], [{"type": "function"}], Strict(), SETTINGS)


@given(st.lists(st.tuples(st.sampled_from(["user", "assistant"]), st.text("ab", max_size=3))))
def test_roles_take_turns_and_no_line_is_lost(told: list[tuple[str, str]]) -> None:
    turns = [{"role": role, "content": text} for role, text in told]
    merged = alternating(turns)
    roles = [turn["role"] for turn in merged]
    assert all(one != other for one, other in itertools.pairwise(roles))
    lines = [line for turn in merged for line in turn["content"].split("\n")]
    assert lines == [text for _, text in told]


def test_what_the_system_says_begins_the_first_message() -> None:
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    assert without_system(turns) == [
        {"role": "user", "content": "s"},
        {"role": "user", "content": "u"},
    ]


@given(st.lists(st.integers(0, 200)), st.booleans())
def test_a_call_is_taken_out_however_it_is_cut(places: list[int], ended: bool) -> None:
    whole = f"Let us see. {CALL if ended else CALL.removesuffix('</tool_call>')}"
    marks = sorted({0, len(whole), *(place % len(whole) for place in places)})
    calls = Calls()
    told = "".join(calls.take(whole[a:b]) for a, b in itertools.pairwise(marks))
    assert told + calls.rest() == "Let us see. "
    [call] = calls.calls
    assert (call["name"], json.loads(call["args"])) == ("walk", {"to": "the <b>mill</b>"})


@pytest.mark.parametrize(
    "text", ["a < b", "<tool", "<tool_call>no JSON</tool_call>", "<tool_call>[1]</tool_call>!"]
)
def test_what_is_no_call_is_said(text: str) -> None:
    calls = Calls()
    assert calls.take(text) + calls.rest() == text
    assert calls.calls == []
