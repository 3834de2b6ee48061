"""Which processes are alive: the lease that lets a room be written by one of them at a time.

Liveness is only a hint about when to take a room over. What keeps a zombie from writing is the
epoch, which every append checks in its own transaction.
"""

import os
import socket
import threading
import time
from typing import Any

import psutil
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from tertulia.storage.tables import hosts

LEASE_S = 15.0
BEAT_S = 5.0


def this_process() -> str:
    """This process's name among owners: host, process id, and when it started."""
    return f"{socket.gethostname()}:{os.getpid()}:{psutil.Process().create_time():.2f}"


def is_alive(connection: sa.Connection, owner: str) -> float | None:
    """Until when (Unix seconds) ``owner`` must be believed to be alive; ``None`` if it is not."""
    until: float | None = connection.scalar(sa.select(hosts.c.until).where(hosts.c.id == owner))
    if until is None or until < time.time() or _is_known_dead(owner):
        return None
    return until


def _is_known_dead(owner: str) -> bool:
    host, pid, started = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return False
    try:
        return f"{psutil.Process(int(pid)).create_time():.2f}" != started
    except (psutil.NoSuchProcess, ValueError):
        return True


class Heartbeat:
    """Renews this process's lease, in real time, on a thread of its own (rooms may be virtual)."""

    def __init__(self, engine: Engine, owner: str) -> None:
        """Write the first beat, and go on every ``BEAT_S`` seconds."""
        self._engine, self._owner = engine, owner
        self._ended = threading.Event()
        self._beat()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop, and give the lease up."""
        self._ended.set()
        self._thread.join()
        try:
            with self._engine.begin() as connection:
                connection.execute(hosts.delete().where(hosts.c.id == self._owner))
        except DBAPIError:
            return  # the lease runs out by itself

    def _run(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                self._beat()
            except DBAPIError:
                continue  # busy; the lease lasts for two more beats, and the fence for ever

    def _beat(self) -> None:
        row: dict[str, Any] = {"id": self._owner, "until": time.time() + LEASE_S}
        beat = insert(hosts).values(row)
        with self._engine.begin() as connection:
            connection.execute(
                beat.on_conflict_do_update(index_elements=["id"], set_={"until": row["until"]})
            )
