"""The tasks that an agent has open before one audience: a stack, and what an utterance does to it.

Whoever speaks is in one of them: the one nearest to the top that they asked for or have had part
in, else the topmost that wants something of them. Another person may open another task meanwhile;
when one is over, the one beneath it goes on where it was. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tertulia.agents.dialogue.filling import Filling, Stage, Standing, survey
from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.moves import Move, Says
from tertulia.agents.dialogue.slots import ANYBODY, Party
from tertulia.agents.dialogue.steps import prompt_of, step
from tertulia.agents.dialogue.understanding import Understanding
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import ParticipantId

OPEN = 6
"""Tasks that may be open at once before one audience."""

Forms = Mapping[str, Form]


@dataclass(frozen=True, slots=True)
class Tasks:
    """The open tasks, the one on top last. ``as_of`` is the seq up to which all was understood."""

    as_of: int = 0
    open: tuple[Filling, ...] = ()

    def of(self, task: str) -> Filling | None:
        """The open task with this id."""
        return next((filling for filling in self.open if filling.id == task), None)

    def put(self, filling: Filling) -> "Tasks":
        """The same with a task as it is now; one that is over is open no longer."""
        if filling.stage in (Stage.CANCELLED, Stage.STUCK):
            return self.without(filling.id)
        now = tuple(filling if one.id == filling.id else one for one in self.open)
        return replace(self, open=now)

    def on_top(self, filling: Filling) -> "Tasks":
        """The same with this task on top, as it is now."""
        left = self.without(filling.id)
        return replace(left, open=(*left.open, filling)).put(filling)

    def without(self, task: str) -> "Tasks":
        """The same without that task."""
        return replace(self, open=tuple(one for one in self.open if one.id != task))


_TASKS: TypeAdapter[Tasks] = TypeAdapter(Tasks)


def kept(tasks: Tasks) -> dict[str, Any]:
    """Tasks as plain JSON."""
    plain: dict[str, Any] = _TASKS.dump_python(tasks, mode="json", exclude_defaults=True)
    return plain


def recalled(what: object, forms: Forms) -> Tasks:
    """Tasks from plain JSON; of forms that are no longer there, none. Raises ``Invalid``."""
    try:
        tasks = _TASKS.validate_python(what)
    except ValidationError as error:
        told = str(error).splitlines()[0]
        raise Invalid(where="kept tasks", what=f"cannot be read: {told}") from error
    return replace(tasks, open=tuple(one for one in tasks.open if one.form in forms))


def task_of(tasks: Tasks, forms: Forms, who: Party, parties: Iterable[Party]) -> Filling | None:
    """The task that somebody is in when they speak, if any."""
    return next(iter(tasks_of(tasks, forms, who, parties)), None)


def tasks_of(
    tasks: Tasks, forms: Forms, who: Party, parties: Iterable[Party]
) -> tuple[Filling, ...]:
    """The tasks that somebody may be speaking of, the likeliest first.

    What was asked of them above all just now; what is theirs and waits for them; what else does.
    """
    there = tuple(parties)
    active = [one for one in reversed(tasks.open) if one.stage in (Stage.FILLING, Stage.CONFIRMING)]
    mine = [one for one in active if one.involves(who.id)]
    wants = {one.id: _wants(one, forms[one.form], who, there) for one in active}
    ranked = (
        [one for one in active[:1] if wants[one.id] == _OF_THEM],
        [one for one in mine if wants[one.id]],
        [one for one in active if wants[one.id] == _OF_THEM],
        mine,
        [one for one in active if wants[one.id]],
    )
    return tuple({one.id: one for some in ranked for one in some}.values())


def advance(
    forms: Forms, tasks: Tasks, heard: Understanding, parties: Iterable[Party]
) -> tuple[Tasks, tuple[Move, ...]]:
    """What the tasks are after an utterance, and what is to be said about them."""
    there = tuple(parties)
    tasks = replace(tasks, as_of=max(tasks.as_of, heard.seq))
    speaker = next((party for party in there if party.id == heard.by), None)
    if speaker is None:
        return tasks, ()
    if heard.intent in forms and not heard.cancels:
        return _opened(forms, tasks, heard, speaker, there)
    if heard.intent is not None and not heard.cancels and not heard.fills:
        return tasks, (Move(Says.DIGRESSION, reason=heard.intent, who=(heard.by,)),)
    known = None if heard.task is None else tasks.of(heard.task)
    current = known or task_of(tasks, forms, speaker, there)
    if current is None:
        return tasks, ()
    if heard.cancels and heard.intent in forms:
        named = (one for one in reversed(tasks.open) if one.form == heard.intent)
        current = next(named, current)
    filling, moves = step(forms[current.form], current, heard, there)
    return (tasks.on_top(filling) if moves else tasks.put(filling)), moves


def back_to(
    forms: Forms, tasks: Tasks, who: ParticipantId, parties: Iterable[Party]
) -> tuple[Tasks, tuple[Move, ...]]:
    """Go on with the task that ``who`` is in, after something else: what it waits for, again."""
    there = tuple(parties)
    speaker = next((party for party in there if party.id == who), None)
    current = None if speaker is None else task_of(tasks, forms, speaker, there)
    if current is None:
        return tasks, ()
    filling, moves = prompt_of(forms[current.form], current, there, again=True)
    return tasks.put(filling), (Move(Says.BACK, current.id), *moves)


def _opened(
    forms: Forms, tasks: Tasks, heard: Understanding, who: Party, there: tuple[Party, ...]
) -> tuple[Tasks, tuple[Move, ...]]:
    """A form is wanted: a new task on top, or the same person's that is open already."""
    form = forms[str(heard.intent)]
    same = (one for one in tasks.open if one.form == form.name and one.requester == who.id)
    filling = next(same, None)
    if filling is None and len(tasks.open) >= OPEN:
        return tasks, (Move(Says.FULL, reason=form.name, who=(who.id,)),)
    said: tuple[Move, ...] = ()
    if filling is None:
        filling = Filling(f"{form.name}-{heard.seq}", form.name, who.id)
        said = (Move(Says.OPENED, filling.id, who=(who.id,)),)
    others = tuple(one for one in tasks.open if one.id != filling.id)
    tasks = replace(tasks, open=(*others, filling))
    if heard.fills:
        filling, moves = step(form, filling, heard, there)
    else:
        filling, moves = prompt_of(form, filling, there)
    return tasks.put(filling), (*said, *moves)


_OF_ANYBODY, _OF_THEM = 1, 2


def _wants(filling: Filling, form: Form, who: Party, there: tuple[Party, ...]) -> int:
    """Whether a task waits for something that this person may say, or that they above all may."""
    if filling.stage is Stage.CONFIRMING:
        may = form.confirm is not None and form.confirm.includes(who, filling.requester)
        if not may or who.id in filling.yes:
            return 0
        return _OF_THEM if form.unanimous or form.confirm != ANYBODY else _OF_ANYBODY
    places = survey(form, filling, there)
    open_ones = [p for p in places if p.standing in (Standing.OPEN, Standing.DISPUTED)]
    wanted = [place for place in open_ones if who in place.of]
    named = any(p.slot.each or p.slot.by != ANYBODY for p in wanted)
    return _OF_THEM if named else _OF_ANYBODY if wanted else 0
