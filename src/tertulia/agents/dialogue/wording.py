"""Moves in words: plain English sentences, one for each kind of move. Pure.

Hand in a ``Wording`` of your own for another language or another manner: a mapping from the kind of
move to what makes a sentence of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from typing import Any, TypeAlias

from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.moves import Move, Says
from tertulia.agents.dialogue.readers import choices_of, kind_of
from tertulia.agents.dialogue.slots import ANYBODY, Slot
from tertulia.orchestrator.room import ParticipantId


@dataclass(frozen=True, slots=True)
class Told:
    """A move with what its sentence needs: the form it is about, and everybody's names."""

    move: Move
    form: Form | None
    names: Mapping[ParticipantId, str]

    @property
    def who(self) -> str:
        """Those whom it is about, by name."""
        return listed([self.names.get(who, who) for who in self.move.who])

    @property
    def slot(self) -> Slot | None:
        """The slot that it is about."""
        return None if self.form is None else self.form.slot(self.move.slot)

    @property
    def title(self) -> str:
        """What its task is called."""
        return "that" if self.form is None else self.form.called

    def pairs(self) -> str:
        """Several values, each with its name."""
        values: Mapping[Any, Any] = self.move.value or {}
        known = {k: v for k, v in values.items() if v is not None}
        return "; ".join(f"{self._named(key)} {shown(v, self.names)}" for key, v in known.items())

    def _named(self, key: Any) -> str:
        return str(self.names.get(key, str(key).replace("_", " ")))


Sentence: TypeAlias = Callable[[Told], str]
Wording: TypeAlias = Mapping[Says, Sentence]


def worded(
    moves: Iterable[Move],
    forms: Mapping[str, Form],
    names: Mapping[ParticipantId, str],
    wording: Wording,
) -> str:
    """What is said for these moves, in their order."""
    said: list[str] = []
    for move in moves:
        form = forms.get(move.task.rpartition("-")[0]) or forms.get(move.reason)
        sentence = wording.get(move.says)
        text = "" if sentence is None else sentence(Told(move, form, names))
        if text and text not in said:
            said.append(text)
    return " ".join(said)


def shown(value: Any, names: Mapping[ParticipantId, str] | None = None) -> str:
    """A value as people read it."""
    if isinstance(value, Mapping):
        known = names or {}
        return listed([f"{known.get(who, who)} {shown(one)}" for who, one in value.items()])
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return f"{shown(value.date())} at {value:%H:%M}"
    if isinstance(value, date):
        return f"{value:%A}, {value.day} {value:%B}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple | set | frozenset):
        return listed([shown(one) for one in value])
    return str(value)


def listed(words: Iterable[str]) -> str:
    """Words with commas, and an "and" before the last."""
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last


def _noted(told: Told) -> str:
    slot = told.slot
    if slot is None:
        return ""
    by = f" ({told.who})" if slot.each or slot.by != ANYBODY else ""
    return f"Noted: {slot.shown} {shown(told.move.value)}{by}."


def _corrected(told: Told) -> str:
    name = "" if told.slot is None else told.slot.shown
    return f"Changed: {name} {shown(told.move.value)} instead of {shown(told.move.before)}."


def _rejected(told: Told) -> str:
    name = "that" if told.slot is None else told.slot.shown
    return f"I cannot take {shown(told.move.value)} for the {name}: {told.move.reason}."


def _dropped(told: Told) -> str:
    name = "that" if told.slot is None else told.slot.shown
    return f"Then {shown(told.move.value)} no longer works for the {name}: {told.move.reason}."


def _not_yours(told: Told) -> str:
    who = told.who or "somebody who is not here"
    if told.slot is not None:
        return f"Only {who} can say the {told.slot.shown}."
    return f"Only {who} can {told.move.reason}."


def _ask(told: Told) -> str:
    slot = told.slot
    if slot is None:
        return ""
    if not told.move.who:
        return f"Nobody here can say the {slot.shown}."
    choices = sorted({str(one) for one in choices_of(kind_of(slot.type)).values()})
    hint = f" ({', '.join(choices)})" if told.move.reason == "again" and choices else ""
    named = slot.each or slot.by != ANYBODY
    return f"{told.who}: {slot.question}{hint}" if named else f"{slot.question}{hint}"


def _disputed(told: Told) -> str:
    name = "that" if told.slot is None else told.slot.shown
    values: Mapping[Any, Any] = told.move.value or {}
    said = [f"{told.names.get(who, who)} says {shown(value)}" for who, value in values.items()]
    return f"For the {name}, {listed(said)}. Which is it?"


def _confirm(told: Told) -> str:
    title = told.title[:1].upper() + told.title[1:]
    asked = f"{told.who}, is" if told.who else "Is"
    return f"{title}: {told.pairs()}. {asked} that right?"


def _agreed(told: Told) -> str:
    if told.move.reason == "again":
        return _confirm(told)
    return f"Thank you. {told.who}, do you agree as well?"


def _help(told: Told) -> str:
    known = f" Until now: {told.pairs()}." if told.move.value else ""
    return f"I am stuck with {told.title}.{known}" + (
        f" {told.move.reason}" * bool(told.move.reason)
    )


ENGLISH: Wording = {
    Says.NOTED: _noted,
    Says.CORRECTED: _corrected,
    Says.REJECTED: _rejected,
    Says.DROPPED: _dropped,
    Says.NOT_YOURS: _not_yours,
    Says.ASK: _ask,
    Says.DISPUTED: _disputed,
    Says.CONFIRM: _confirm,
    Says.CHANGE: lambda told: "What should I change?",
    Says.AGREED: _agreed,
    Says.UNCLEAR: lambda told: "I did not understand that.",
    Says.DONE: lambda told: told.move.reason or f"Done: {told.title}.",
    Says.UNKNOWN: lambda told: (
        f"Something went wrong in the middle of {told.title}, and I do not know whether it was "
        "done. Please check before you ask for it again."
    ),
    Says.CANCELLED: lambda told: f"I have dropped {told.title}.",
    Says.STUCK: _help,
    Says.BACK: lambda told: f"Back to {told.title}:",
    Says.FULL: lambda told: "There is too much open already: finish or cancel something first.",
    Says.ELSEWHERE: lambda told: (
        f"{told.title[:1].upper() + told.title[1:]} is for all of you to talk over: say it to "
        "everybody, and I will put it in. Nobody hears it from me."
    ),
}
"""English, for rooms that say nothing else."""
