"""Understanding by a model that fills in a form: its fields are the task's own slots.

Free prose is never read. A model that answers in prose, twice, has understood nothing; and what it
fills in is checked like anybody's words: by the slot's type, and by whether the speaker may fill
it. So the bounds of a slot do not bind the model: who wants 99 seats is told that there are 12.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from pydantic import ConfigDict, Field, create_model

from tertulia.agents.callers import caller, calling, speaker_in
from tertulia.agents.choosing import Form as Wanted
from tertulia.agents.choosing import fill
from tertulia.agents.dialogue.filling import Filling
from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.understanding import Fill, Heard, Understanding
from tertulia.agents.faults import ModelStrayed
from tertulia.agents.listening import ChatModel
from tertulia.agents.prices import billing, prices_of

CALLED = "understood"
"""The function that stands for the form, for a model that calls functions."""
BOUNDS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems"),
    }
)
"""What a schema says of how much a value may be."""
LINES = 12
"""How many of the utterances before it the model is shown."""


class Modelled:
    """Understands by a model; ``forms`` and ``intents`` are what may be asked for.

    ``intents`` are names, with what each means, for what is no form.
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

    async def __call__(self, heard: Heard) -> Understanding:
        """Understand one utterance. Raises what the model raises."""
        bill = None if heard.turn is None else billing(heard.turn, self.prices)
        about = "What the last utterance says. Leave out what it does not say."
        wanted = Wanted(self._schema(heard), CALLED, about)
        try:
            with calling(caller() if heard.turn is None else speaker_in(heard.turn)):
                told = await fill(self.model, self._question(heard), wanted, bill=bill)
        except ModelStrayed:
            return heard.understood()
        return _read(heard, told, self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        return (*(form.name for form in self.forms), *self.intents)

    def _schema(self, heard: Heard) -> dict[str, Any]:
        """What may be understood now."""
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
        made = create_model(CALLED, __config__=ConfigDict(extra="forbid"), **fields)
        schema: dict[str, Any] = _unbounded(made.model_json_schema())
        return schema

    def _question(self, heard: Heard) -> list[BaseMessage]:
        names = {party.id: party.name for party in heard.parties}
        lines = [f"{names.get(e.by, e.by)}: {e.text}" for e in heard.before[-LINES:]]
        lines.append(f"{names.get(heard.event.by, heard.event.by)}: {heard.text}")
        task = _task(heard.form, heard.filling)
        waits = f" They were asked: {heard.asked.question}" if heard.asked is not None else ""
        waits += " They were asked to confirm it." if heard.confirming else ""
        order = (
            f"Today is {heard.today:%A}, {heard.today.isoformat()}. {task}{waits}\n"
            "Tell what the last utterance says, and leave out what it does not say."
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


def _unbounded(schema: Any) -> Any:
    """A schema without bounds: what types and choices there are is left."""
    if isinstance(schema, list):
        return [_unbounded(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {field: _unbounded(one) for field, one in told.items()}
        if name in ("properties", "$defs")
        else _unbounded(told)
        for name, told in schema.items()
        if name not in BOUNDS
    }
