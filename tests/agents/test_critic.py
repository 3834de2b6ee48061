"""Several drafts, and the one that is said: scores, ties, failures, budgets."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from math import nan
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage
from tests.agents.turns import said, turn_in
from tests.orchestrator.rooms import a_house, endings, in_no_time, texts

from tertulia.agents import InTurn, Scripted
from tertulia.agents.critique import (
    Candidate,
    Critique,
    Scorer,
    critic,
    learned,
    marked,
    plain,
    ranked,
)
from tertulia.agents.scripted import Hang
from tertulia.graphs import generate_and_choose, speaker_of
from tertulia.orchestrator import Turn
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.scoring import likeness

SHARE = st.none() | st.floats(0, 1)


def scores(**by_text: float | None) -> Scorer:
    async def score(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
        return [by_text[text] for text in candidates]

    return score


async def fails(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
    raise ValueError


async def hangs(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
    await asyncio.Event().wait()
    return []


async def nonsense(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
    return cast("Sequence[float]", [nan, "good", True, 7][: len(candidates)])


async def too_few(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
    return [1.0]


def models(*lines: Any) -> list[Scripted]:
    return [Scripted([line]) for line in lines]


async def chosen(drafts: Sequence[Any], critique: Critique) -> tuple[Turn, dict[str, Any]]:
    turn = turn_in(said(1, "ana", "Bo, tea or coffee?"))
    runtime = cast("InTurn", SimpleNamespace(context=turn))
    node = critic(models(*drafts), critique, n=len(drafts))
    return turn, cast("dict[str, Any]", await node({}, runtime))


@in_no_time
async def test_the_best_by_both_scores_is_said_and_nothing_is_heard_before() -> None:
    turn, state = await chosen(
        ["a", "b", "c"],
        Critique(scores(a=0.9, b=0.5, c=0.1), scores(a=0.1, b=0.8, c=0.9), weight=0.5),
    )
    assert turn.delivered == state["draft"] == "b"
    assert state["scores"] == [
        {"draft": 1, "likeness": 0.5, "quality": 0.8, "score": 0.65},
        {"draft": 0, "likeness": 0.9, "quality": 0.1, "score": 0.5},
        {"draft": 2, "likeness": 0.1, "quality": 0.9, "score": 0.5},
    ]


@pytest.mark.parametrize(("weight", "best"), [(1.0, "a"), (0.0, "c"), (0.4, "b")])
@in_no_time
async def test_the_weight_says_which_score_counts(weight: float, best: str) -> None:
    critique = Critique(scores(a=0.9, b=0.5, c=0.1), scores(a=0.1, b=0.8, c=0.9), weight)
    turn, _ = await chosen(["a", "b", "c"], critique)
    assert turn.delivered == best


@pytest.mark.parametrize("broken", [fails, hangs, nonsense, too_few])
@in_no_time
async def test_a_scorer_that_cannot_be_used_leaves_the_other_s_scores(broken: Scorer) -> None:
    for critique in (
        Critique(broken, scores(a=0.1, b=0.8)),
        Critique(scores(a=0.1, b=0.8), broken),
    ):
        turn, _ = await chosen(["a", "b"], critique)
        assert turn.delivered == "b"


@in_no_time
async def test_without_any_score_the_first_draft_is_said() -> None:
    turn, state = await chosen(["a", "b"], Critique(fails, hangs))
    assert turn.delivered == "a"
    assert [one["score"] for one in state["scores"]] == [None, None]


@in_no_time
async def test_drafts_that_fail_hang_or_come_twice_are_done_without() -> None:
    drafts = [ValueError("no"), Hang(), "b", "b", "", "a"]
    turn, state = await chosen(drafts, Critique(scores(a=0.1, b=0.8)))
    assert turn.delivered == "b"
    assert sorted(one["draft"] for one in state["scores"]) == [2, 5]


@in_no_time
async def test_silence_is_said_where_every_draft_is_silent() -> None:
    turn, state = await chosen(["", ""], Critique(fails))
    assert (turn.delivered, state["draft"], state["scores"]) == ("", "", [])


@in_no_time
async def test_a_turn_in_which_no_draft_came_fails_for_all_to_see() -> None:
    async with a_house() as house:
        some: list[tuple[list[Any], str]] = [
            ([ValueError("no"), Hang()], "ValueError: no"),
            ([Hang()], "no draft"),
        ]
        for drafts, told in some:
            graph = generate_and_choose(models(*drafts), Critique(fails), n=len(drafts))
            room = await house.room(speakers={"bo": speaker_of(graph)}, name=f"r{len(drafts)}")
            await room.post("ana", "Bo, tea?")
            await room.lapse()
            [(_, outcome, problem)] = await endings(house.log, f"r{len(drafts)}")
            assert outcome == "failed"
            assert told in str(problem)


@in_no_time
async def test_no_model_is_asked_once_the_tokens_are_spent() -> None:
    judge = Scripted(["5"])
    critique = Critique(quality=marked(judge), tokens=1)
    turn, state = await chosen(["one two three", "b"], critique)
    assert turn.spent.tokens > 0
    assert judge._spoken == 0
    assert all(one["quality"] is None for one in state["scores"])


@in_no_time
async def test_a_room_hears_the_choice_alone() -> None:
    graph = generate_and_choose(
        models("Tea is an infusion.", "Tea, please!"),
        Critique(plain(lambda before, text: len(text) < 15)),
    )
    async with a_house() as house:
        room = await house.room(speakers={"bo": speaker_of(graph)})
        await room.post("ana", "Bo, tea or coffee?")
        await room.lapse()
        assert (await texts(house.log))[-1] == "bo: Tea, please!"


async def test_a_model_gives_marks_and_prose_is_none() -> None:
    def mark(value: Any) -> AIMessage:
        call = {"name": "answer", "args": {"answer": value}, "id": "1"}
        return AIMessage("", tool_calls=[call])

    judge = Scripted([mark(5), "1", mark(9), "It is a 5.", mark(True), mark("4")])
    turn = turn_in(said(1, "ana", "Bo, tea or coffee?"))
    assert await marked(judge)(turn, ["a", "b", "c", "d"]) == [1.0, 0.0, None, 0.75]
    assert turn.spent.tokens > 0


class Torn(Scripted):
    """A model that says itself how sure it is of each answer."""

    async def likelihood(
        self, messages: list[BaseMessage], question: str, answers: Sequence[str]
    ) -> dict[str, float]:
        return {answer: 0.0 if answer in "45" else -1_000.0 for answer in answers}


async def test_where_a_model_is_torn_between_marks_it_gives_their_mean() -> None:
    [mark] = await marked(Torn())(turn_in(said(1, "ana", "Tea?")), ["a"])
    assert mark == pytest.approx(0.875)


def test_one_model_drafts_with_as_many_seeds() -> None:
    node = critic(Scripted.improvising(3, "tea"), Critique(learned()), n=3)
    drafters = [
        c.cell_contents for c in node.__closure__ or () if isinstance(c.cell_contents, list)
    ]
    assert [model.seed for model in drafters[0]] == [3, 4, 5]


@given(st.lists(st.tuples(SHARE, SHARE), max_size=6), st.floats(0, 1))
def test_the_order_is_one_of_the_same_candidates_by_their_scores(
    given_scores: list[tuple[float | None, float | None]], weight: float
) -> None:
    candidates = [Candidate(n, str(n), d, j) for n, (d, j) in enumerate(given_scores)]
    order = ranked(candidates, weight)
    assert sorted(c.place for c in order) == list(range(len(candidates)))
    known = [c.score for c in order if c.score is not None]
    assert known == sorted(known, reverse=True)
    assert all(0 <= score <= 1 for score in known)
    for one, other in pairwise(order):
        assert one.score != other.score or one.place < other.place


def test_a_critique_that_cannot_be_says_so() -> None:
    for make, told in [
        (lambda: Critique(), "scores nothing"),
        (lambda: Critique(fails, weight=1.5), "from 0 to 1"),
        (lambda: Critique(fails, within_s=0), "greater than 0"),
        (lambda: critic(Scripted(), Critique(fails), n=0), "from 1 to 16 drafts"),
    ]:
        with pytest.raises(Invalid, match=told):
            make()  # type: ignore[no-untyped-call]


def test_what_people_say_is_liker_than_its_words_in_disorder() -> None:
    before = ["How do I install a package on Ubuntu?"]
    score = likeness()
    real = score(before, "use apt-get install and the name of the package")
    disorder = score(before, "package the of name the and install apt-get use")
    assert real > disorder
    assert 0 <= disorder < real <= 1
    assert score([], "") == score(before, "…") == 0.0
