"""Choosing: a model says one of given options, whatever server it has behind it.

How it is held to them is found out: by schema or grammar where the server obeys one, by
log-probabilities where it tells them, by a function call, or else by looking at what it said, and
asking once more. Free prose is never searched for an option.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from langchain_core.messages import BaseMessage, HumanMessage

from tertulia.agents.choosing.answers import (
    CUT,
    FIELD,
    Unfit,
    checked_options,
    choice_schema,
    listed,
    one_of,
    option_in,
    option_of,
)
from tertulia.agents.choosing.asking import FUNCTION, Account, Told, bound_to_call
from tertulia.agents.choosing.bindings import unbound
from tertulia.agents.choosing.capabilities import Kind
from tertulia.agents.choosing.findings import (
    FIRST_TOKENS,
    TELL_TOKENS,
    TOOL_CHOICE,
    belied,
    believing,
    holds,
    obeyed,
)
from tertulia.agents.choosing.likelihood import (
    PROMPT_LOGPROBS,
    Scores,
    prompt_logprobs,
    shares,
    shares_in,
)
from tertulia.agents.choosing.own import Own, inside, scored
from tertulia.agents.choosing.ways import How, Task, Way, settle
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.listening import ChatModel
from tertulia.agents.pool.model import Pooled
from tertulia.agents.prices import Bill
from tertulia.agents.remote import Remote

MOST_LETTERS = 200
"""Beyond those of its options, an answer that is one has no more."""

SURE = 0.5
"""The share that an option needs, of all that a model might have begun its answer with."""


_Found: TypeAlias = tuple[str, dict[str, float]]
"""An option, and the options' shares, where they are known."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An option, ``how`` it was found, and what the model said.

    ``scores``: what share each option has of the model's belief, from 0 to 1, where that is known.
    """

    option: str
    how: How
    said: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)


async def choose(
    model: ChatModel,
    messages: list[BaseMessage],
    options: Sequence[str],
    *,
    question: str = "Which one?",
    otherwise: str | None = None,
    bill: Bill | None = None,
) -> Choice:
    """Let a model choose one of ``options``; ``question`` is put to it after ``messages``.

    A "nobody" or "none" is an option like any other. An answer that is none of them is told to the
    model once; the second time it is ``otherwise``, or else ``ModelStrayed``. Raises ``Invalid``
    for options that cannot be told apart, and what the model raises.
    """
    known = checked_options(options)
    if len(known) == 1:
        return Choice(known[0], How.ONLY)
    letters = MOST_LETTERS + 2 * max(map(len, known))
    again = one_of(known)
    bare, binding = unbound(model)
    task = Task(bare, messages, Account(bill), question, again, letters, binding)
    if scores := await _scored(task, known):
        best = max(scores, key=scores.__getitem__)
        return Choice(best, How.SCORES, scores=shares(scores))
    try:
        found = await settle(task, _ways(task, known))
    except ModelStrayed as error:
        if otherwise is None:
            raise
        return Choice(otherwise, How.OTHERWISE, error.said)
    option, shared = found.answer
    return Choice(option, found.how, found.told.text.strip(), shared)


async def _scored(task: Task, options: Sequence[str]) -> Scores | None:
    """The options' scores, where they are the best that can be had of a server."""
    model = task.model
    if not isinstance(model, Remote) or await obeyed(model, Kind.CHOICE, task.account):
        return None
    if not await holds(model, (Kind.SCORES, PROMPT_LOGPROBS), task.account):
        return None
    asked = [*task.messages, HumanMessage(f"{task.question} {one_of(options)}")]
    with believing(model):
        found = await prompt_logprobs(model, asked, options, task.account)
    if found is None:
        belied(model, (Kind.SCORES, PROMPT_LOGPROBS), "nothing of the prompt")
    return found


async def _ways(task: Task, options: Sequence[str]) -> AsyncIterator[Way[_Found]]:
    model = inside(task.model, partial(scored, task.messages, task.question, options))
    form, read = one_of(options), partial(_read, options)
    if isinstance(model, Own):
        yield Way(How.SCORES, model, form, read)
        return
    served = model if isinstance(model, Remote | Pooled) else None
    if served is not None and (spelling := await obeyed(served, Kind.CHOICE, task.account)):
        bound = served.bind(extra_body=spelling.of_options(options))
        in_json = f'Answer with {{"{FIELD}": "..."}}, with one of these: {listed(options)}.'
        yield Way(How.SCHEMA, bound, form if spelling.choice else in_json, read)
    elif served is not None and await holds(served, (Kind.SCORES, FIRST_TOKENS), task.account):
        yield Way(How.SCORES, served.bind(extra_body=TELL_TOKENS), form, read)
    if served is None or await holds(served, (Kind.CALLS, TOOL_CHOICE), task.account):
        called = bound_to_call(model, choice_schema(options))
        if called is not None:
            in_call = f"Call {FUNCTION} with one of these: {listed(options)}."
            yield Way(How.CALL, called, in_call, read)
    yield Way(How.ANSWER, model, form, read)


def _read(options: Sequence[str], told: Told) -> _Found:
    """The option that was called with, said, or likelier than all else. Raises ``Unfit``."""
    if told.scores:
        return max(told.scores, key=told.scores.__getitem__), shares(told.scores)
    called = next((call["args"] for call in told.calls if call["name"] == FUNCTION), None)
    option = option_in(told.text, options) if called is None else option_of(called, options)
    shared = shares_in(told.tokens, options)
    likeliest = max(shared, key=shared.__getitem__, default=None)
    if option is None and likeliest is not None and shared[likeliest] >= SURE:
        option = likeliest
    if option is None and told.cut:
        raise Unfit(where="the answer", what=CUT)
    if option is None:
        said = told.text.strip() if called is None else str(called)
        raise Unfit(where="the answer", what=f"{said!r:.200} is none of {listed(options, 12)}")
    return option, shared
