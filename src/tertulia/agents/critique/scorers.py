"""What scores candidates: the learned discriminator, a model that has to give marks, a function."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.callers import calling, speaker_in
from tertulia.agents.choosing import Choice, choose
from tertulia.agents.company import name_of
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.listening import ChatModel
from tertulia.agents.prices import billing, prices_of
from tertulia.orchestrator.scoring import Likeness, likeness
from tertulia.orchestrator.turns import Turn

Scorer: TypeAlias = Callable[[Turn, Sequence[str]], Awaitable[Sequence[float | None]]]
"""From candidates to a score of each from 0 to 1; ``None`` for one that it has none for."""

MARKS = ("1", "2", "3", "4", "5")
"""The marks that a model gives, from the worst to the best."""
LINES = 12
"""How many of the last utterances a scorer reads."""
GOOD = "How good is this as an answer: right, helpful, to the point?"
HUMAN = "Would a person in this conversation say this here? 5 is surely, 1 is never."


def learned(discriminator: Likeness | None = None) -> Scorer:
    """The learned discriminator: how like what a person would say next.

    It was fitted on English technical chat (see ``training/README.md``), and knows words, not
    truth. Another one may be handed in.
    """

    async def score(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
        scorer = discriminator or likeness()
        before = [event.text for event in turn.view if event is not turn.answers][-LINES:]
        before += [] if turn.answers is None else [turn.answers.text]
        return [scorer(before, text) for text in candidates]

    return score


def marked(model: ChatModel, question: str = GOOD) -> Scorer:
    """A model that has to give each candidate a mark from 1 to 5.

    Where it is known how sure the model is of each mark, the mean of them is given. An answer that
    is no mark, twice, is none. The calls are made one by one, so that a budget can stop them.
    """
    prices = prices_of(model)

    async def score(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
        found: list[float | None] = []
        for text in candidates:
            asked, bill = _asked(turn, text), billing(turn, prices)
            try:
                with calling(speaker_in(turn)):
                    choice = await choose(model, asked, MARKS, question=question, bill=bill)
            except ModelStrayed:
                found.append(None)
            else:
                found.append(_mark(choice))
        return found

    return score


def plain(function: Callable[[Sequence[str], str], float]) -> Scorer:
    """A function from the last utterances (as text) and a candidate to its score."""

    async def score(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
        before = [event.text for event in turn.view][-LINES:]
        return [float(function(before, text)) for text in candidates]

    return score


def _mark(choice: Choice) -> float:
    """From 0 for the worst mark to 1 for the best."""
    weights = choice.scores or {choice.option: 1.0}
    mean = sum(int(mark) * weight for mark, weight in weights.items()) / sum(weights.values())
    return (mean - 1) / (len(MARKS) - 1)


def _asked(turn: Turn, text: str) -> list[BaseMessage]:
    lines = [f"{name_of(e.by, turn.members)}: {e.text}" for e in turn.view[-LINES:]]
    order = f"Read this conversation, and mark what {turn.me.name} might say next: 5 is the best."
    told = "\n".join([*lines, "", f"{turn.me.name} might say: {text}"])
    return [SystemMessage(order, name="Judge"), HumanMessage(told, name="Transcript")]
