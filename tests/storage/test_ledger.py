"""The contract of the ledger, over every store of ours; and a database that had none."""

from pathlib import Path

import pytest
from tests.storage.ledger_contract import KITCHEN, LedgerContract, effect
from tests.storage.versions import at_revision

from tertulia.orchestrator.ports import Ledger, Log
from tertulia.storage import Memory, MemoryLog, SqlLog


class TestMemoryLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def _memory(self) -> None:
        self.memory = Memory()

    def open_both(self, owner: str) -> tuple[Log, Ledger]:
        log = MemoryLog(self.memory)
        return log, log.ledger


@pytest.mark.db
class TestSqlLedger(LedgerContract):
    def open_both(self, owner: str) -> tuple[Log, Ledger]:
        log = SqlLog(f"sqlite:///{self.place / 'talk.db'}", owner=owner)
        return log, log.ledger


@pytest.mark.db
async def test_a_database_without_a_ledger_is_given_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'talk.db'}"
    at_revision(url, "0001")
    log = SqlLog(url)
    tenure = await log.acquire(KITCHEN)
    await log.ledger.write(effect(), tenure.epoch)
    assert await log.ledger.of_room(KITCHEN, 9) == [effect()]
    await log.close()
