"""The file of SQLite's log is grown once, and nothing that is in the database changes by it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.storage.batches import batch_of, said, written
from tests.storage.recorded import url_of

from tertulia.orchestrator.room import RoomId
from tertulia.storage import SqlLog
from tertulia.storage import writer as writer_module
from tertulia.storage.engine import connect
from tertulia.storage.preallocation import preallocate
from tertulia.storage.schema import upgrade
from tertulia.storage.writer import YOUNG

pytestmark = pytest.mark.db

ROOM = RoomId("kitchen")
FULL = 1000 * 4096
"""The least bytes of a log that has been grown: what SQLite checkpoints at."""


def log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "talk.db"
    engine = connect(url_of(found))
    upgrade(engine, "the test")
    engine.dispose()
    return found


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("INSERT INTO results (digest, text) VALUES ('a', 'kept')")
        yield opened


def results(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return connection.execute("SELECT digest, text FROM results").fetchall()


def test_the_log_s_file_is_grown_once_and_what_is_kept_stays(
    path: Path, connection: sqlite3.Connection
) -> None:
    settings = ("cache_size", "synchronous", "journal_mode", "wal_autocheckpoint")
    before = [connection.execute(f"PRAGMA {name}").fetchone() for name in settings]
    assert log_of(path).stat().st_size < FULL / 10
    assert preallocate(connection) > 1000
    grown = log_of(path).stat().st_size
    assert grown >= FULL
    assert preallocate(connection) == 0
    connection.execute("INSERT INTO results (digest, text) VALUES ('b', 'kept too')")
    assert log_of(path).stat().st_size == grown  # written over, from its beginning
    assert results(connection) == [("a", "kept"), ("b", "kept too")]
    assert path.stat().st_size < FULL / 10
    assert [connection.execute(f"PRAGMA {name}").fetchone() for name in settings] == before


def test_a_process_may_be_killed_while_the_file_grows(
    path: Path, connection: sqlite3.Connection, tmp_path: Path
) -> None:
    left = tmp_path / "left.db"

    def kill(sql: str) -> None:
        """What is on the disk before this statement is what a killed process leaves."""
        if sql == "ROLLBACK":
            assert log_of(path).stat().st_size >= FULL
            shutil.copy(path, left)
            shutil.copy(log_of(path), log_of(left))

    connection.set_trace_callback(kill)
    preallocate(connection)
    with closing(sqlite3.connect(left)) as found:
        assert results(found) == [("a", "kept")]


def test_others_read_while_the_file_grows(path: Path, connection: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert results(other) == [("a", "kept")]
        preallocate(connection)
        connection.execute("UPDATE results SET text = 'changed'")
        assert results(other) == [("a", "kept")]
        other.execute("COMMIT")
        assert results(other) == [("a", "changed")]


async def size_after(path: Path, batches: int) -> int:
    """Append so many batches, each when the one before is durable; the size of the log then."""
    log = SqlLog(url_of(path))
    tenure = await log.acquire(ROOM)
    for number in range(tenure.head, tenure.head + batches):
        await log.append(batch_of(tenure, number, said(f"{number}")))
    size = log_of(path).stat().st_size
    assert await written(log, ROOM) == [f"{number}" for number in range(tenure.head + batches)]
    await log.release(ROOM, tenure.epoch)
    await log.close()
    return size


async def test_only_a_writer_that_goes_on_has_the_file_grown(path: Path) -> None:
    assert await size_after(path, YOUNG // 2) < FULL / 2
    assert await size_after(path, YOUNG + 1) >= FULL


async def test_where_the_file_cannot_be_grown_everything_is_written_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[sqlite3.Connection] = []

    def fail(connection: sqlite3.Connection) -> int:
        asked.append(connection)
        connection.execute("BEGIN IMMEDIATE")
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(writer_module, "preallocate", fail)
    assert await size_after(path, 2 * YOUNG) < FULL / 2
    assert len(asked) == 1
