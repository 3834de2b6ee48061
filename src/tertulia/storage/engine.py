"""Connections to the database, set up so that what is committed stays committed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random

from tertulia.orchestrator.errors import Invalid, StoreBusy

T = TypeVar("T")

BUSY_S = 5.0
"""How long a writer waits for another process's transaction, in seconds."""


def connect(url: str, *, reading: bool = False) -> Engine:
    """An engine for ``url`` (``sqlite:///file.db``); ``reading``: for a file that is there already.

    Raises ``Invalid`` for what we do not speak, or where there is nothing to read.
    """
    target = _read_only(_parsed(url)) if reading else _parsed(url)
    engine = sa.create_engine(target, connect_args={"timeout": BUSY_S, "check_same_thread": False})
    sa.event.listen(engine, "connect", _begin_ourselves if reading else _set_up)
    sa.event.listen(engine, "begin", _begin_immediate)
    return engine


def patiently(opened: Callable[[], T]) -> T:
    """Open what others open at the same moment: SQLite's change to WAL does not wait for them.

    Raises ``StoreBusy`` where they take longer than ``BUSY_S``.
    """
    trying = Retrying(
        retry=retry_if_exception_type(StoreBusy),
        stop=stop_after_delay(BUSY_S),
        wait=wait_random(0.02, 0.2),
        reraise=True,
    )
    return trying(opened)


def place(url: str) -> str:
    """Where a database is, for people to read, without a password."""
    return _parsed(url).render_as_string(hide_password=True)


def _parsed(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError:
        what = "not a database URL; write sqlite:///talk.db"
        raise Invalid(where=f"database {url!r}", what=what) from None
    if (
        target.get_backend_name() != "sqlite"
        or not target.database
        or target.database == ":memory:"
    ):
        what = "write sqlite:///talk.db, or memory: for a log that is forgotten"
        raise Invalid(where=f"database {target.render_as_string()!r}", what=what)
    return target


def _read_only(target: URL) -> URL:
    path = target.database or ""
    if not path.startswith("file:"):
        if not Path(path).is_file():
            raise Invalid(where=f"database {target.render_as_string()!r}", what="no such file")
        target = target.set(database=Path(path).absolute().as_uri())
    return target.update_query_dict({"mode": "ro", "uri": "true"})


def _begin_ourselves(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so, below


def _set_up(connection: Any, record: object) -> None:
    _begin_ourselves(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
