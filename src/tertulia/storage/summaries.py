"""Summaries as rows, and what was said to one audience alone."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from tertulia.orchestrator.events import Event
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId
from tertulia.orchestrator.summaries import Summary
from tertulia.orchestrator.visibility import Reach
from tertulia.storage.codec import from_row
from tertulia.storage.tables import contexts, events, summaries


def keep(connection: sa.Connection, summary: Summary) -> Summary:
    """Write a summary, unless there is one of that range; the one that is kept."""
    row = {
        "room": summary.room,
        "audience": _written(summary.audience) or "",
        "last": summary.last,
        "first": summary.first,
        "text": summary.text,
        "by": summary.by,
        "at": summary.at,
    }
    connection.execute(upsert(summaries).values(row).on_conflict_do_nothing())
    c = summaries.c
    same = sa.and_(c.room == row["room"], c.audience == row["audience"], c.last == row["last"])
    return _from_row(connection.execute(sa.select(summaries).where(same)).one())


def latest(connection: sa.Connection, room: RoomId, reach: Reach | None) -> Sequence[Summary]:
    """The newest summary for each audience, of those within reach; the shortest reaching first."""
    c = summaries.c
    newest = sa.func.row_number().over(partition_by=c.audience, order_by=c.last.desc())
    every = sa.select(summaries, newest.label("place")).where(c.room == room)
    if reach is not None and reach.as_of is not None:
        every = every.where(c.last <= reach.as_of)
    found = every.subquery()
    rows = connection.execute(sa.select(found).where(found.c.place == 1).order_by(found.c.last))
    told = map(_from_row, rows)
    return [s for s in told if reach is None or reach.covers(s.audience, s.first, s.last)]


def said_to(
    connection: sa.Connection, room: RoomId, audience: Audience, after: int, limit: int
) -> Sequence[Event]:
    """The first utterances after a seq that were for exactly this audience."""
    c = events.c
    meant = c.audience.is_(None) if audience is None else c.audience == _written(audience)
    wanted = sa.select(events).where(c.room == room, c.seq > after, c.type == "Said", meant)
    rows = connection.execute(wanted.order_by(c.seq).limit(limit))
    return [from_row(row) for row in rows]


def record(connection: sa.Connection, turn: str, report: str) -> None:
    """Keep what a turn's model was given, in place of what was kept of that turn before."""
    row = upsert(contexts).values(turn=turn, report=report)
    connection.execute(
        row.on_conflict_do_update(index_elements=["turn"], set_={"report": row.excluded.report})
    )


def recorded(connection: sa.Connection, turn: str) -> str | None:
    """What a turn's model was given."""
    found: str | None = connection.scalar(
        sa.select(contexts.c.report).where(contexts.c.turn == turn)
    )
    return found


def _from_row(row: Any) -> Summary:
    audience = None if row.audience == "" else tuple(json.loads(row.audience))
    by = ParticipantId(row.by)
    return Summary(RoomId(row.room), audience, row.first, row.last, row.text, by, row.at)


def _written(audience: Audience) -> str | None:
    return None if audience is None else json.dumps(audience, separators=(",", ":"))
