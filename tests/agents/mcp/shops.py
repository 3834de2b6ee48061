"""The shop, opened in this process's stead: over stdio, and over HTTP."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHOP = Path(__file__).parent / "shop_server.py"


def over_stdio(folder: Path, **more: Any) -> dict[str, Any]:
    return {"command": sys.executable, "args": [str(SHOP), str(folder)], **more}


def calls(folder: Path, name: str) -> int:
    """How often the tool of that name was begun, by whatever process."""
    kept = folder / "calls"
    lines = kept.read_text().splitlines() if kept.exists() else []
    return sum(line.split()[0] == name for line in lines)


async def begun(folder: Path, name: str) -> None:
    while not calls(folder, name):  # noqa: ASYNC110 - another process tells, by a file
        await asyncio.sleep(0.01)


@dataclass
class HttpShop:
    """A process that serves the shop on one port, and can be killed and started again."""

    folder: Path
    port: int = 0
    process: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{self.port}/mcp"}

    async def start(self) -> None:
        told = self.folder / "port"
        told.unlink(missing_ok=True)
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SHOP),
            str(self.folder),
            "--http",
            env={**os.environ, "SHOP_PORT": str(self.port)},
        )
        while not told.exists():
            assert self.process.returncode is None, "the shop did not open"
            await asyncio.sleep(0.02)
        self.port = int(told.read_text())

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()


@asynccontextmanager
async def http_shop(folder: Path) -> AsyncIterator[HttpShop]:
    shop = HttpShop(folder)
    await shop.start()
    try:
        yield shop
    finally:
        await shop.kill()
