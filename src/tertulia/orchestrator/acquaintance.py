"""What a room knows of those in it, folded from the log: profiles, notes, what agents keep."""

from collections.abc import Callable, Mapping
from typing import Any

from tertulia.orchestrator.events import (
    Body,
    Described,
    Event,
    Kept,
    Noted,
    NoteStruck,
    RouterAttached,
    RouterDetached,
)
from tertulia.orchestrator.floor import Floor, Keepsake, Note, revised
from tertulia.orchestrator.headway import came_further
from tertulia.orchestrator.keepsakes import AUDIENCES
from tertulia.orchestrator.routes import equipped


def described(floor: Floor, event: Event, body: Described) -> dict[str, Any]:
    """A profile takes the place of the one before."""
    seat = revised(floor.members[event.by], profile=body.profile)
    return {"members": {**floor.members, event.by: seat}}


def noted(floor: Floor, event: Event, body: Noted) -> dict[str, Any]:
    """A note is kept after those before it."""
    note = Note(event.seq, body.about, event.by, body.text, event.audience)
    kept = floor.notes.get(body.about, ())
    return {"notes": {**floor.notes, body.about: (*kept, note)}}


def struck(floor: Floor, event: Event, body: NoteStruck) -> dict[str, Any]:
    """A note is kept no longer."""
    left = {
        who: tuple(note for note in notes if note.seq != body.note)
        for who, notes in floor.notes.items()
    }
    return {"notes": {who: notes for who, notes in left.items() if notes}}


def kept(floor: Floor, event: Event, body: Kept) -> dict[str, Any]:
    """What an agent keeps takes the place of what it kept for the same audience."""
    others = [k for k in floor.kept if (k.by, k.audience) != (event.by, event.audience)]
    before = next((k.what for k in floor.kept if k not in others), None)
    if body.what:
        others.append(Keepsake(event.by, event.audience, event.seq, body.turn, body.what))
    mine = [k for k in others if k.by == event.by]
    if len(mine) > AUDIENCES:
        others.remove(mine[0])
    further = {} if before == body.what else came_further(floor, body.turn)
    return {"kept": tuple(others), **further}


CHANGES: Mapping[type[Body], Callable[[Floor, Event, Any], dict[str, Any]]] = {
    Described: described,
    Noted: noted,
    NoteStruck: struck,
    Kept: kept,
    RouterAttached: equipped,
    RouterDetached: equipped,
}
"""The function for each kind of event that is about those in the room."""
