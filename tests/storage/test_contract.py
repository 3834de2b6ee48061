"""The contract of the log, over every store of ours."""

import pytest
from tests.storage.contract import LogContract

from tertulia.orchestrator import Log
from tertulia.storage import Memory, MemoryLog, SqlLog


class TestMemoryLog(LogContract):
    @pytest.fixture(autouse=True)
    def _memory(self) -> None:
        self.memory = Memory()

    def open_log(self, owner: str) -> Log:
        return MemoryLog(self.memory)


@pytest.mark.db
class TestSqlLog(LogContract):
    def open_log(self, owner: str) -> Log:
        return SqlLog(f"sqlite:///{self.place / 'talk.db'}", owner=owner)
