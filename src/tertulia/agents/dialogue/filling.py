"""How far a form has been filled in, as a value: who said what about which slot, and how it stands.

``survey`` looks at all slots in their order and says of each where it stands; everything else
(what is asked next, whether it may be confirmed, what it is used with) follows from that.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tertulia.agents.dialogue.forms import Form
from tertulia.agents.dialogue.slots import MISSING, Party, Settle, Slot
from tertulia.orchestrator.room import ParticipantId


class Stage(StrEnum):
    """How far a task has come."""

    FILLING = "filling"
    CONFIRMING = "confirming"
    CONFIRMED = "confirmed"
    """It may be used."""
    ACTING = "acting"
    """It is being used; whoever finds it so later does not know what became of it."""
    CANCELLED = "cancelled"
    STUCK = "stuck"
    """Somebody has to help: it was not understood too often in a row."""


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody has said about a slot (plain JSON), in the utterance ``seq``."""

    by: ParticipantId
    value: Any
    seq: int


@dataclass(frozen=True, slots=True)
class Filling:
    """One task: a form that is being filled in. ``id`` is its form's name and where it was opened.

    ``voices`` has the last word of each person about each slot; ``asked`` is the slot that was
    asked for last, ``yes`` who has confirmed it as it stands; ``misses`` counts what could not be
    used in a row; ``turn`` is the turn that uses it.
    """

    id: str
    form: str
    requester: ParticipantId
    voices: Mapping[str, tuple[Voice, ...]] = field(default_factory=dict)
    stage: Stage = Stage.FILLING
    asked: str | None = None
    yes: tuple[ParticipantId, ...] = ()
    misses: int = 0
    turn: str | None = None

    def involves(self, who: ParticipantId) -> bool:
        """Whether this person has had part in it."""
        spoke = any(voice.by == who for voices in self.voices.values() for voice in voices)
        return who == self.requester or spoke or who in self.yes


class Standing(StrEnum):
    """Where one slot stands."""

    IDLE = "idle"
    """It is not asked for, as things are."""
    OPEN = "open"
    DISPUTED = "disputed"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slot stands: its typed value if it is settled, ``of`` whom it is still wanted."""

    slot: Slot
    standing: Standing
    value: Any = None
    of: tuple[Party, ...] = ()


def survey(form: Form, filling: Filling, parties: Iterable[Party]) -> tuple[Place, ...]:
    """Where each slot stands, in their order. A voice that cannot be read counts as none."""
    there, values = tuple(parties), dict[str, Any]()
    found: dict[str, Place] = {}
    for slot in form.slots:
        place = _place(slot, filling, there, found, values)
        found[slot.name] = place
        if place.standing is Standing.SETTLED:
            values[slot.name] = place.value
    return tuple(found.values())


def values_of(places: Iterable[Place]) -> dict[str, Any]:
    """The typed values of the slots that are settled; of an ``each`` slot, by participant."""
    return {p.slot.name: p.value for p in places if p.standing is Standing.SETTLED}


def is_complete(places: Iterable[Place]) -> bool:
    """Whether nothing is open or disputed."""
    return not any(p.standing in (Standing.OPEN, Standing.DISPUTED) for p in places)


def wrong_with(slot: Slot, value: Any, settled: Mapping[str, Any]) -> str | None:
    """What the slot's check says of a typed value; nothing, while what it needs is not known."""
    if slot.check is None or not all(name in settled for name in slot.needs):
        return None
    return slot.check(value, {name: settled[name] for name in slot.needs})


def _place(
    slot: Slot,
    filling: Filling,
    there: tuple[Party, ...],
    found: Mapping[str, Place],
    values: Mapping[str, Any],
) -> Place:
    needed = [found[name] for name in slot.needs]
    known = all(place.standing is Standing.SETTLED for place in needed)
    if any(place.standing is Standing.IDLE for place in needed):
        return Place(slot, Standing.IDLE)
    if slot.ask_if is not None:
        wanted = known and slot.ask_if({name: values[name] for name in slot.needs})
        if not wanted:
            return Place(slot, Standing.IDLE)
    may = slot.by.among(there, filling.requester)
    voices = _readable(slot, filling.voices.get(slot.name, ()))
    if slot.each:
        return _each(slot, may, voices)
    if not voices and slot.default is not MISSING:
        return Place(slot, Standing.SETTLED, slot.default)
    if not voices:
        return Place(slot, Standing.OPEN, of=may)
    return _one(slot, filling.requester, there, voices)


def _each(slot: Slot, may: tuple[Party, ...], voices: Mapping[ParticipantId, Any]) -> Place:
    missing = tuple(party for party in may if party.id not in voices)
    if slot.default is not MISSING:
        given = {party.id: voices.get(party.id, slot.default) for party in may}
        return Place(slot, Standing.SETTLED, given)
    if missing or not voices:
        return Place(slot, Standing.OPEN, of=missing or may)
    return Place(slot, Standing.SETTLED, dict(voices))


def _one(
    slot: Slot,
    requester: ParticipantId,
    there: tuple[Party, ...],
    voices: Mapping[ParticipantId, Any],
) -> Place:
    """The one value of several voices (the last is the latest); those who left are outvoted."""
    if slot.settle is Settle.LATEST:
        return Place(slot, Standing.SETTLED, [*voices.values()][-1])
    if slot.settle is Settle.REQUESTER and requester in voices:
        return Place(slot, Standing.SETTLED, voices[requester])
    present = [voices[party.id] for party in there if party.id in voices]
    counted = present or [*voices.values()]
    if all(value == counted[0] for value in counted):
        return Place(slot, Standing.SETTLED, counted[0])
    disputing = tuple(party for party in there if party.id in voices)
    return Place(slot, Standing.DISPUTED, of=disputing)


def _readable(slot: Slot, voices: Iterable[Voice]) -> dict[ParticipantId, Any]:
    read: dict[ParticipantId, Any] = {}
    for voice in sorted(voices, key=lambda one: one.seq):
        try:
            value = slot.read(voice.value)
        except ValueError:  # kept by an earlier version of the form
            continue
        read[voice.by] = value
    return read
