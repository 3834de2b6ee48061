"""Forget what is of no use any more: settled effects of turns that are over, and their results.

Nothing looks an effect up again once its turn has ended: an id is handed to a tool again only while
the turn runs. What is uncertain, or may still be at work, stays, whatever its age; so do the log,
and with it all that was said, asked and approved.
"""

from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from tertulia.storage.engine import connect, place
from tertulia.storage.faults import in_our_words
from tertulia.storage.schema import expect
from tertulia.storage.tables import effects, results, turns

BATCH = 1000
"""How many effects go in one transaction: whoever writes meanwhile waits for no more than that."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many effects, and results that were kept whole, are forgotten."""

    effects: int
    results: int

    def as_json(self) -> dict[str, Any]:
        """The figures as a JSON object."""
        return asdict(self)


def prune(url: str, before: float, room: str | None = None) -> Pruned:
    """Forget the effects that were settled ``before`` (Unix seconds) in turns that have ended.

    In one room, or in all of the database at ``url`` (``sqlite:///talk.db``); rooms may be live
    meanwhile, in any process. Raises ``Invalid`` where there is no such file, ``StoreUnusable`` for
    one that is no database of this version, and ``StoreBusy``.
    """
    _look(url)
    engine, gone, some = connect(url), 0, BATCH
    try:
        with in_our_words(place(url)):
            while some == BATCH:
                with engine.begin() as connection:
                    some = _forget_some(connection, before, room)
                gone += some
            with engine.begin() as connection:
                return Pruned(gone, _forget_results(connection))
    finally:
        engine.dispose()


def _look(url: str) -> None:
    """Whether it is there, and ours, before anything is made or written."""
    engine = connect(url, reading=True)
    try:
        with (
            in_our_words(place(url)),
            engine.connect().execution_options(reading=True) as connection,
        ):
            expect(connection, place(url))
    finally:
        engine.dispose()


def _forget_some(connection: sa.Connection, before: float, room: str | None) -> int:
    over = sa.exists().where(turns.c.id == effects.c.turn, turns.c.ended.is_not(None))
    wanted = sa.select(effects.c.number).where(effects.c.settled < before, over)
    if room is not None:
        wanted = wanted.where(effects.c.room == room)
    some = wanted.order_by(effects.c.number).limit(BATCH)
    return connection.execute(effects.delete().where(effects.c.number.in_(some))).rowcount


def _forget_results(connection: sa.Connection) -> int:
    """Those that no effect has any more. A writer writes both in one transaction."""
    used = sa.exists().where(effects.c.whole == results.c.digest)
    return connection.execute(results.delete().where(~used)).rowcount
