"""Events and floors as rows and JSON, and back; and the chain of digests that seals a log."""

import json
from dataclasses import fields
from hashlib import blake2b
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tertulia.orchestrator.errors import LogDamaged
from tertulia.orchestrator.events import BODIES, Event, RoomOpened
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId

_BODIES: dict[str, TypeAdapter[Any]] = {name: TypeAdapter(body) for name, body in BODIES.items()}
_AUDIENCE: TypeAdapter[Audience] = TypeAdapter(Audience)
_FLOOR: TypeAdapter[Floor] = TypeAdapter(Floor)

Row = dict[str, Any]


def to_row(event: Event, chain: bytes) -> Row:
    """An event as a row of ``events``, sealed onto ``chain``, the digest of the row before."""
    kind = event.type
    # What the room was opened with is written in full: later defaults must not change old rooms.
    whole = kind == RoomOpened.__name__
    body = _BODIES[kind].dump_json(event.body, exclude_defaults=not whole, warnings="error")
    row = {
        "room": event.room,
        "seq": event.seq,
        "cause": event.cause,
        "at": event.at,
        "type": kind,
        "by": event.by,
        "key": event.key,
        "audience": None
        if event.audience is None
        else _AUDIENCE.dump_json(event.audience).decode(),
        "body": body.decode(),
    }
    row["chain"] = seal(chain, row)
    return row


def from_row(row: Any) -> Event:
    """A row of ``events`` as an event. Raises ``LogDamaged`` when it cannot be read."""
    try:
        body = _BODIES[row.type].validate_json(row.body)
        audience = None if row.audience is None else _AUDIENCE.validate_json(row.audience)
    except (KeyError, ValidationError) as error:
        what = f"{row.type} cannot be read ({type(error).__name__})"
        raise LogDamaged(room=row.room, seq=row.seq, what=what) from error
    by, room = ParticipantId(row.by), RoomId(row.room)
    return Event(room, row.seq, row.cause, row.at, by, body, audience, row.key)


def seal(chain: bytes, row: Row) -> bytes:
    """The digest of a row and of every row of its room before it (16 bytes, BLAKE2b, RFC 7693)."""
    fields = ("room", "seq", "cause", "at", "type", "by", "key", "audience", "body")
    content = repr([row[field] for field in fields])
    return blake2b(content.encode(), digest_size=16, key=chain).digest()


def to_json(event: Event) -> dict[str, Any]:
    """An event as a flat JSON object: ``room, seq, type, by, at``, and what the body holds."""
    body = _BODIES[event.type].dump_python(event.body, mode="json")
    return {
        "room": event.room,
        "seq": event.seq,
        "type": event.type,
        "by": event.by,
        "at": event.at,
        "cause": event.cause,
        "audience": None if event.audience is None else list(event.audience),
        "key": event.key,
        **body,
    }


def floor_to_json(floor: Floor) -> str:
    """A snapshot's text."""
    return _FLOOR.dump_json(floor).decode()


def floor_from_json(text: str) -> Floor:
    """A snapshot, read back; one that an earlier version wrote may lack fields."""
    return _FLOOR.validate_json(text)


def is_whole(text: str) -> bool:
    """Whether a snapshot has every field that a floor has in this version."""
    there = set(json.loads(text))
    return there.issuperset(field.name for field in fields(Floor))
