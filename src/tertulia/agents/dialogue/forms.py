"""A form: what has to be known, in which order it is asked for, and who confirms it. It only says.

What has been filled in is a value of its own (``filling``); what an utterance does to it is decided
in ``steps``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tertulia.agents.dialogue.slots import MISSING, REQUESTER, Slot, Who
from tertulia.orchestrator.errors import Invalid


@dataclass(frozen=True, slots=True)
class Form:
    """A task that has to be talked over: slots, and whose word it needs in the end.

    ``title`` is what it is called when it is spoken of ("the booking"). ``confirm`` says whose yes
    it needs before it is used (``None``: nobody's); with ``unanimous`` that of all of them.
    ``cancel`` says who may call it off. After ``patience`` things in a row that could not be
    understood or used, it is stuck. ``opens`` are words by which rules know that it is wanted.
    Raises ``Invalid``.
    """

    name: str
    slots: tuple[Slot, ...]
    title: str = ""
    confirm: Who | None = REQUESTER
    unanimous: bool = False
    cancel: Who = REQUESTER
    patience: int = 3
    opens: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check everything once, at the door, and put the slots into their order."""
        where, names = f"form {self.name!r}", [slot.name for slot in self.slots]
        if not self.name.replace("-", "_").isidentifier():
            raise Invalid(where=where, what="a name is letters, digits, - and _")
        if not names:
            raise Invalid(where=where, what="asks for nothing: give it a slot")
        if twice := [name for name in names if names.count(name) > 1]:
            raise Invalid(where=where, what=f"has two slots {twice[0]!r}")
        if self.patience < 1:
            raise Invalid(where=f"{where}, patience", what="must be at least 1")
        for slot in self.slots:
            if strangers := [name for name in slot.needs if name not in names]:
                what = f"slot {slot.name!r} needs {strangers[0]!r}, which is no slot of it"
                raise Invalid(where=where, what=what)
        object.__setattr__(self, "slots", _in_order(where, self.slots))

    @property
    def called(self) -> str:
        """What it is called when it is spoken of."""
        return self.title or f"the {self.name.replace('-', ' ').replace('_', ' ')}"

    def slot(self, name: str | None) -> Slot | None:
        """The slot of that name."""
        return next((slot for slot in self.slots if slot.name == name), None)


def form_of(model: type[BaseModel], **fields: Any) -> Form:
    """Make a form of a pydantic model: a slot for each field; ``fields`` are those of ``Form``.

    A field's description is its question, its default the slot's. ``Annotated[date, Slot("day",
    needs=…)]`` gives it more; the name and the type are the field's. Raises ``Invalid``.
    """
    slots = tuple(_slot(name, known) for name, known in model.model_fields.items())
    return Form(**{"name": model.__name__.lower(), "slots": slots, **fields})


def _slot(name: str, known: FieldInfo) -> Slot:
    given = next((extra for extra in known.metadata if isinstance(extra, Slot)), None)
    rest = tuple(extra for extra in known.metadata if not isinstance(extra, Slot))
    typed = Annotated[(known.annotation, *rest)] if rest else known.annotation
    default = MISSING if known.is_required() else known.get_default(call_default_factory=True)
    more: Mapping[str, Any] = {} if given is None else _given(given)
    ask = known.description or (given.ask if given is not None else "")
    return Slot(**{"default": default, **more, "name": name, "type": typed, "ask": ask})


def _given(slot: Slot) -> dict[str, Any]:
    names = ("by", "each", "needs", "ask_if", "check", "settle", "hears")
    told = {name: getattr(slot, name) for name in names}
    return told if slot.default is MISSING else {**told, "default": slot.default}


def _in_order(where: str, slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """As declared, but each after those that it needs."""
    left, placed = list(slots), list[Slot]()
    while left:
        there = {slot.name for slot in placed}
        ready = next((slot for slot in left if there.issuperset(slot.needs)), None)
        if ready is None:
            names = ", ".join(slot.name for slot in left)
            raise Invalid(where=where, what=f"the slots {names} need each other in a circle")
        placed.append(ready)
        left.remove(ready)
    return tuple(placed)
