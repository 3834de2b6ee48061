"""Telemetry is off unless it is asked for: nothing is imported, no thread runs, nothing is kept."""

import threading
import urllib.request

import pytest
from tests.house.test_imports import loaded_after
from tests.telemetry.onlookers import Onlookers

from tertulia.agents.pool.watching import Watchers
from tertulia.orchestrator.errors import Invalid
from tertulia.telemetry import Telemetry

ROOM = """
import asyncio
from tertulia import House, agent, human

async def bo(turn):
    return "Hm."

async def main():
    async with House({}) as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", bo))
        await room.post("ana", "@bo?")
        await room.lapse()

asyncio.run(main())
"""


def test_a_house_that_nobody_watches_imports_nothing_of_it() -> None:
    loaded = loaded_after(ROOM.format(""))
    assert loaded.isdisjoint({"prometheus_client", "opentelemetry", "structlog", "langchain_core"})


def test_commands_that_are_not_watched_import_nothing_of_it() -> None:
    code = (
        "from typer.testing import CliRunner\n"
        "from tertulia.cli import app\n"
        "told = ['rooms', '--db', 'memory:']\n"
        "CliRunner().invoke(app, told)"
    )
    assert loaded_after(code).isdisjoint({"prometheus_client", "opentelemetry", "structlog"})


def test_watching_alone_starts_no_thread(seen: Onlookers) -> None:
    before = set(threading.enumerate())
    with Telemetry(traces="console"):
        assert set(threading.enumerate()) <= before


@pytest.mark.net
def test_what_was_opened_is_closed() -> None:
    before, watchers = set(threading.enumerate()), Watchers.everywhere
    telemetry = Telemetry(port=0, traces="none")
    assert telemetry.served is not None
    (serving,) = set(threading.enumerate()) - before
    with urllib.request.urlopen(telemetry.served.url, timeout=30) as answer:  # noqa: S310 - our own
        assert answer.read() == telemetry.page()
    telemetry.close()
    telemetry.close()
    assert not serving.is_alive()
    assert Watchers.everywhere == watchers


@pytest.mark.net
def test_a_port_that_is_taken_is_said_to_be() -> None:
    with Telemetry(port=0, traces="none") as first:
        assert first.served is not None
        with pytest.raises(Invalid, match="cannot be used"):
            Telemetry(port=first.served.server.server_port)


def test_an_exporter_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(Invalid, match="console, otlp, none"):
        Telemetry(traces="zipkin")
