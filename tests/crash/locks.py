"""Who holds a database."""

import sqlite3
from contextlib import closing
from pathlib import Path


def is_locked(path: Path) -> bool:
    """Whether some process is in the middle of a transaction."""
    with closing(sqlite3.connect(path, timeout=0.02, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
    return False
