"""What is read from the tables in more than one place: lists, and what one participant may see."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from tertulia.orchestrator.ports import RoomSummary
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId
from tertulia.orchestrator.visibility import Reach, Sight
from tertulia.storage.tables import events, rooms


def within(sight: Sight) -> sa.ColumnElement[bool]:
    """The condition on ``events`` that says what ``visibility.Sight.sees`` says."""
    c = events.c
    handle = f'"{sight.who}"'  # no handle has a sign in it that JSON writes in another way
    meant = sa.or_(c.audience.is_(None), c.audience.contains(handle, autoescape=True))
    there = [
        c.seq >= stay.since
        if stay.until is None
        else sa.and_(c.seq >= stay.since, c.seq <= stay.until)
        for stay in sight.stays
    ]
    return sa.and_(meant, sa.or_(sa.false(), *there))


def reached(
    reach: Reach,
    audience: sa.ColumnElement[str | None],
    first: sa.ColumnElement[int],
    last: sa.ColumnElement[int],
) -> sa.ColumnElement[bool]:
    """The condition that says what ``visibility.Reach.covers`` says."""
    in_a_stay = [
        first >= stay.since
        if stay.until is None
        else sa.and_(first >= stay.since, last <= stay.until)
        for stay in reach.sight.stays
    ]
    known = [] if reach.as_of is None else [last <= reach.as_of]
    meant = for_all_of(audience, reach.hearers, reach.sight.who)
    return sa.and_(meant, sa.or_(sa.false(), *in_a_stay), *known)


def for_all_of(
    audience: sa.ColumnElement[str | None], hearers: Audience, who: ParticipantId
) -> sa.ColumnElement[bool]:
    """The condition that something is meant for ``who``, and for all of ``hearers``."""
    if hearers is None:
        return audience.is_(None)
    each = {who, *hearers}
    meant = (audience.contains(f'"{one}"', autoescape=True) for one in sorted(each))
    return sa.or_(audience.is_(None), sa.and_(*meant))


def listed(connection: sa.Connection) -> Sequence[RoomSummary]:
    """Every room, by name."""
    first = sa.and_(events.c.room == rooms.c.id, events.c.seq == 1, events.c.type == "RoomOpened")
    wanted = sa.select(rooms.c.id, rooms.c.head, rooms.c.owner, events.c.body)
    rows = connection.execute(wanted.outerjoin(events, first).order_by(rooms.c.id))
    return [
        RoomSummary(RoomId(row.id), row.head, row.owner, _parent(row.body or "{}")) for row in rows
    ]


def _parent(opened: str) -> RoomId | None:
    """The parent in the body of a room's first event; of one that cannot be read, none."""
    try:
        return RoomId(found) if isinstance(found := json.loads(opened).get("parent"), str) else None
    except (ValueError, AttributeError):
        return None
