"""The node that drafts several answers, unheard, has them scored, and says the best of them."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tertulia.agents.cards import Card
from tertulia.agents.critique.ranking import Candidate, checked_weight, ranked, usable
from tertulia.agents.critique.scorers import Scorer
from tertulia.agents.listening import ChatModel, hear
from tertulia.agents.nodes import Node
from tertulia.agents.prices import billing, prices_of
from tertulia.agents.prompts import prompt
from tertulia.agents.remote import Remote
from tertulia.agents.state import InTurn, TurnState
from tertulia.orchestrator.errors import Invalid, Misbehaved
from tertulia.orchestrator.turns import Turn

Result = TypeVar("Result")

MOST = 16
"""Drafts in one turn."""


class CriticState(TurnState, total=False):
    """A turn's state; ``scores`` are those of the drafts, the best first (see ``report``)."""

    scores: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Critique:
    """How drafts are scored: ``weight`` · likeness + (1 - ``weight``) · quality.

    Drafts and scores have to come within ``within_s`` seconds each; what has not come then is done
    without. After ``tokens`` no further model is asked in the turn (``None``: as many as it takes).
    Raises ``Invalid``.
    """

    likeness: Scorer | None = None
    quality: Scorer | None = None
    weight: float = 0.5
    within_s: float = 30.0
    tokens: int | None = None

    def __post_init__(self) -> None:
        """Check the numbers once, at the door."""
        checked_weight(self.weight)
        if self.likeness is None and self.quality is None:
            raise Invalid(where="critique", what="scores nothing: give likeness, quality, or both")
        if not self.within_s > 0:
            raise Invalid(where="critique, within_s", what="must be greater than 0")


def critic(
    model: ChatModel | Sequence[ChatModel], critique: Critique, card: Card | None = None, n: int = 3
) -> Node:
    """Draft ``n`` answers at the same time, and say the best; nothing is heard before the choice.

    One model drafts with ``n`` seeds, if it has one; several draft in turn. A draft that fails is
    done without, and a scorer that fails leaves the other's scores; the turn fails only if every
    draft did. What each was worth is kept as ``scores``. Raises ``Invalid``.
    """
    if not 1 <= n <= MOST:
        raise Invalid(where="critic", what=f"makes from 1 to {MOST} drafts, not {n}")
    models = [*model] if isinstance(model, Sequence) else [model]
    drafters = [_seeded(models[k % len(models)], k // len(models)) for k in range(n)]

    async def criticise(state: TurnState, runtime: InTurn) -> TurnState:
        turn = runtime.context
        await turn.catch_up()
        before = turn.spent.tokens
        drafts = await _drafted(turn, drafters, card, critique, before)
        texts = [text for _, text in drafts]
        likeness = await _scored(turn, critique.likeness, texts, critique, before)
        quality = await _scored(turn, critique.quality, texts, critique, before)
        candidates = [
            Candidate(place, text, likeness[at], quality[at])
            for at, (place, text) in enumerate(drafts)
        ]
        order = ranked(candidates, critique.weight)
        chosen = order[0].text if order else ""
        turn.say(chosen)
        return CriticState(draft=chosen, scores=report(order))

    return criticise


def report(order: Sequence[Candidate]) -> list[dict[str, Any]]:
    """What each draft was worth, the best first; not what it said."""
    return [
        {"draft": c.place, "likeness": c.likeness, "quality": c.quality, "score": c.score}
        for c in order
    ]


async def _drafted(
    turn: Turn,
    models: Sequence[ChatModel],
    card: Card | None,
    critique: Critique,
    before: int,
) -> list[tuple[int, str]]:
    """The drafts that came in time, each once; silence only where nothing else came."""
    messages = prompt(turn, card)

    async def draft(model: ChatModel) -> str:
        heard = await hear(model, list(messages), bill=billing(turn, prices_of(model, card)))
        return heard.text.strip()

    tasks = [asyncio.ensure_future(draft(model)) for model in models]
    await _all_within(turn, tasks, critique, before)
    done = [
        (place, task) for place, task in enumerate(tasks) if task.done() and not task.cancelled()
    ]
    problems = [error for _, task in done if (error := task.exception()) is not None]
    said = [(place, task.result()) for place, task in done if task.exception() is None]
    if not said:
        if problems:
            raise problems[0]
        what = f"gave no draft within {critique.within_s:g} s"
        raise Misbehaved(who=f"critic of {turn.me.id!r}", what=what)
    first = {text: place for place, text in reversed(said) if text}
    return sorted((place, text) for text, place in first.items())


async def _scored(
    turn: Turn, scorer: Scorer | None, texts: Sequence[str], critique: Critique, before: int
) -> list[float | None]:
    """A score of each; none from a scorer that fails, is too slow, or is not there."""
    nothing: list[float | None] = [None] * len(texts)
    if scorer is None or not texts or _is_spent(turn, critique, before):
        return nothing
    task = asyncio.ensure_future(_awaited(scorer(turn, texts)))
    await _all_within(turn, [task], critique, before)
    if not task.done() or task.cancelled() or task.exception() is not None:
        return nothing
    given = [usable(score) for score in task.result()]
    return given if len(given) == len(texts) else nothing


async def _awaited(work: Awaitable[Result]) -> Result:
    return await work


async def _all_within(
    turn: Turn, tasks: Sequence["asyncio.Future[Any]"], critique: Critique, before: int
) -> None:
    """Wait until all are done, the time is up or the tokens are spent; what is not done ends."""
    alarm = asyncio.ensure_future(turn.clock.sleep(critique.within_s))
    left = set(tasks)
    try:
        while left and not alarm.done() and not _is_spent(turn, critique, before):
            done, _ = await asyncio.wait({alarm, *left}, return_when=asyncio.FIRST_COMPLETED)
            left -= done
    finally:
        for task in (alarm, *left):
            task.cancel()
        await asyncio.wait({alarm, *tasks})


def _is_spent(turn: Turn, critique: Critique, before: int) -> bool:
    return critique.tokens is not None and turn.spent.tokens - before >= critique.tokens


def _seeded(model: ChatModel, step: int) -> ChatModel:
    """The same model with another seed, where it has one."""
    copy = getattr(model, "model_copy", None)
    if copy is None or step == 0:
        return model
    if isinstance(model, Remote):
        seed = int(model.extra_body.get("seed", 0))
        changed: ChatModel = copy(update={"extra_body": {**model.extra_body, "seed": seed + step}})
        return changed
    own: object = getattr(model, "seed", None)
    if not isinstance(own, int):
        return model
    varied: ChatModel = copy(update={"seed": own + step})
    return varied
