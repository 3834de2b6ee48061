"""One question to a model: bound as far as it can be, left as soon as it cannot be an answer."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import BaseMessage

from tertulia.agents.choosing.answers import Schema
from tertulia.agents.listening import ChatModel, declines, hear
from tertulia.agents.prices import Bill
from tertulia.agents.state import Call

FUNCTION = "answer"
"""The function that a model is told to call, where nothing else is said."""

MOST_LETTERS = 400
"""After so many letters, what should be a word or two is none."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an answer, its log-probability (nats), and those of what could have stood there.

    ``others`` are by their text, the token itself among them mostly.
    """

    text: str
    score: float
    others: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Told:
    """What a model has answered; ``tokens`` where it was asked for them and told them.

    ``by`` is what the server calls the model, if it says so; ``cut``: it may not be any longer.
    ``scores`` are those of the options (nats a token), of a model that says how likely each is.
    ``own``: it was held in its own way, whatever others are asked to obey.
    """

    text: str
    calls: list[Call]
    tokens: list[Token]
    by: str = ""
    cut: bool = False
    scores: Mapping[str, float] = field(default_factory=dict)
    own: bool = False


@dataclass(slots=True)
class Account:
    """One bill for what takes several answers."""

    bill: Bill | None = None
    _parts: list[tuple[int, int]] = field(default_factory=list)

    def part(self) -> Bill:
        """What is told of one of the answers."""
        place = len(self._parts)
        self._parts.append((0, 0))

        def comes_to(read: int, written: int) -> None:
            self._parts[place] = read, written
            if self.bill is not None:
                self.bill(sum(one for one, _ in self._parts), sum(one for _, one in self._parts))

        return comes_to


async def ask(
    model: ChatModel,
    messages: list[BaseMessage],
    account: Account,
    most_letters: int | None = MOST_LETTERS,
) -> Told:
    """Hear one answer, or its beginning where it grows too long. Raises what the model raises."""
    tokens: list[Token] = []
    about: dict[str, Any] = {}
    letters = 0

    def enough(chunk: Any) -> bool:
        nonlocal letters
        letters += len(str(chunk.text))
        tokens.extend(_tokens_in(chunk))
        about.update(getattr(chunk, "response_metadata", {}))
        return most_letters is not None and letters > most_letters

    heard = await hear(model, messages, bill=account.part(), enough=enough)
    by, cut = str(about.get("model_name") or ""), about.get("finish_reason") == "length"
    scores, own = about.get("scores") or {}, bool(about.get("own"))
    return Told(heard.text, heard.calls, tokens, by, cut, scores, own)


def bound_to_call(
    model: Any, schema: Schema, name: str = FUNCTION, about: str = "Give the answer."
) -> ChatModel | None:
    """The model, told to call a function of that schema; ``None`` for one that takes none.

    One that cannot be told which to call is offered it. Raises what goes wrong within
    ``bind_tools``: that is no way to say that there are no functions.
    """
    function = {"name": name, "description": about, "parameters": dict(schema)}
    bind = getattr(model, "bind_tools", None)
    if bind is None:
        return None
    told = {"tool_choice": name} if _takes(bind, "tool_choice") else {}
    try:
        bound: ChatModel = bind([{"type": "function", "function": function}], **told)
    except NotImplementedError as error:
        if declines(error):
            return None
        raise
    return bound


def _takes(function: Any, name: str) -> bool:
    known = inspect.signature(function).parameters
    return name in known or any(one.kind is one.VAR_KEYWORD for one in known.values())


def _tokens_in(chunk: Any) -> Iterator[Token]:
    told = getattr(chunk, "response_metadata", {}).get("logprobs") or {}
    for one in told.get("content") or ():
        others = {other["token"]: other["logprob"] for other in one.get("top_logprobs") or ()}
        yield Token(one["token"], one["logprob"], others)
