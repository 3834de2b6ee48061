"""Routers without a model: who answers, by the words that are said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents import Keywords
from tertulia.orchestrator.errors import Invalid

ROUTER = Keywords({"rent": "bo", "the price": "cy", "Straße": "dee"}, otherwise="nobody")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("When is the rent due?", "bo"),
        ("RENT!", "bo"),
        ("The current price?", "nobody"),
        ("Tell me the price of it.", "cy"),
        ("The price of the rent?", "bo"),
        ("In welcher strasse?", "dee"),
        ("parental advice", "nobody"),
        ("", "nobody"),
    ],
)
def test_the_first_of_the_words_that_is_said_decides(text: str, who: str) -> None:
    assert ROUTER.choose(text) == who


@given(st.text(max_size=60))
def test_without_words_it_is_always_the_same(text: str) -> None:
    assert Keywords(otherwise="bo").choose(text) == "bo"


@given(st.text(min_size=1, max_size=20).filter(str.strip))
def test_a_word_that_is_all_that_is_said_is_found(word: str) -> None:
    assert Keywords({word: "bo"}).choose(word) == "bo"


@pytest.mark.parametrize(
    ("words", "otherwise", "told"),
    [
        ({True: "bo"}, "bo", "in quotes if need be; True: 'bo' is not"),
        ({"x": 3}, "bo", "'x': 3 is not"),
        ({" ": "bo"}, "bo", "a word has 1 to 80 characters, and ' ' has not"),
        ({"x" * 81: "bo"}, "bo", "a word has 1 to 80"),
        ({f"{n}": "bo" for n in range(101)}, "bo", "knows 100 words at most"),
        ({}, None, "'else': None is not"),
    ],
)
def test_what_no_router_can_go_by_is_refused(words: Any, otherwise: Any, told: str) -> None:
    with pytest.raises(Invalid) as caught:
        Keywords(words, otherwise)
    assert told in str(caught.value)
