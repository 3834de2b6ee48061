"""A database that cannot be used says whose fault it is and what to do; nothing told is lost."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.storage.recorded import altered, record, texts, url_of

from tertulia.compose import House, agent, human
from tertulia.orchestrator import RoomSettings, Turn
from tertulia.orchestrator.errors import (
    Invalid,
    StoreBusy,
    StoreUnusable,
    Unreachable,
)
from tertulia.storage import SqlLog, verify
from tertulia.storage import engine as engine_module
from tertulia.storage import log as log_module

pytestmark = pytest.mark.db

ROOMY = 1_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "talk.db"


# ---- locked

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
"""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Somebody else's process has the database to itself."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        try:
            yield
        finally:
            process.communicate("\n")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "BUSY_S", 0.1)


@pytest.mark.usefixtures("impatient")
async def test_who_finds_it_locked_may_try_again_with_the_same_key(path: Path) -> None:
    async with House(SqlLog(url_of(path), lease_s=10_000.0)) as house:  # no beat is in the way
        room = await house.room("kitchen", human("Ana"))
        await room.post("ana", "before", key="1")
        with locked(path), pytest.raises(StoreBusy, match="same key") as refused:
            await room.post("ana", "meanwhile", key="2")
        assert isinstance(refused.value, Unreachable)
        event = await room.post("ana", "meanwhile", key="2")
        assert await room.post("ana", "meanwhile", key="2") == event
        assert await texts(house) == ["before", "meanwhile"]
    assert verify(url_of(path)).violations == ()


@pytest.mark.usefixtures("impatient")
async def test_an_agent_s_turn_outlasts_a_lock(path: Path) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def waits(turn: Turn) -> str:
        started.set()
        await finish.wait()
        return "an answer"

    async with House(url_of(path)) as house:
        room = await house.room("kitchen", human("Ana"), agent("Bo", waits))
        await room.post("ana", "@bo?")
        await started.wait()
        with locked(path):
            finish.set()
            await asyncio.sleep(0.3)
        await asyncio.wait_for(room.lapse(), 30)
        assert await texts(house) == ["@bo?", "an answer"]
    assert verify(url_of(path)).violations == ()


@pytest.mark.usefixtures("impatient")
async def test_opening_it_locked_says_so(path: Path) -> None:
    await record(path, rounds=1)
    with locked(path), pytest.raises(StoreBusy, match=r"talk\.db is locked"):
        SqlLog(url_of(path))


# ---- full


class Disk:
    """A disk whose size is set, by the number of pages that SQLite may use on it."""

    def __init__(self) -> None:
        self.connections: list[sqlite3.Connection] = []
        self.pages = ROOMY

    def connect(self, url: str) -> sa.Engine:
        engine = engine_module.connect(url)

        @sa.event.listens_for(engine, "connect")
        def keep(connection: Any, record: object) -> None:
            self.connections.append(connection)
            connection.execute(f"PRAGMA max_page_count = {self.pages}")

        return engine

    def holds(self, pages: int) -> None:
        self.pages = pages
        for connection in self.connections:
            connection.execute(f"PRAGMA max_page_count = {pages}")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(log_module, "connect", disk.connect)
    return disk


async def fill(house: House) -> list[str]:
    """Talk until the disk is full; what was acknowledged until then, and what was refused."""
    room = await house.room("kitchen")
    kept: list[str] = []
    for number in range(10_000):
        text = f"{number} " + "x" * 2000
        try:
            await room.post("ana", text, key=str(number))
        except StoreUnusable as error:
            assert "the disk is full; make room" in str(error)  # noqa: PT017  # one of many posts
            return [*kept, text]
        kept.append(text)
    raise AssertionError("the disk was never full")


async def test_on_a_full_disk_nothing_acknowledged_is_lost(path: Path, disk: Disk) -> None:
    async with House(url_of(path)) as house:
        room = await house.room("kitchen", human("Ana"))
        disk.holds(60)
        *kept, refused = await fill(house)
        assert len(kept) > 5
        assert await texts(house) == kept
        disk.holds(ROOMY)
        await room.post("ana", refused, key=str(len(kept)))
        assert await texts(house) == [*kept, refused]
    assert verify(url_of(path)).violations == ()


async def test_a_house_with_a_full_disk_can_be_left(path: Path, disk: Disk) -> None:
    silent = asyncio.Event()

    async def waits(turn: Turn) -> str:
        await silent.wait()
        return "an answer " + "y" * 9000

    house = House(url_of(path))
    settings = RoomSettings(policy={"name": "addressed"})
    room = await house.room("kitchen", human("Ana"), agent("Bo", waits), settings=settings)
    disk.holds(60)
    await room.post("ana", "@bo?")
    kept = (await fill(house))[:-1]
    silent.set()
    await asyncio.wait_for(house.scheduler.aclose(grace_s=0.3), 30)
    disk.pages = ROOMY
    async with House(url_of(path)) as again:
        room = await again.room("kitchen", human("Ana"), agent("Bo", waits))
        await asyncio.wait_for(room.lapse(), 30)
        *before, answer = await texts(again)
    assert before == ["@bo?", *kept]
    assert answer.startswith("an answer")
    assert verify(url_of(path)).violations == ()


# ---- read-only

POWERLESS = """
import asyncio, os, sys, tempfile
from tertulia.orchestrator import TertuliaError
from tertulia.storage import SqlLog
with tempfile.TemporaryDirectory() as folder:  # so that everything is imported by now
    asyncio.run(SqlLog(f"sqlite:///{folder}/talk.db").close())
if os.geteuid() == 0:  # permissions bind everybody else
    os.setgroups([]); os.setegid(65534); os.seteuid(65534)
try:
    SqlLog(sys.argv[1])
except TertuliaError as error:
    print(type(error).__name__, error)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def told_to_the_powerless(path: Path) -> str:
    """What somebody is told who opens a database with no more rights than the permissions give."""
    told = subprocess.run(
        [sys.executable, "-c", POWERLESS, url_of(path)], capture_output=True, text=True, check=False
    )
    assert told.stderr == ""
    return told.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file_mode", "folder_mode"), [(0o444, 0o777), (0o444, 0o555), (0o666, 0o555), (None, 0o555)]
)
def test_a_read_only_place_says_what_to_do(
    shared: Path, file_mode: int | None, folder_mode: int
) -> None:
    path = shared / "talk.db"
    before = b""
    if file_mode is not None:
        asyncio.run(record(path, rounds=1))
        before = path.read_bytes()
        path.chmod(file_mode)
    shared.chmod(folder_mode)
    told = told_to_the_powerless(path)
    assert told.startswith("StoreUnusable")
    assert "writable" in told or "may you write there?" in told
    if file_mode is None:
        assert list(shared.iterdir()) == []
    else:
        assert path.read_bytes() == before


async def test_a_read_only_connection_says_what_to_do(path: Path) -> None:
    await record(path, rounds=1)
    with pytest.raises(StoreUnusable, match="read-only; make the file and its folder writable"):
        SqlLog(f"sqlite:///file:{path}?mode=ro&uri=true")


# ---- not ours


def a_text(path: Path) -> None:
    path.write_text("these are notes, and they are long enough not to look like nothing\n" * 9)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_newer_one(path: Path) -> None:
    asyncio.run(record(path, rounds=1))
    with altered(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def a_torn_one(path: Path) -> None:
    asyncio.run(record(path, rounds=3))
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xa5" * (len(content) - 100))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (a_text, "not a database; name another file"),
        (a_folder, "cannot be opened; does its folder exist"),
        (a_newer_one, "schema 9999, .*; upgrade Tertulia"),
        (a_torn_one, "damaged; restore it from a backup"),
    ],
)
def test_what_is_no_database_of_ours_is_left_alone(
    path: Path, make: Callable[[Path], None], told: str
) -> None:
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreUnusable, match=told) as refused:
        SqlLog(url_of(path))
    assert str(path) in str(refused.value)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="does its folder exist"):
        SqlLog(url_of(tmp_path / "nowhere" / "talk.db"))


@pytest.mark.parametrize("url", ["talk.db", "mysql://host/talk", "sqlite://", "sqlite:///:memory:"])
def test_what_is_not_spoken_here_is_refused(url: str) -> None:
    with pytest.raises(Invalid, match=r"sqlite:///talk\.db"):
        SqlLog(url)


def test_a_password_is_not_told() -> None:
    with pytest.raises(Invalid) as refused:
        SqlLog("postgres://ana:secret@host/talk")
    assert "secret" not in str(refused.value)
