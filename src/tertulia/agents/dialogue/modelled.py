"""Understanding by a model that calls a function: its arguments are the form's own slots.

Free prose is never read. A model that answers in prose has understood nothing, and what it fills in
is checked like anybody's words: by the slot's type, and by whether the speaker may fill it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import Field, create_model

from tertulia.agents.dialogue.filling import Filling
from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.understanding import Fill, Heard, Understanding
from tertulia.agents.listening import ChatModel, hear
from tertulia.agents.prices import billing, prices_of
from tertulia.orchestrator.errors import Invalid

CALLED = "understood"
"""The function that the model has to call."""
LINES = 12
"""How many of the utterances before it the model is shown."""


class Modelled:
    """Understands by a model; ``forms`` and ``intents`` are what may be asked for.

    ``intents`` are names, with what each means, for what is no form. Raises ``Invalid`` for a model
    that cannot call functions.
    """

    __slots__ = ("forms", "intents", "model", "prices")

    def __init__(
        self,
        model: ChatModel,
        forms: Sequence[Form] = (),
        intents: Mapping[str, str] | None = None,
    ) -> None:
        """Ask this model."""
        self.model, self.prices = model, prices_of(model)
        self.forms, self.intents = tuple(forms), dict(intents or {})
        _bound(model, [])

    async def __call__(self, heard: Heard) -> Understanding:
        """Understand one utterance. Raises what the model raises."""
        bound = _bound(self.model, [self._function(heard)])
        bill = None if heard.turn is None else billing(heard.turn, self.prices)
        answer = await hear(bound, self._question(heard), bill=bill)
        told = next((c["args"] for c in answer.calls if c["name"] == CALLED), None)
        return heard.understood() if told is None else _read(heard, told, self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        return (*(form.name for form in self.forms), *self.intents)

    def _function(self, heard: Heard) -> dict[str, Any]:
        """What may be understood now, as a function's schema."""
        fields: dict[str, Any] = {
            "answer": (Literal["yes", "no"] | None, Field(None, description="to what was asked")),
            "cancels": (bool, Field(False, description="whether they call the task off")),
        }
        if self._names:
            meaning = "; ".join(f"{name}: {about}" for name, about in self.intents.items())
            named: Any = Literal.__getitem__(self._names)  # known only when it runs
            fields["intent"] = (named | None, Field(None, description=meaning or "what they want"))
        for slot in () if heard.form is None else heard.form.slots:
            fields[f"slot_{slot.name}"] = (
                slot.type | None if _joins(slot.type) else Any,
                Field(None, description=slot.question),
            )
        schema = create_model(CALLED, **fields).model_json_schema()
        about = "What the last utterance says. Leave out what it does not say."
        function = {"name": CALLED, "description": about, "parameters": schema}
        return {"type": "function", "function": function}

    def _question(self, heard: Heard) -> list[BaseMessage]:
        names = {party.id: party.name for party in heard.parties}
        lines = [f"{names.get(e.by, e.by)}: {e.text}" for e in heard.before[-LINES:]]
        lines.append(f"{names.get(heard.event.by, heard.event.by)}: {heard.text}")
        task = _task(heard.form, heard.filling)
        waits = f" They were asked: {heard.asked.question}" if heard.asked is not None else ""
        waits += " They were asked to confirm it." if heard.confirming else ""
        order = (
            f"Today is {heard.today:%A}, {heard.today.isoformat()}. {task}{waits}\n"
            f"Call {CALLED} with what the last utterance says, and nothing else."
        )
        return [
            SystemMessage(order, name="Form"),
            HumanMessage("\n".join(lines), name="Transcript"),
        ]


def _task(form: Form | None, filling: Filling | None) -> str:
    if form is None:
        return "Find out what the last speaker wants."
    known = (
        {} if filling is None else {n: [v.value for v in vs] for n, vs in filling.voices.items()}
    )
    return f"This is about {form.called}. Known so far: {known or 'nothing'}."


def _read(heard: Heard, told: Mapping[str, Any], names: Sequence[str]) -> Understanding:
    """What the model said, as far as it can be meant."""
    slots = () if heard.form is None else heard.form.slots
    fills = tuple(
        Fill(slot.name, told[f"slot_{slot.name}"])
        for slot in slots
        if told.get(f"slot_{slot.name}") is not None
    )
    intent = told.get("intent")
    return heard.understood(
        fills=fills,
        answer={"yes": True, "no": False}.get(str(told.get("answer"))),
        cancels=told.get("cancels") is True,
        intent=intent if intent in names else None,
    )


def _joins(kind: Any) -> bool:
    """Whether a type can be made optional by ``|``."""
    return hasattr(kind, "__or__")


def _bound(model: ChatModel, functions: list[dict[str, Any]]) -> ChatModel:
    bind = getattr(model, "bind_tools", None)
    try:
        bound: ChatModel | None = None if bind is None else bind(functions, tool_choice=CALLED)
    except NotImplementedError:
        bound = None
    if bound is None:
        raise Invalid(where=f"model {type(model).__name__}", what="cannot call functions")
    return bound
