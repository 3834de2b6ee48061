"""The ways to get a bound answer out of a model, and how each is gone: asked, and asked once more.

A way that the server refuses (a schema too large for its grammar, say) is left for the next one.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from tertulia.agents.choosing.answers import Unfit
from tertulia.agents.choosing.asking import Account, Told, ask
from tertulia.agents.choosing.bindings import Binding
from tertulia.agents.choosing.capabilities import Kind
from tertulia.agents.choosing.findings import (
    FIRST_TOKENS,
    TOOL_CHOICE,
    answered,
    belied,
    believing,
    forget,
)
from tertulia.agents.choosing.memory import Test
from tertulia.agents.faults import ModelMissing, ModelRefused, ModelStrayed
from tertulia.agents.listening import ChatModel
from tertulia.orchestrator.errors import Invalid

T = TypeVar("T")


class How(StrEnum):
    """How an answer was found."""

    ONLY = "only"
    """There was but one option, and nobody was asked."""
    SCHEMA = "schema"
    """The server held the answer to it: by a schema, a grammar or the like."""
    SCORES = "scores"
    """It is what the model finds likeliest."""
    CALL = "call"
    """The model called a function with it."""
    ANSWER = "answer"
    """The model was asked for it, and said it."""
    REPAIRED = "repaired"
    """It said it when it had been told what was wrong with its first answer."""
    OTHERWISE = "otherwise"
    """It never said it, and this is what the caller wanted then."""


@dataclass(frozen=True, slots=True)
class Way(Generic[T]):
    """A model that is bound (or not), the ``form`` in which it is told to answer, and ``read``.

    ``read`` makes of what it told the answer, or raises ``Invalid`` with what is wrong with it.
    """

    how: How
    model: ChatModel
    form: str
    read: Callable[[Told], T]


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked, of whom, and who pays: ``again`` is said after what was wrong.

    ``binding`` is what somebody has bound to the model.
    """

    model: ChatModel
    messages: list[BaseMessage]
    account: Account
    question: str = ""
    again: str = "Answer again."
    most_letters: int | None = None
    binding: Binding = field(default_factory=Binding)


@dataclass(frozen=True, slots=True)
class Settled(Generic[T]):
    """An answer, how it was found, and what the model told."""

    answer: T
    how: How
    told: Told


async def settle(task: Task, ways: AsyncIterator[Way[T]]) -> Settled[T]:
    """Go the first way that the server does not refuse.

    Raises ``ModelStrayed`` for a second answer that is none, what ``read`` raises beside ``Unfit``,
    and what the model raises.
    """
    refused: ModelRefused | None = None
    async for way in ways:
        try:
            with believing(task.model):
                return await _gone(task, way)
        except ModelMissing:
            raise
        except ModelRefused as error:
            refused = error
    raise refused or stray(task.model, "there is no way to ask it", "")


def stray(model: Any, what: str, said: str) -> ModelStrayed:
    """The error that a model's answer was none."""
    endpoint = getattr(model, "endpoint", None)
    name = getattr(endpoint, "model", None) or getattr(model, "name_of_pool", None)
    return ModelStrayed(
        what,
        model=name or type(model).__name__,
        where=getattr(endpoint, "where", "in this process"),
        hint="ask a larger model, or one whose server takes a JSON schema",
        said=said,
    )


async def _gone(task: Task, way: Way[T]) -> Settled[T]:
    order = " ".join(part for part in (task.question, way.form) if part)
    messages = [*task.messages, *([HumanMessage(order)] if order else [])]
    model = task.binding.to(way.model)
    told = await ask(model, messages, task.account, task.most_letters)
    answered(task.model, told.by)
    if (test := _belied(way, told)) is not None:
        belied(task.model, test, told.text)
    try:
        return Settled(way.read(told), _how(way, told), told)
    except Invalid as error:
        if way.how is How.SCHEMA and isinstance(error, Unfit) and not (told.cut or told.own):
            forget(task.model)  # it was held to it, and strayed: it is another server
        messages += _objection(told, f"{error}\n{task.again}")
    again = await ask(model, messages, task.account, task.most_letters)
    try:
        return Settled(way.read(again), How.REPAIRED, again)
    except Unfit as error:
        said = again.text.strip() or told.text.strip()
        raise stray(task.model, f"{error}, nor was the one before", said) from None


def _how(way: Way[Any], told: Told) -> How:
    if told.own:
        return How.SCORES if told.scores else How.SCHEMA
    return How.ANSWER if way.how is How.CALL and not told.calls else way.how


def _belied(way: Way[Any], told: Told) -> Test | None:
    """What an answer shows that the server does not do, which it did when it was tried."""
    if told.cut or told.own or not told.text.strip():
        return None
    if way.how is How.CALL and not told.calls:
        return Kind.CALLS, TOOL_CHOICE
    if way.how is How.SCORES and not told.tokens:
        return Kind.SCORES, FIRST_TOKENS
    return None


def _objection(told: Told, problem: str) -> list[BaseMessage]:
    if not told.calls:
        return [AIMessage(told.text), HumanMessage(problem)]
    calls = [{"id": call["id"], "name": call["name"], "args": call["args"]} for call in told.calls]
    answers = [
        ToolMessage(problem, tool_call_id=call["id"], name=call["name"]) for call in told.calls
    ]
    return [AIMessage(told.text, tool_calls=calls), *answers]
