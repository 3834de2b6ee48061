"""LangChain's standard suites for tools, run over those that are made by `tool`, and MCP's."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from tests.agents.mcp.shops import over_stdio

from tertulia.agents import mcp_tools, tool


@tool(effect="safe_retry", roles=["guest"], timeout_s=5)
async def room_of(guest: str, floor: int = 1) -> str:
    """Look up the room of a guest."""
    return f"{guest} is in {floor}12"


@tool
def bill_of(guest: str) -> dict[str, int]:
    """Look up what a guest owes."""
    return {guest: 350}


class OfAFunctionThatWaits:
    @property
    def tool_constructor(self) -> BaseTool:
        return room_of

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"guest": "Ana"}


class TestFunctionThatWaits(OfAFunctionThatWaits, ToolsUnitTests):
    pass


class TestFunctionThatWaitsAtWork(OfAFunctionThatWaits, ToolsIntegrationTests):
    pass


class OfAPlainFunction(OfAFunctionThatWaits):
    @property
    def tool_constructor(self) -> BaseTool:
        return bill_of


class TestPlainFunction(OfAPlainFunction, ToolsUnitTests):
    pass


class TestPlainFunctionAtWork(OfAPlainFunction, ToolsIntegrationTests):
    pass


@contextmanager
def kept_open(folder: Path) -> Iterator[dict[str, BaseTool]]:
    """The shop's tools, open in an event loop of another thread, as a server would have them."""
    opened: Future[dict[str, BaseTool]] = Future()
    over: Future[asyncio.Event] = Future()

    async def keep() -> None:
        closing = asyncio.Event()
        over.set_result(closing)
        async with mcp_tools({"shop": over_stdio(folder)}) as tools:
            opened.set_result({tool.name: tool for tool in tools})
            await closing.wait()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(keep(),))
    thread.start()
    try:
        yield opened.result(30)
    finally:
        loop.call_soon_threadsafe(over.result().set)
        thread.join()
        loop.close()


class OfAnMcpServer:
    box: dict[str, BaseTool]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _a_server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        with kept_open(tmp_path_factory.mktemp("shop")) as box:
            cls.box = box
            yield

    @property
    def tool_constructor(self) -> BaseTool:
        return self.box["price_of"]

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"article": "tea"}


@pytest.mark.net
class TestMcp(OfAnMcpServer, ToolsUnitTests):
    pass


@pytest.mark.net
class TestMcpAtWork(OfAnMcpServer, ToolsIntegrationTests):
    pass
