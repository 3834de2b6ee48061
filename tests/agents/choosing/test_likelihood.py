"""Shares of belief: read from the tokens of one answer, or made of scores. Pure."""

from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.choosing.asking import Token
from tertulia.agents.choosing.constraints import grammar_of, regex_of, response_format
from tertulia.agents.choosing.likelihood import mean_at_the_end, shares, shares_in


def token(text: str, share: float, **others: float) -> Token:
    return Token(text, log(share), {name: log(one) for name, one in others.items()})


def test_each_option_has_the_share_of_the_piece_that_begins_it() -> None:
    found = shares_in([token("Bo", 0.6, Bo=0.6, E=0.2, Eve=0.1)], ["Bo", "Eve"])
    assert found == pytest.approx({"Bo": 0.6, "Eve": 0.3})


def test_options_that_begin_alike_part_where_they_differ() -> None:
    told = [token("An", 0.8, Bo=0.2), token("na", 0.75, ne=0.25)]
    assert shares_in(told, ["Anna", "Anne", "Bo"]) == pytest.approx(
        {"Anna": 0.6, "Anne": 0.2, "Bo": 0.2}
    )


def test_an_option_that_another_begins_with_is_known_by_its_end() -> None:
    assert shares_in([token("Ann", 0.9, Bo=0.1)], ["Ann", "Anna", "Bo"])["Ann"] > 0.8
    told = [token("Ann", 0.9), token("a", 0.5)]
    assert shares_in(told, ["Ann", "Anna"]) == pytest.approx({"Ann": 0.0, "Anna": 0.45})


def test_an_answer_of_something_else_tells_nothing() -> None:
    assert shares_in([token("Paris", 0.9, London=0.1)], ["Bo", "Eve"]) == {}
    assert shares_in([], ["Bo", "Eve"]) == {}


@pytest.mark.parametrize(
    ("pieces", "mean"),
    [
        (("Say:", "An", "na"), -2.0),
        (("Say:", " Anna"), None),
        (("Say:Anna",), None),
        (("Anna", "."), None),
        ((), None),
    ],
)
def test_an_answer_is_scored_where_the_prompt_s_last_tokens_are_the_answer(
    pieces: tuple[str, ...], mean: float | None
) -> None:
    told = [{"1": {"decoded_token": text, "logprob": -2.0}} for text in pieces]
    assert mean_at_the_end([None, *told], "Anna") == mean


@given(
    st.lists(st.sampled_from(["a", "b", "ab", "ba", "c"]), min_size=1, unique=True),
    st.lists(st.tuples(st.sampled_from("abc "), st.floats(0.01, 1.0)), max_size=4),
)
def test_shares_are_never_more_than_the_whole(
    options: list[str], told: list[tuple[str, float]]
) -> None:
    tokens = [
        Token(
            text,
            log(share),
            {other: log((1 - share) / 4 + 1e-9) for other in "abc " if other != text},
        )
        for text, share in told
    ]
    assert sum(shares_in(tokens, options).values()) <= 1 + 1e-6


@given(st.dictionaries(st.text(), st.floats(-700, 0), min_size=1))
def test_scores_become_shares_of_one_in_the_same_order(scores: dict[str, float]) -> None:
    found = shares(scores)
    assert sum(found.values()) == pytest.approx(1)
    assert max(found.values()) == found[max(scores, key=scores.__getitem__)]


def test_options_are_spelt_so_that_their_signs_are_only_signs() -> None:
    assert grammar_of(['say "no"', "a\\b"]) == 'root ::= "say \\"no\\"" | "a\\\\b"'
    assert regex_of(["a.b", "(c)"]) == r"(a\.b|\(c\))"


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({"type": "object", "properties": {}, "additionalProperties": False}, True),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, False),
        ({"type": "object"}, False),
        ({"type": "string"}, True),
    ],
)
def test_a_schema_is_strict_if_every_object_is_closed(
    schema: dict[str, object], strict: bool
) -> None:
    assert response_format(schema)["response_format"]["json_schema"]["strict"] is strict
