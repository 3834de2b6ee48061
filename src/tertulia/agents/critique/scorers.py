"""What scores candidates: the learned discriminator, a model that has to give marks, a function."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.company import name_of
from tertulia.agents.listening import ChatModel, hear
from tertulia.agents.prices import billing, prices_of
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.scoring import Likeness, likeness
from tertulia.orchestrator.turns import Turn

Scorer: TypeAlias = Callable[[Turn, Sequence[str]], Awaitable[Sequence[float | None]]]
"""From candidates to a score of each from 0 to 1; ``None`` for one that it has none for."""

MARKS = 5
"""The best mark that a model gives; the worst is 1."""
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
    """A model that has to give each candidate a mark from 1 to 5, by calling a function.

    An answer that is no such mark is none. The calls are made one by one, so that a budget can
    stop them. Raises ``Invalid`` for a model that cannot call functions.
    """
    bound, prices = _bound(model), prices_of(model)

    async def score(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
        found: list[float | None] = []
        for text in candidates:
            told = await hear(bound, _asked(turn, question, text), bill=billing(turn, prices))
            found.append(next((_mark(c["args"]) for c in told.calls if c["name"] == "mark"), None))
        return found

    return score


def plain(function: Callable[[Sequence[str], str], float]) -> Scorer:
    """A function from the last utterances (as text) and a candidate to its score."""

    async def score(turn: Turn, candidates: Sequence[str]) -> Sequence[float | None]:
        before = [event.text for event in turn.view][-LINES:]
        return [float(function(before, text)) for text in candidates]

    return score


def _mark(arguments: dict[str, Any]) -> float | None:
    mark = arguments.get("mark")
    if isinstance(mark, bool) or not isinstance(mark, int) or not 1 <= mark <= MARKS:
        return None
    return (mark - 1) / (MARKS - 1)


def _asked(turn: Turn, question: str, text: str) -> list[BaseMessage]:
    lines = [f"{name_of(e.by, turn.members)}: {e.text}" for e in turn.view[-LINES:]]
    order = f"Read this conversation, and mark what {turn.me.name} might say next. {question}"
    told = "\n".join([*lines, "", f"{turn.me.name} might say: {text}"])
    return [SystemMessage(order, name="Judge"), HumanMessage(told, name="Transcript")]


def _bound(model: ChatModel) -> ChatModel:
    mark = {"type": "integer", "minimum": 1, "maximum": MARKS}
    schema = {"type": "object", "properties": {"mark": mark}, "required": ["mark"]}
    function = {"name": "mark", "description": "Give the mark.", "parameters": schema}
    bind = getattr(model, "bind_tools", None)
    wanted = [{"type": "function", "function": function}]
    try:
        bound: ChatModel | None = None if bind is None else bind(wanted, tool_choice="mark")
    except NotImplementedError:
        bound = None
    if bound is None:
        raise Invalid(where=f"model {type(model).__name__}", what="cannot call functions")
    return bound
