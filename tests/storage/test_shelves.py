"""The contract of the shelf, over both of ours."""

import pytest
from tests.storage.shelf_contract import ShelfContract

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
