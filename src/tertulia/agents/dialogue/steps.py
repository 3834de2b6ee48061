"""What one utterance does to a form: ``step``, and nothing else decides it. Pure.

A form is confirmed only as it stands: whatever changes afterwards takes every yes back. Each value
is read by its slot's type when it is given, and checked again whenever another one has changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tertulia.agents.dialogue.filling import (
    Filling,
    Place,
    Stage,
    Standing,
    Voice,
    is_complete,
    survey,
    values_of,
    wrong_with,
)
from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.moves import Move, Says
from tertulia.agents.dialogue.slots import Party, Slot
from tertulia.agents.dialogue.understanding import Fill, Understanding
from tertulia.orchestrator.room import ParticipantId

Moves = tuple[Move, ...]


@dataclass(slots=True)
class _Work:
    """One step while it is being worked out: ``used`` is whether anything came of it."""

    form: Form
    filling: Filling
    parties: tuple[Party, ...]
    by: ParticipantId
    moves: list[Move] = field(default_factory=list)
    used: bool = False
    changed: bool = False
    missed: bool = False

    def say(self, says: Says, slot: str | None = None, **told: Any) -> None:
        self.moves.append(Move(says, self.filling.id, slot, **told))

    def places(self) -> tuple[Place, ...]:
        return survey(self.form, self.filling, self.parties)


def step(
    form: Form, filling: Filling, heard: Understanding, parties: Iterable[Party]
) -> tuple[Filling, Moves]:
    """What a task is after an utterance, and what is to be said about it.

    ``parties`` are those who hear it; nothing counts from anybody else, nor once the task is over.
    """
    work = _Work(form, filling, tuple(parties), heard.by)
    speaker = next((party for party in work.parties if party.id == heard.by), None)
    if speaker is None or filling.stage not in (Stage.FILLING, Stage.CONFIRMING):
        return filling, ()
    if heard.cancels:
        return _cancelled(work, speaker)
    for fill in heard.fills:
        _fill(work, speaker, fill, heard.seq)
    _drop_what_no_longer_fits(work)
    if work.changed:
        work.filling = replace(work.filling, yes=(), stage=Stage.FILLING)
    elif heard.answer is not None and filling.stage is Stage.CONFIRMING and not work.missed:
        _answer(work, speaker, yes=heard.answer)
    return _counted(work, heard)


def prompt_of(
    form: Form, filling: Filling, parties: Iterable[Party], *, again: bool = False
) -> tuple[Filling, Moves]:
    """What a task is waiting for now, said once more (``again``) or for the first time."""
    work = _Work(form, filling, tuple(parties), filling.requester)
    _drop_what_no_longer_fits(work)
    if work.changed:
        work.filling = replace(work.filling, yes=(), stage=Stage.FILLING)
    _ask_next(work)
    moves = [replace(move, reason="again") for move in work.moves] if again else work.moves
    return work.filling, tuple(moves)


def _cancelled(work: _Work, speaker: Party) -> tuple[Filling, Moves]:
    if not work.form.cancel.includes(speaker, work.filling.requester):
        may = work.form.cancel.among(work.parties, work.filling.requester)
        work.say(Says.NOT_YOURS, reason="call it off", who=_ids(may))
        return work.filling, tuple(work.moves)
    work.say(Says.CANCELLED, who=(speaker.id,))
    return replace(work.filling, stage=Stage.CANCELLED, asked=None), tuple(work.moves)


def _fill(work: _Work, speaker: Party, fill: Fill, seq: int) -> None:
    slot = work.form.slot(fill.slot)
    if slot is None:
        return
    if not slot.by.includes(speaker, work.filling.requester):
        may = slot.by.among(work.parties, work.filling.requester)
        work.say(Says.NOT_YOURS, slot.name, who=_ids(may))
        work.used = True
        return
    try:
        value = slot.read(fill.value)
        plain = slot.plain(value)
    except ValueError as error:
        _reject(work, slot, fill.value, str(error))
        return
    settled = values_of(work.places())
    if (problem := wrong_with(slot, value, settled)) is not None:
        _reject(work, slot, value, problem)
        return
    _put(work, slot, Voice(speaker.id, plain, seq), value)


def _reject(work: _Work, slot: Slot, value: Any, reason: str) -> None:
    work.say(Says.REJECTED, slot.name, value=value, reason=reason, who=(work.by,))
    work.missed = True


def _put(work: _Work, slot: Slot, voice: Voice, value: Any) -> None:
    voices = work.filling.voices.get(slot.name, ())
    mine = next((one for one in voices if one.by == voice.by), None)
    work.used = True
    if mine is not None and mine.value == voice.value:
        work.missed = work.missed or _is_disputed(work, slot)  # to insist settles nothing
        return
    others = tuple(one for one in voices if one.by != voice.by)
    known = {**work.filling.voices, slot.name: (*others, voice)}
    work.filling = replace(work.filling, voices=known)
    work.changed = True
    if mine is None:
        work.say(Says.NOTED, slot.name, value=value, who=(voice.by,))
    else:
        before = _read(slot, mine.value)
        work.say(Says.CORRECTED, slot.name, value=value, before=before, who=(voice.by,))


def _is_disputed(work: _Work, slot: Slot) -> bool:
    return any(p.slot is slot and p.standing is Standing.DISPUTED for p in work.places())


def _read(slot: Slot, value: Any) -> Any:
    try:
        return slot.read(value)
    except ValueError:
        return value


def _drop_what_no_longer_fits(work: _Work) -> None:
    """One after the other, since what is dropped may be what another one is checked against."""
    for slot in work.form.slots:
        settled = values_of(work.places())
        for voice in work.filling.voices.get(slot.name, ()):
            try:
                problem = wrong_with(slot, slot.read(voice.value), settled)
            except ValueError as error:
                problem = str(error)
            if problem is not None:
                _drop(work, slot, voice, problem)


def _drop(work: _Work, slot: Slot, voice: Voice, problem: str) -> None:
    left = tuple(one for one in work.filling.voices[slot.name] if one is not voice)
    work.filling = replace(work.filling, voices={**work.filling.voices, slot.name: left})
    work.changed = True
    value = _read(slot, voice.value)
    work.say(Says.DROPPED, slot.name, value=value, reason=problem, who=(voice.by,))


def _answer(work: _Work, speaker: Party, *, yes: bool) -> None:
    who = work.form.confirm
    work.used = True
    if who is None or not who.includes(speaker, work.filling.requester):
        may = () if who is None else who.among(work.parties, work.filling.requester)
        work.say(Says.NOT_YOURS, reason="confirm it", who=_ids(may))
    elif not yes:
        work.filling = replace(work.filling, yes=())
        work.say(Says.CHANGE, who=(speaker.id,))
    elif speaker.id not in work.filling.yes:
        work.filling = replace(work.filling, yes=(*work.filling.yes, speaker.id))


def _counted(work: _Work, heard: Understanding) -> tuple[Filling, Moves]:
    """The step's end: count the miss if it was one, and say what comes next."""
    if not (work.changed or work.missed or work.used or heard.direct):
        return work.filling, ()  # it was not said to us, and nothing of it is ours
    if not (work.changed or work.missed or work.used):
        work.say(Says.UNCLEAR, work.filling.asked, who=(work.by,))
        work.missed = True
    misses = 0 if work.changed or not work.missed else work.filling.misses + 1
    work.filling = replace(work.filling, misses=misses)
    if work.filling.misses >= work.form.patience:
        work.say(Says.STUCK, work.filling.asked, value=values_of(work.places()))
        work.filling = replace(work.filling, stage=Stage.STUCK)
        return work.filling, tuple(work.moves)
    if not any(move.says is Says.CHANGE for move in work.moves):
        _ask_next(work)
    return work.filling, tuple(work.moves)


def _ask_next(work: _Work) -> None:
    places = work.places()
    disputed = next((p for p in places if p.standing is Standing.DISPUTED), None)
    wanted = disputed or next((p for p in places if p.standing is Standing.OPEN), None)
    if wanted is not None:
        _ask(work, wanted)
        return
    confirm = work.form.confirm
    if confirm is None or (is_complete(places) and _is_confirmed(work)):
        work.filling = replace(work.filling, stage=Stage.CONFIRMED, asked=None)
        work.say(Says.CONFIRMED, value=values_of(places), who=work.filling.yes)
        return
    may = confirm.among(work.parties, work.filling.requester)
    missing = tuple(party for party in may if party.id not in work.filling.yes)
    says = Says.AGREED if work.filling.yes else Says.CONFIRM
    work.filling = replace(work.filling, stage=Stage.CONFIRMING, asked=None)
    work.say(says, value=values_of(places), who=_ids(missing))


def _ask(work: _Work, place: Place) -> None:
    name = place.slot.name
    if place.standing is Standing.DISPUTED:
        voices = work.filling.voices[name]
        told = {voice.by: _read(place.slot, voice.value) for voice in voices}
        work.say(Says.DISPUTED, name, value=told, who=_ids(place.of))
    else:
        work.say(Says.ASK, name, who=_ids(place.of))
    work.filling = replace(work.filling, asked=name, stage=Stage.FILLING)


def _is_confirmed(work: _Work) -> bool:
    """Whether it has every yes that it needs, of those who are here."""
    who, filling = work.form.confirm, work.filling
    if who is None:
        return True
    may = {party.id for party in who.among(work.parties, filling.requester)}
    given = may & set(filling.yes)
    return bool(given) and (given == may or not work.form.unanimous)


def _ids(parties: Iterable[Party]) -> tuple[ParticipantId, ...]:
    return tuple(party.id for party in parties)
