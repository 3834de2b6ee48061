"""Which processes are alive: the lease that lets a room be written by one of them at a time.

Liveness is only a hint about when to take a room over. What keeps a zombie from writing is the
epoch, which every append checks in its own transaction.
"""

import os
import re
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
"""How long a process is believed to be alive after its last beat, in seconds."""

BEATS = 3
"""How often a lease is renewed before it would run out: two beats may be missed."""

_NAMED = re.compile(r"(?P<host>.+):(?P<pid>\d+):(?P<started>[\d.]+)")


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
    named = _NAMED.fullmatch(owner)
    if named is None or named["host"] != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(named["pid"]))
        ended = process.status() == psutil.STATUS_ZOMBIE  # only its parent has not noticed yet
        return ended or f"{process.create_time():.2f}" != named["started"]
    except psutil.NoSuchProcess:
        return True


class Heartbeat:
    """Renews this process's lease, in real time, on a thread of its own (rooms may be virtual)."""

    def __init__(self, engine: Engine, owner: str, lease_s: float) -> None:
        """Write the first beat, and go on, ``BEATS`` times in ``lease_s`` seconds."""
        self._engine, self._owner, self._lease_s = engine, owner, lease_s
        self._ended = threading.Event()
        self._beat()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beat no more; the lease runs out by itself."""
        self._ended.set()
        self._thread.join()

    def end(self) -> None:
        """Stop, and give the lease up."""
        self.stop()
        try:
            with self._engine.begin() as connection:
                connection.execute(hosts.delete().where(hosts.c.id == self._owner))
        except DBAPIError:
            return  # the lease runs out by itself

    def _run(self) -> None:
        while not self._ended.wait(self._lease_s / BEATS):
            try:
                self._beat()
            except DBAPIError:
                continue  # busy; the lease outlasts a missed beat, and the fence everything

    def _beat(self) -> None:
        now = time.time()
        row: dict[str, Any] = {"id": self._owner, "until": now + self._lease_s}
        beat = insert(hosts).values(row)
        with self._engine.begin() as connection:
            connection.execute(hosts.delete().where(hosts.c.until < now))
            connection.execute(
                beat.on_conflict_do_update(index_elements=["id"], set_={"until": row["until"]})
            )
