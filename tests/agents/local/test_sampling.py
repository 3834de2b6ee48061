"""Tokens are drawn by temperature and nucleus, each answer by its own seed."""

from collections import Counter
from math import exp, inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.local.sampling import Sampling, drawn
from tertulia.orchestrator.errors import Invalid

LOGITS = [2.0, 1.0, 0.0, -1.0, -inf]
IDS = [7, 3, 9, 1, 5]


def draws(how: Sampling, seed: int = 0, times: int = 4_000) -> Counter[int]:
    chance = Random(seed)
    return Counter(drawn(IDS, LOGITS, how, chance) for _ in range(times))


def test_at_temperature_zero_the_likeliest_is_taken() -> None:
    assert draws(Sampling(temperature=0), times=50) == {7: 50}


def test_tokens_come_as_often_as_their_probability_says() -> None:
    found = draws(Sampling(temperature=1.0, top_p=1.0))
    weights = {token: exp(logit) for token, logit in zip(IDS, LOGITS, strict=True)}
    for token, weight in weights.items():
        assert found[token] / 4_000 == pytest.approx(weight / sum(weights.values()), abs=0.03)
    assert found[5] == 0


def test_a_high_temperature_evens_them_out() -> None:
    warm, cool = draws(Sampling(temperature=10, top_p=1.0)), draws(Sampling(temperature=0.3))
    assert warm[1] > 500 > cool[1]


def test_the_nucleus_is_the_least_that_has_enough_probability() -> None:
    assert set(draws(Sampling(temperature=1.0, top_p=0.64))) == {7}
    assert set(draws(Sampling(temperature=1.0, top_p=0.65))) == {7, 3}


def test_no_more_than_top_k_are_drawn_among() -> None:
    assert set(draws(Sampling(temperature=5.0, top_p=1.0, top_k=2))) == {7, 3}


@given(
    st.lists(st.floats(-30, 30), min_size=1, max_size=20),
    st.floats(0, 3),
    st.floats(0.001, 1),
    st.integers(1, 30),
    st.integers(0, 99),
)
def test_something_that_was_offered_is_always_drawn_and_again_by_the_same_seed(
    logits: list[float], temperature: float, top_p: float, top_k: int, seed: int
) -> None:
    how, ids = Sampling(temperature, top_p, top_k), list(range(len(logits)))
    falling = sorted(logits, reverse=True)
    token = drawn(ids, falling, how, Random(seed))
    assert 0 <= token < min(len(ids), top_k)
    assert token == drawn(ids, falling, how, Random(seed))


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1.0}, {"top_p": 0.0}, {"top_k": 0}, {"repetition_penalty": 0.0}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(Invalid, match=next(iter(wrong))):
        Sampling(**wrong)  # type: ignore[arg-type]
