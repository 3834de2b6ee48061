"""What tools act upon: a world in memory that dies with its process, and the journal it leaves.

A call that writes is idempotent: it bears a key, and its answer stands in the journal once it has
happened. A new process builds the world again from that. So a crash may come between the two and
the room's ledger too: what is in the journal has happened, what is not has not.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from tertulia.orchestrator.errors import Broken, Misbehaved


class World(Protocol):
    """What the tools of one task act upon."""

    def answer(self, by: str, tool: str, arguments: Mapping[str, Any]) -> str:
        """Do it. What goes wrong in the world is an answer too."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A call that has happened. ``times`` is how often it was asked for."""

    key: str
    by: str
    tool: str
    arguments: Mapping[str, Any]
    answer: str
    times: int = 1


class Journal:
    """The calls that have happened in the worlds of all tasks, in an SQLite file.

    A call stands in it durably, whatever becomes of the process, when ``add`` has returned.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, or make it."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA busy_timeout=5000;"
            "CREATE TABLE IF NOT EXISTS calls (place INTEGER PRIMARY KEY, task TEXT, key TEXT, "
            "asker TEXT, tool TEXT, arguments TEXT, answer TEXT, times INTEGER, "
            "UNIQUE (task, key));"
            "CREATE TABLE IF NOT EXISTS ended (task TEXT PRIMARY KEY)"
        )

    def add(self, task: str, entry: Entry) -> None:
        """Write down that a call has happened."""
        arguments = json.dumps(dict(entry.arguments))
        row = (task, entry.key, entry.by, entry.tool, arguments, entry.answer)
        wanted = "INSERT INTO calls (task, key, asker, tool, arguments, answer, times)"
        self._do(f"{wanted} VALUES (?, ?, ?, ?, ?, ?, 1)", row)

    def again(self, task: str, key: str) -> str | None:
        """The answer to a call that has happened, asked for once more; ``None``: it has not."""
        self._do("UPDATE calls SET times = times + 1 WHERE task = ? AND key = ?", (task, key))
        found = self._do("SELECT answer FROM calls WHERE task = ? AND key = ?", (task, key))
        return str(found[0][0]) if found else None

    def of(self, task: str) -> list[Entry]:
        """What has happened in a task's world, in order."""
        columns = "SELECT key, asker, tool, arguments, answer, times FROM calls"
        rows = self._do(f"{columns} WHERE task = ? ORDER BY place", (task,))
        return [Entry(k, by, tool, json.loads(a), said, n) for k, by, tool, a, said, n in rows]

    def end(self, task: str) -> None:
        """Write down that a task has come to its end."""
        self._do("INSERT OR IGNORE INTO ended VALUES (?)", (task,))

    def ended(self) -> set[str]:
        """The tasks that have come to their end."""
        return {task for (task,) in self._do("SELECT task FROM ended", ())}

    def _do(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._connection.close()


class Backend:
    """The world of one task, for one process: it is made again from the journal when first asked.

    Its calls come one at a time. ``make`` gives the world as it was before anything happened.
    """

    def __init__(self, task: str, make: Callable[[], World], journal: Journal) -> None:
        """Make nothing yet."""
        self._task, self._make, self._journal = task, make, journal
        self._lock = threading.Lock()
        self._world: World | None = None

    def read(self, by: str, tool: str, arguments: Mapping[str, Any]) -> str:
        """Ask for something that changes nothing."""
        with self._lock:
            return self._there().answer(by, tool, arguments)

    def write(self, key: str, by: str, tool: str, arguments: Mapping[str, Any]) -> str:
        """Do something, once for each key; asked again, give the answer of then."""
        with self._lock:
            known = self._journal.again(self._task, key)
            if known is not None:
                return known
            answer = self._there().answer(by, tool, arguments)
            self._journal.add(self._task, Entry(key, by, tool, arguments, answer))
            return answer

    def _there(self) -> World:
        if self._world is None:
            self._world = rebuilt(self._make(), self._journal.of(self._task))
        return self._world


def rebuilt(world: World, entries: list[Entry]) -> World:
    """Let happen again what has happened. Raises ``Misbehaved`` if it does not come out the same.

    Then the world is not what its journal says, and nothing that follows could be trusted.
    """
    for entry in entries:
        answer = world.answer(entry.by, entry.tool, entry.arguments)
        if answer != entry.answer:
            what = f"answered {entry.tool} with {answer!r:.80}, and {entry.answer!r:.80} before"
            raise Misbehaved(who="a world", what=what)
    return world


class Unfinished(Broken):
    """The conversation of a task ended before its last word."""

    says = "task {task!r} did not come to its end, in room {room!r}: {what}"
