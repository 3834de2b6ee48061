"""LangGraph's own suite for savers, over the savers as we open them.

It leaves out in silence what a saver does not implement, so each test says what has to have run.
"""

from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.conformance.capabilities import BASE_CAPABILITIES
from langgraph.checkpoint.conformance.initializer import RegisteredCheckpointer
from langgraph.checkpoint.conformance.report import CapabilityReport
from langgraph.checkpoint.conformance.validate import validate

from tertulia.graphs import Checkpoints

pytestmark = pytest.mark.db

NEEDED = {"put", "put_writes", "get_tuple", "list", "delete_thread"}
"""What the engine itself calls: begin, go on, sweep, forget."""


async def report_on(opening: Callable[[], Checkpoints]) -> CapabilityReport:
    async def saver() -> AsyncGenerator[BaseCheckpointSaver[Any], None]:
        async with opening() as opened:
            yield opened.saver

    return await validate(RegisteredCheckpointer("ours", saver))


def ran(report: CapabilityReport) -> set[str]:
    """The capabilities that were tested at all."""
    return {name for name, result in report.results.items() if result.tests_passed}


def failures(report: CapabilityReport) -> list[str]:
    return [told for result in report.results.values() for told in result.failures]


def test_the_suite_asks_for_no_less_than_we_need() -> None:
    assert {capability.value for capability in BASE_CAPABILITIES} == NEEDED


async def test_the_sqlite_file_conforms(tmp_path: Path) -> None:
    opened = iter(range(100))
    report = await report_on(lambda: Checkpoints.at(tmp_path / f"{next(opened)}.checkpoints"))
    assert failures(report) == []
    assert ran(report) == NEEDED


async def test_the_memory_conforms() -> None:
    report = await report_on(Checkpoints.in_memory)
    assert failures(report) == []
    assert ran(report) == NEEDED
