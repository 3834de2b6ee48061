"""Filling in: a model answers with a JSON object of a given schema, whatever server it has."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from langchain_core.messages import BaseMessage

from tertulia.agents.choosing.answers import CUT, Schema, Unfit, fitting, json_in
from tertulia.agents.choosing.asking import FUNCTION, Account, Told, bound_to_call
from tertulia.agents.choosing.bindings import unbound
from tertulia.agents.choosing.capabilities import Kind
from tertulia.agents.choosing.findings import TOOL_CHOICE, holds, obeyed
from tertulia.agents.choosing.own import Own, held, inside
from tertulia.agents.choosing.schemas import closed, schema_text
from tertulia.agents.choosing.ways import How, Task, Way, settle
from tertulia.agents.listening import ChatModel
from tertulia.agents.pool.model import Pooled
from tertulia.agents.prices import Bill
from tertulia.agents.remote import Remote

MOST_OF_A_GRAMMAR = 20_000
"""A longer schema (in letters, as JSON) is not put to a server's grammar: it takes too long."""


MOST_LETTERS = 50_000
"""What is filled in has no more."""


@dataclass(frozen=True, slots=True)
class Form:
    """What is to be filled in: its JSON ``schema``, and the function that stands for it.

    ``check`` is shown what fits, and raises ``Invalid`` for what it does not like; ``again`` is
    said to the model with what was wrong.
    """

    schema: Schema
    name: str = FUNCTION
    about: str = "Give the answer."
    check: Callable[[dict[str, Any]], object] | None = None
    again: str = "Give the whole answer again, without these mistakes."

    def read(self, told: Told) -> dict[str, Any]:
        """What was filled in, by a call or as JSON. Raises ``Invalid``."""
        call = next((call for call in told.calls if call["name"] == self.name), None)
        if call is not None and call["problem"]:
            raise Unfit(where="the answer", what=f"is not a JSON object: {call['problem']}")
        if told.cut and call is None:
            raise Unfit(where="the answer", what=CUT)
        value = json_in(told.text) if call is None else call["args"]
        if self.check is not None:  # it knows more than a schema can say
            self.check(value)
        return fitting(value, self.schema)


async def fill(
    model: ChatModel, messages: list[BaseMessage], form: Form | Schema, *, bill: Bill | None = None
) -> dict[str, Any]:
    """Let a model fill in a form after ``messages``: a JSON object that fits its schema.

    Where the schema does not say whether an object has other fields than it names, the model is not
    asked for them. What does not fit is told to it once. The second time it is ``ModelStrayed``, or
    what the form's ``check`` raises. Raises ``Invalid`` for what is no schema of an object, and
    what the model raises.
    """
    wanted = form if isinstance(form, Form) else Form(form)
    schema_text(wanted.schema)
    asked = replace(wanted, schema=closed(wanted.schema))
    bare, binding = unbound(model)
    account = Account(bill)
    task = Task(
        bare, messages, account, again=wanted.again, most_letters=MOST_LETTERS, binding=binding
    )
    return (await settle(task, _ways(task, asked, wanted.read))).answer


async def _ways(
    task: Task, form: Form, read: Callable[[Told], dict[str, Any]]
) -> AsyncIterator[Way[dict[str, Any]]]:
    model = inside(task.model, partial(held, form.schema, len(task.messages)))
    schema = json.dumps(form.schema, ensure_ascii=False, separators=(",", ":"))
    served = model if isinstance(model, Remote | Pooled) else None
    in_json = f"Answer with one JSON object and nothing else. Its JSON schema: {schema}"
    if served is not None and len(schema) <= MOST_OF_A_GRAMMAR:
        spelling = await obeyed(served, Kind.SCHEMA, task.account)
        if spelling is not None:
            bound = served.bind(extra_body=spelling.of_schema(form.schema))
            yield Way(How.SCHEMA, bound, in_json, read)
    if isinstance(model, Own):
        yield Way(How.SCHEMA, model, in_json, read)
        model = task.model
    if served is None or await holds(served, (Kind.CALLS, TOOL_CHOICE), task.account):
        called = bound_to_call(model, form.schema, form.name, form.about)
        if called is not None:
            yield Way(How.CALL, called, f"Answer by calling {form.name}.", read)
    yield Way(How.ANSWER, model, in_json, read)
