"""References to results within arguments. Pure."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.planning import Unresolved, ref
from tertulia.agents.planning.references import is_open, malformed, referred, resolved

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=12,
)
FLIGHTS = {"flights": [{"name": "TP 1", "price": 80}, {"name": "TP 2", "price": 95}]}


def test_a_reference_alone_keeps_its_type() -> None:
    assert resolved("${flights.0.price}", FLIGHTS) == 80
    assert resolved(ref("flights", -1), FLIGHTS) == {"name": "TP 2", "price": 95}


def test_a_reference_within_a_text_becomes_words() -> None:
    asked = "Is ${flights.1.name} for ${flights.1.price} euros fine?"
    assert resolved(asked, FLIGHTS) == "Is TP 2 for 95 euros fine?"
    assert resolved("All: ${flights}", {"flights": [1, {"a": "é"}]}) == 'All: [1, {"a": "é"}]'


def test_a_doubled_dollar_is_no_reference() -> None:
    assert resolved("$${flights} costs $5", {}) == "${flights} costs $5"
    assert list(referred("$${flights}")) == []
    assert not is_open("$${flights}")


def test_what_results_say_is_not_read_for_references() -> None:
    assert resolved("${said}", {"said": "${secret}", "secret": 7}) == "${secret}"
    assert resolved("so: ${said}", {"said": "${secret}", "secret": 7}) == "so: ${secret}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("${nobody.x}", "${nobody.x}: task 'nobody' has no result"),
        ("${flights.7}", "${flights.7}: flights is a list of 2, and has no '7'"),
        ("${flights.x}", "${flights.x}: flights is a list of 2, and has no 'x'"),
        ("${flights.0.cost}", "${flights.0.cost}: flights.0 has no 'cost'; it has name, price"),
        ("at ${flights.0.price.x}", "flights.0.price is int, which has no parts"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(text: str, told: str) -> None:
    with pytest.raises(Unresolved) as refused:
        resolved({"a": [text]}, FLIGHTS)
    assert told in str(refused.value)


def test_what_looks_like_a_reference_and_is_none_is_found() -> None:
    assert list(malformed(["${}", {"a": "x ${two words} ${ok.x}"}])) == ["${}", "${two words}"]


@given(JSON)
def test_a_value_without_dollars_stays_as_it_is(value: Any) -> None:
    if "$" not in str(value):
        assert resolved(value, {}) == value
        assert list(referred(value)) == []


@given(JSON, st.lists(st.text("abc", min_size=1), max_size=3))
def test_a_reference_finds_what_lies_at_its_path(value: Any, path: list[str]) -> None:
    result = value
    for step in reversed(path):
        result = {step: result}
    assert resolved(ref("t", *path), {"t": result}) == value
    assert resolved([{"x": ref("t", *path)}], {"t": result}) == [{"x": value}]
