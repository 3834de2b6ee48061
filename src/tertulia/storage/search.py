"""Finding what was said: an index that follows the log when somebody searches, never before.

A turn pays nothing for it. Who searches brings the index up to date first, a part at a time, so
that rooms that are talking can write in between; what is only a few events behind is read instead.
The number of an utterance in the index is its room's number and its seq, so that a room is a range.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from tertulia.orchestrator.events import Event, Uptake
from tertulia.orchestrator.query import Query, words_of
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.visibility import Reach
from tertulia.storage.codec import from_row
from tertulia.storage.fulltext import FullText
from tertulia.storage.tables import events, rooms, searchable
from tertulia.storage.views import reached

PART = 1_000
"""How many utterances are indexed in one transaction: about 20 ms of the writer's time."""
BEHIND = 256
"""How many events behind the log the index may be before it is brought up to date."""

_SEQS = 2**32
_WORDS = FullText("utterance_words")


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for, and where: the last ``limit`` utterances before the seq ``before``."""

    room: RoomId
    query: Query
    reach: Reach | None
    limit: int
    before: int | None = None


def behind(connection: sa.Connection, room: RoomId) -> int:
    """How many events of a room the index lacks."""
    head: int = connection.scalar(sa.select(rooms.c.head).where(rooms.c.id == room)) or 0
    return head - _indexed(connection, room)[1]


def index_more(connection: sa.Connection, room: RoomId) -> bool:
    """Index the next utterances of a room, for the writer; whether there may be more."""
    number, seq = _indexed(connection, room)
    head: int = connection.scalar(sa.select(rooms.c.head).where(rooms.c.id == room)) or 0
    if number is None:
        last: int = connection.scalar(sa.select(sa.func.max(searchable.c.number))) or 0
        number = last + 1
    c = events.c
    wanted = sa.select(c.seq, c.body).where(c.room == room, c.seq > seq, c.type == "Said")
    found = connection.execute(wanted.order_by(c.seq).limit(PART)).all()
    texts = ((number * _SEQS + row.seq, json.loads(row.body)) for row in found)
    _WORDS.add(connection, ((at, said["text"]) for at, said in texts if not _taken_back(said)))
    seq = found[-1].seq if len(found) == PART else head
    mark = upsert(searchable).values(room=room, number=number, seq=seq)
    connection.execute(mark.on_conflict_do_update(index_elements=["room"], set_={"seq": seq}))
    return seq < head


def search(connection: sa.Connection, sought: Sought) -> list[Event]:
    """The utterances that are found, newest first: those not indexed yet, then the others."""
    number, seq = _indexed(connection, sought.room)
    found = _read(connection, sought, seq)
    if number is not None and len(found) < sought.limit:
        found += _looked_up(connection, sought, number, sought.limit - len(found))
    return found


def _read(connection: sa.Connection, sought: Sought, after: int) -> list[Event]:
    found: list[Event] = []
    rows = connection.execute(
        sa.select(events)
        .where(events.c.seq > after, *_conditions(sought))
        .order_by(events.c.seq.desc())
    )
    for row in rows:
        said = json.loads(row.body)
        if not _taken_back(said) and sought.query.matches(words_of(said["text"])):
            found.append(from_row(row))
            if len(found) == sought.limit:
                break
    rows.close()
    return found


def _looked_up(
    connection: sa.Connection, sought: Sought, number: int, limit: int
) -> Sequence[Event]:
    first = number * _SEQS
    at = _WORDS.table.c.rowid
    before = _SEQS if sought.before is None else max(0, min(sought.before, _SEQS))
    wanted = (
        sa.select(events)
        .select_from(_WORDS.table.join(events, events.c.seq == at - first))
        .where(_WORDS.found(sought.query, connection.dialect.name))
        .where(at > first, at < first + before, *_conditions(sought))
        .order_by(at.desc())
        .limit(limit)
    )
    return [from_row(row) for row in connection.execute(wanted)]


def _conditions(sought: Sought) -> list[sa.ColumnElement[bool]]:
    c = events.c
    conditions = [c.room == sought.room, c.type == "Said"]
    if sought.before is not None:
        conditions.append(c.seq < sought.before)
    if sought.reach is not None:
        conditions.append(reached(sought.reach, c.audience, c.seq, c.seq))
    return conditions


def _indexed(connection: sa.Connection, room: RoomId) -> tuple[int | None, int]:
    """A room's number in the index, and up to which seq it is there."""
    c = searchable.c
    row = connection.execute(sa.select(c.number, c.seq).where(c.room == room)).one_or_none()
    return (None, 0) if row is None else (row.number, row.seq)


def _taken_back(said: dict[str, object]) -> bool:
    return said.get("uptake") == Uptake.RETRACTED
