"""The cost of the ledger is measured (a short run)."""

import pytest

from tertulia.bench.ledger import ledger_cpu_ms_per_call

pytestmark = pytest.mark.db


def test_the_cost_of_a_call_is_measured() -> None:
    assert isinstance(ledger_cpu_ms_per_call(rooms=2, calls=5, rounds=1), float)
