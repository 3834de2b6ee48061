"""What the writer says to the database, compiled once.

SQLAlchemy words each statement for the database at hand; run a thousand times a second as they are,
they would cost as much as all else in a turn, so their SQL is kept and handed to the driver.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.engine import Dialect

from tertulia.storage.codec import Row
from tertulia.storage.tables import effects, events, results, rooms, snapshots, turns

MOVE_HEAD = (
    rooms.update()
    .where(rooms.c.id == sa.bindparam("_room"))
    .where(rooms.c.epoch == sa.bindparam("_epoch"))
    .where(rooms.c.head == sa.bindparam("_after"))
    .values(head=sa.bindparam("_head"), chain=sa.bindparam("_chain"))
)
"""The fence: it finds the room only under the newest epoch, and at the seq before the batch."""

ADD_EVENTS = events.insert()

GRANT = turns.insert()

SETTLE = (
    turns.update()
    .where(turns.c.id == sa.bindparam("_turn"))
    .where(turns.c.ended.is_(None))
    .values(ended=sa.bindparam("_ended"), outcome=sa.bindparam("_outcome"))
)
"""A turn that has ended is not found again."""

_KEEP = upsert(snapshots)
KEEP_SNAPSHOT = _KEEP.on_conflict_do_update(
    index_elements=["room"], set_={"seq": _KEEP.excluded.seq, "floor": _KEEP.excluded.floor}
)

_COLUMNS = [column for column in effects.c if column.name != "number"]
_FENCE = sa.exists().where(
    rooms.c.id == sa.bindparam("_room"), rooms.c.epoch == sa.bindparam("_epoch")
)
_WRITE = upsert(effects).from_select(
    [column.name for column in _COLUMNS],
    sa.select(*(sa.bindparam(f"_{column.name}", type_=column.type) for column in _COLUMNS)).where(
        _FENCE
    ),
)
WRITE_EFFECT = _WRITE.on_conflict_do_update(
    index_elements=["id"],
    set_={
        name: _WRITE.excluded[name]
        for name in ("state", "attempt", "arguments", "result", "whole", "settled", "data")
    }
    | {"decided_by": _WRITE.excluded.decided_by},
)
"""An effect begun, or further on; like ``MOVE_HEAD`` it writes only under the newest epoch."""

KEEP_RESULT = upsert(results).on_conflict_do_nothing(index_elements=["digest"])


class Prepared:
    """One statement in a database's own words."""

    __slots__ = ("_order", "_sql")

    def __init__(self, statement: sa.Insert | sa.Update, dialect: Dialect) -> None:
        """Compile it."""
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup

    def run(self, connection: sa.Connection, rows: Sequence[Row]) -> int:
        """Run it for each of ``rows``; how many rows of the table that changed."""
        if self._order is None:
            return connection.exec_driver_sql(self._sql, list(rows)).rowcount
        values = [tuple(row[name] for name in self._order) for row in rows]
        return connection.exec_driver_sql(self._sql, values).rowcount
