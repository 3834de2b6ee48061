"""Growing the file of SQLite's write-ahead log once, ahead of what will be written into it.

A commit that makes the file longer waits for the file system's own journal too, which takes several
times as long as the commit itself. SQLite writes over the file from its beginning when all of it
has been checkpointed, so only a young log grows, and a process that lives longer need not wait for
that. Nothing is written by hand: pages that find no room in the cache are spilled into the log, and
a rollback makes them void (https://www.sqlite.org/pragma.html#pragma_cache_spill).
"""

import sqlite3
from pathlib import Path

SPARE = 64
"""Pages beyond those at which SQLite checkpoints: the commit that passes the mark needs some."""

_CACHE = 8
"""Pages that are not spilled meanwhile."""

_FRAME = 24
"""Bytes that go before each page in the log (https://www.sqlite.org/fileformat2.html#walformat)."""


def preallocate(connection: sqlite3.Connection) -> int:
    """Let the log's file be as long as it will be; how many pages it was short of.

    No transaction may be open. Others can read meanwhile, and write after some milliseconds. What
    is committed, and how surely, stays as it is. Raises ``sqlite3.Error``: when the disk is full,
    or somebody else writes for too long. Then the connection has to be closed.
    """
    missing = _missing(connection)
    if missing > 0:
        [cache] = connection.execute("PRAGMA cache_size").fetchone()
        connection.execute(f"PRAGMA cache_size = {_CACHE}")
        connection.execute("BEGIN IMMEDIATE")
        [page] = connection.execute("PRAGMA page_size").fetchone()
        filler = "INSERT INTO results (digest, text) VALUES ('', zeroblob(?))"
        connection.execute(filler, ((missing + _CACHE) * page,))
        connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA cache_size = {cache}")
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # on the disk, once
    return max(missing, 0)


def _missing(connection: sqlite3.Connection) -> int:
    """How many pages the log's file is short of."""
    [page] = connection.execute("PRAGMA page_size").fetchone()
    [mark] = connection.execute("PRAGMA wal_autocheckpoint").fetchone()
    [(_, _, path)] = connection.execute("PRAGMA database_list").fetchall()[:1]
    log = Path(f"{path}-wal")
    there = log.stat().st_size if log.is_file() else 0
    return int(mark) + SPARE - there // (int(page) + _FRAME)
