"""Where graphs keep turns that are not finished, so that a crash does not start them again.

LangGraph's own savers do the keeping; here they are opened, closed and swept. A checkpoint is the
truth of one unfinished turn and of nothing else: it goes when the turn has ended. For SQLite it
lives in a file apart from the room's log, which would lose a quarter of its pace.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random

from tertulia.orchestrator.errors import Invalid, StoreUnusable
from tertulia.orchestrator.room import TurnId

BUSY_S = 5.0
"""How long a write waits for another process's."""


class Checkpoints:
    """The unfinished turns of all graphs of this process. Open it with ``async with``."""

    def __init__(
        self, opening: Callable[[], AbstractAsyncContextManager[BaseCheckpointSaver[Any]]]
    ) -> None:
        """Take what opens a saver; see ``at``, ``in_memory`` and ``over``."""
        self._opening = opening
        self._open: AbstractAsyncContextManager[BaseCheckpointSaver[Any]] | None = None
        self._saver: BaseCheckpointSaver[Any] | None = None

    @classmethod
    def at(cls, path: str | Path) -> Self:
        """Keep them in an SQLite file. Opening raises ``StoreUnusable`` if it cannot be used."""
        return cls(lambda: _sqlite(Path(path)))

    @classmethod
    def in_memory(cls) -> Self:
        """Keep them until this object goes: for simulations and tests."""
        return cls.over(InMemorySaver())

    @classmethod
    def over(cls, saver: BaseCheckpointSaver[Any]) -> Self:
        """Keep them with a saver that somebody else opens and closes, for PostgreSQL say."""
        return cls(lambda: _opened(saver))

    async def __aenter__(self) -> Self:
        """Open the saver."""
        self._open = self._opening()
        self._saver = await self._open.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        opened, self._open, self._saver = self._open, None, None
        if opened is not None:
            await opened.__aexit__(kind, error, trace)

    @property
    def saver(self) -> BaseCheckpointSaver[Any]:
        """LangGraph's saver. Raises ``Invalid`` while this is not open."""
        if self._saver is None:
            raise Invalid(where="checkpoints", what="not open; use them in `async with`")
        return self._saver

    async def delete(self, turn: TurnId) -> None:
        """Forget a turn; nothing happens if it is not known."""
        await self.saver.adelete_thread(turn)

    async def unfinished(self) -> set[TurnId]:
        """The turns that something is kept of."""
        return {TurnId(kept.config["configurable"]["thread_id"]) async for kept in self._kept()}

    async def prune(self, still_held: Callable[[], Awaitable[Iterable[TurnId]]]) -> set[TurnId]:
        """Forget every turn that no room holds any more; which ones those were.

        ``still_held`` tells the unfinished turns of *all* rooms whose graphs keep them here. It is
        asked last, so that a turn which begins meanwhile is not taken for one that is over.
        """
        kept = await self.unfinished()
        over = kept - set(await still_held())
        for turn in sorted(over):
            await self.delete(turn)
        return over

    def _kept(self) -> AsyncIterator[Any]:
        return self.saver.alist(None)


@asynccontextmanager
async def _sqlite(path: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open a file. ``NORMAL`` outlives a killed process; a power cut may cost the last steps."""
    await asyncio.to_thread(_try, path)
    async with aiosqlite.connect(path, timeout=BUSY_S) as connection:
        saver = AsyncSqliteSaver(connection)
        await saver.setup()
        await connection.execute("PRAGMA synchronous=NORMAL")
        yield saver


def _try(path: Path) -> None:
    """Find out on a connection of its own: aiosqlite leaves a thread behind when it cannot open."""
    try:
        _write_ahead(path)
    except sqlite3.Error as error:
        hint = "name a file in a folder that can be written, used for checkpoints alone"
        raise StoreUnusable(where=str(path), what=str(error), hint=hint) from error


def _is_locked(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)


@retry(
    retry=retry_if_exception(_is_locked),
    stop=stop_after_delay(BUSY_S),
    wait=wait_random(0.02, 0.2),
    reraise=True,
)
def _write_ahead(path: Path) -> None:
    """Change the file to WAL, which SQLite does not wait for where others open it as well."""
    with closing(sqlite3.connect(path, timeout=BUSY_S)) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchone()


@asynccontextmanager
async def _opened(saver: BaseCheckpointSaver[Any]) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    yield saver
