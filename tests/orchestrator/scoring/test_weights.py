"""The shipped weights are small, say where they come from, and fit the features of the code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.orchestrator.scoring.clues import OF_LINE, OF_PAIR
from tertulia.orchestrator.scoring.floor_memory import OF_FLOOR, OF_PERSON
from tertulia.orchestrator.scoring.network import Network, shipped, softmax, unpacked
from tertulia.orchestrator.scoring.words import lexicon, marks

FITS = {
    "channel": (OF_LINE, OF_PAIR),
    "dialogue": (OF_LINE, OF_PAIR),
    "meeting": (OF_FLOOR, OF_PERSON),
    "discussion": (OF_FLOOR, OF_PERSON),
}
FOLDER = files("tertulia.orchestrator.scoring") / "weights"


def test_the_weights_are_small() -> None:
    assert sum(len(file.read_bytes()) for file in FOLDER.iterdir()) < 300 * 1024


@pytest.mark.parametrize("name", [*FITS, "lexicon"])
def test_weights_say_whose_data_they_were_made_from(name: str) -> None:
    assert "CC BY 4.0" in shipped(name)["licence"]


@pytest.mark.parametrize("name", FITS)
def test_weights_fit_the_features(name: str) -> None:
    question, answer = FITS[name]
    stored = shipped(name)
    assert stored["features"] == {"question": question, "answer": answer}
    network = Network.read(stored)
    assert len(network.question) == len(question)
    assert len(network.answer) == len(network.quick) == len(answer)
    assert {len(column) for column in network.question + network.answer} == {len(network.bias)}
    assert len(network.second) == len(network.bias)
    assert {len(column) for column in network.second} == {len(network.out)}


def plainly(stored: Mapping[str, Any], question: Sequence[float], answer: Sequence[float]) -> float:
    """A score by the book: every product of two layers' weights, zeros and all."""

    def layer(name: str, values: Sequence[float]) -> list[float]:
        weights = unpacked(stored[name])
        width = len(values)
        rows = [weights[at : at + width] for at in range(0, len(weights), width)]
        return [sum(w * v for w, v in zip(row, values, strict=True)) for row in rows]

    def add(*parts: Sequence[float]) -> list[float]:
        return [max(0.0, sum(part)) for part in zip(*parts, strict=True)]

    asked, answered = layer("question", question), layer("answer", answer)
    first = add(unpacked(stored["bias"]), asked, answered)
    second = add(unpacked(stored["second_bias"]), layer("second", first))
    return layer("out", second)[0]


@given(
    st.lists(
        st.sampled_from([0.0, 0.0, 1.0, 0.3, -0.7]), min_size=len(OF_FLOOR), max_size=len(OF_FLOOR)
    ),
    st.lists(
        st.sampled_from([0.0, 0.0, 1.0, 0.3, -0.7]),
        min_size=len(OF_PERSON),
        max_size=len(OF_PERSON),
    ),
)
def test_what_is_zero_is_left_out_and_missed_by_nobody(
    question: list[float], answer: list[float]
) -> None:
    stored = shipped("meeting")
    (score,) = Network.read(stored).scores(question, [answer], 1).values()
    assert score == pytest.approx(plainly(stored, question, answer))


def test_few_answers_are_looked_at_closely() -> None:
    network = Network.read(shipped("meeting"))
    question = [0.0] * len(OF_FLOOR)
    answers = [[at / 20] * len(OF_PERSON) for at in range(20)]
    every = network.scores(question, answers, 20)
    few = network.scores(question, answers, 5)
    assert len(few) == 5
    assert few.items() <= every.items()
    assert sum(softmax(few).values()) == pytest.approx(1)


def test_marks_tell_names_cues_and_rare_words() -> None:
    names = {"bo": "Bo", "the": "the", "hikaru79": "Hikaru79"}
    said = marks("Bo: thanks, does the xorg-driver work?", names, "ana")
    assert said.called == {"Bo"}
    assert said.named == {"Bo"}
    assert said.question
    assert said.thanks
    assert not said.greeting
    assert "xorg-driver" in said.rare
    assert "bo" not in said.rare
    assert marks("hikaru, hi", names, "ana").called == {"Hikaru79"}
    assert not marks("the other one", names, "ana").named
    assert marks("nobody: hi", names, "ana").calls_stranger


def test_a_word_that_nobody_counted_is_the_rarest() -> None:
    counted = lexicon()
    rarities = [entry[0] for entry in counted.entries.values()]
    assert counted.rarity("qqxqq") > max(rarities)
    assert counted.rarity("the") < counted.rarity("fstab")
