"""The contract of the shelf, over both of ours."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.storage.shelf_contract import ShelfContract, passage

from tertulia.orchestrator import Log
from tertulia.orchestrator.ports import Shelf
from tertulia.storage import SqlLog, SqlShelf, VolatileShelf


class TestVolatileShelf(ShelfContract):
    def open_shelf(self) -> tuple[Shelf, Log | None]:
        return VolatileShelf(), None


@pytest.mark.db
class TestSqlShelf(ShelfContract):
    def open_shelf(self) -> tuple[Shelf, Log | None]:
        log = SqlLog(f"sqlite:///{self.place / 'talk.db'}")
        SqlShelf(log, "another").put([])
        return SqlShelf(log, "books"), log


@pytest.mark.db
async def test_of_what_is_taken_no_word_stays_in_the_index(tmp_path: Path) -> None:
    log = SqlLog(f"sqlite:///{tmp_path / 'talk.db'}")
    shelf = SqlShelf(log, "books")
    shelf.put([passage("a", "Secret tea."), passage("b", "Open tea.")])
    shelf.take(["a"])
    with closing(sqlite3.connect(tmp_path / "talk.db")) as connection:
        found = "SELECT count(*) FROM passage_words WHERE words MATCH ?"
        assert connection.execute(found, ["secret"]).fetchall() == [(0,)]
        assert connection.execute(found, ["tea"]).fetchall() == [(1,)]
    await log.close()
