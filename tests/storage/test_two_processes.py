"""Two processes on one database: a room has one owner, and who was thought dead writes nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.crash.locks import is_locked
from tests.storage import holder
from tests.storage.recorded import texts, url_of

from tertulia.compose import House, human
from tertulia.orchestrator import Scheduler, WallClock
from tertulia.orchestrator.errors import Elsewhere
from tertulia.storage import SqlLog, verify

pytestmark = [pytest.mark.db, pytest.mark.slow]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "talk.db"


class Holder:
    """A process that holds the room."""

    def __init__(self, path: Path, lease_s: float = 15.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, holder.__file__, url_of(path), str(lease_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def post(self, text: str) -> str:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait(self, reaped: bool) -> None:
        """Wait until it has ended; ``reaped``: and forget it, as a good parent does."""
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)
        if reaped:
            self.process.wait()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def hold() -> Iterator[Callable[..., Holder]]:
    holders: list[Holder] = []

    def begin(path: Path, lease_s: float = 15.0) -> Holder:
        holders.append(Holder(path, lease_s))
        return holders[-1]

    yield begin
    for one in holders:
        one.end()


async def test_the_second_process_is_told_who_holds_the_room(
    path: Path, hold: Callable[..., Holder]
) -> None:
    first, began = hold(path, 10_000.0), time.time()
    async with House(url_of(path)) as house:
        with pytest.raises(Elsewhere, match="talk to that process") as refused:
            await house.room("kitchen", human("Ana"))
        assert f":{first.process.pid}:" in refused.value.owner
        assert refused.value.until > began
        await house.room("garden", human("Ana"))
    assert first.post("still mine") == "said 3"


@pytest.mark.parametrize("reaped", [True, False])
async def test_a_room_is_free_at_once_when_its_process_was_killed(
    path: Path, hold: Callable[..., Holder], reaped: bool
) -> None:
    first = hold(path, 10_000.0)
    assert first.post("last words") == "said 3"
    first.signal(signal.SIGKILL)
    first.wait(reaped)
    async with House(url_of(path)) as house:
        room = await house.room("kitchen", human("Ana"))
        await room.post("ana", "last words", key="last words")
        await room.post("ana", "go on")
        assert await texts(house) == ["last words", "go on"]
    assert verify(url_of(path)).violations == ()


async def taken_over(scheduler: Scheduler) -> None:
    """Try to have the room until its owner's lease has run out."""
    while True:
        try:
            await scheduler.open("kitchen")
        except Elsewhere:
            await asyncio.sleep(0.05)
        else:
            return


def freeze(holder: Holder, path: Path) -> None:
    """Freeze it between two transactions: one that it is in would keep everybody out."""
    while True:
        holder.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, holder.process.pid, os.WSTOPPED)
        if not is_locked(path):
            return
        holder.signal(signal.SIGCONT)
        time.sleep(0.01)


async def test_a_frozen_process_is_taken_over_and_then_fenced(
    path: Path, hold: Callable[..., Holder]
) -> None:
    frozen = hold(path, 0.6)
    assert frozen.post("before the frost") == "said 3"
    freeze(frozen, path)
    scheduler = Scheduler(SqlLog(url_of(path), lease_s=0.6), WallClock())
    await asyncio.wait_for(taken_over(scheduler), 30)
    room = await scheduler.open("kitchen")
    await room.post("ana", "meanwhile", key="meanwhile")
    frozen.signal(signal.SIGCONT)
    told = await asyncio.to_thread(frozen.post, "after the thaw")
    assert told.startswith("Fenced")
    assert "with the same key" in told
    await room.post("ana", "after the thaw", key="after the thaw")
    await scheduler.aclose()
    async with House(url_of(path)) as house:
        assert await texts(house) == ["before the frost", "meanwhile", "after the thaw"]
    assert verify(url_of(path)).violations == ()
