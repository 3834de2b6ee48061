"""What only the SQL log promises: group commit, bounded opening, settings, migrations."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.storage.batches import batch_of, said, taken, written
from tests.storage.recorded import altered, answers, url_of

from tertulia.compose import House, agent, human
from tertulia.orchestrator import Event, RoomSettings, Said, step
from tertulia.orchestrator.conversation import SNAPSHOT_EVERY
from tertulia.orchestrator.errors import Fenced, Misbehaved
from tertulia.orchestrator.events import Draft, Joined, RoomOpened
from tertulia.orchestrator.feed import RECENT
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.policies import build
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId, RoomId, Stay
from tertulia.orchestrator.transcript import UTTERANCES
from tertulia.storage import SqlLog, verify
from tertulia.storage import engine as engine_module
from tertulia.storage import log as log_module
from tertulia.storage.codec import floor_to_json, to_row
from tertulia.storage.engine import connect
from tertulia.storage.fulltext import is_part_of_an_index
from tertulia.storage.schema import MIGRATIONS, upgrade
from tertulia.storage.tables import REVISION, events, metadata, rooms, snapshots

pytestmark = pytest.mark.db

LONG = 20_000


class Watched:
    """What goes through a log's engine."""

    commits = 0
    rows = 0

    def row(self, cursor: sqlite3.Cursor, row: Any) -> Any:
        self.rows += 1
        return row


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched()

    def connect_watched(url: str) -> sa.Engine:
        engine = connect(url)

        @sa.event.listens_for(engine, "connect")
        def count_rows(connection: Any, record: object) -> None:
            connection.row_factory = watched.row

        @sa.event.listens_for(engine, "commit")
        def count_commits(connection: sa.Connection) -> None:
            watched.commits += 1

        return engine

    monkeypatch.setattr(log_module, "connect", connect_watched)
    return watched


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "talk.db"


def room_name(number: int) -> RoomId:
    return RoomId(f"room-{number}")


# ---- group commit


async def test_many_rooms_share_a_transaction(path: Path, watched: Watched) -> None:
    log = SqlLog(url_of(path), lease_s=10_000.0)  # so that no beat is among what is counted
    tenures = await asyncio.gather(*(log.acquire(room_name(n)) for n in range(50)))
    before = watched.commits
    await asyncio.gather(*(log.append(batch_of(t, 0, said("hello"))) for t in tenures))
    assert watched.commits - before <= 2
    for tenure in tenures:
        assert await written(log, tenure.room) == ["hello"]
    await log.close()


async def test_a_bad_batch_among_good_ones_fails_alone(path: Path) -> None:
    log = SqlLog(url_of(path))
    tenures = [await log.acquire(room_name(n)) for n in range(9)]
    batches = [batch_of(tenure, 0, said("hello", key="k")) for tenure in tenures]
    batches[2] = batch_of(taken(room_name(2), epoch=77), 0, said("no longer mine"))
    batches[5] = batch_of(tenures[5], 0, said("twice", key="k"), said("twice", key="k"))
    done = await asyncio.gather(*map(log.append, batches), return_exceptions=True)
    assert {n: type(one) for n, one in enumerate(done) if one} == {2: Fenced, 5: Misbehaved}
    for number, tenure in enumerate(tenures):
        told = await written(log, tenure.room)
        assert told == ([] if number in (2, 5) else ["hello"])
    await log.append(batch_of(tenures[5], 0, said("now")))
    await log.append(batch_of(tenures[0], 1, said("and then")))
    await log.close()
    chains = {v.rule for v in verify(url_of(path)).violations}
    assert "chain" not in chains
    assert "head" not in chains


async def test_two_batches_of_a_room_keep_its_digest(path: Path) -> None:
    log = SqlLog(url_of(path))
    tenure = await log.acquire(room_name(1))
    first, second = batch_of(tenure, 0, said("one")), batch_of(tenure, 1, said("two"))
    await asyncio.gather(log.append(first), log.append(second))
    await log.close()
    assert not [v for v in verify(url_of(path)).violations if v.rule in ("chain", "head")]


async def test_who_stops_waiting_stops_nobody_else(path: Path) -> None:
    log = SqlLog(url_of(path))
    tenures = [await log.acquire(room_name(n)) for n in range(3)]
    asked = [asyncio.ensure_future(log.append(batch_of(t, 0, said("hello")))) for t in tenures]
    await asyncio.sleep(0)
    asked[0].cancel()
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in done] == [asyncio.CancelledError, type(None), type(None)]
    await log.close()


# ---- opening


@pytest.fixture(scope="module")
def long_room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A room of ``LONG`` utterances, with its floor kept a while before its end."""
    path = tmp_path_factory.mktemp("long") / "talk.db"
    kept_at = LONG - SNAPSHOT_EVERY
    policy = {"name": "conversational", "volunteers": 1, "agent_run": 6}
    drafts = [
        Draft(ROOM, RoomOpened(RoomSettings(policy))),
        Draft(ParticipantId("ana"), Joined("Ana", Kind.HUMAN)),
        *(Draft(ParticipantId("ana"), Said(f"number {n}")) for n in range(LONG)),
    ]
    floor, chain, rows, kept = Floor(RoomId("long")), b"", [], ""
    for draft in drafts:
        done = step(floor, [draft], 1.0, build(policy))
        floor = done.floor
        rows += [to_row(event, chain) for event in done.events]
        chain = rows[-1]["chain"]
        if floor.head == kept_at:
            kept = floor_to_json(floor)
    engine = connect(url_of(path))
    upgrade(engine, "the test")
    with engine.begin() as connection:
        connection.execute(events.insert(), rows)
        row = {"id": "long", "owner": None, "epoch": 1, "head": floor.head, "chain": chain}
        connection.execute(rooms.insert(), row)
        connection.execute(snapshots.insert(), {"room": "long", "seq": kept_at, "floor": kept})
    engine.dispose()
    return path


@pytest.fixture
def long_path(long_room: Path, path: Path) -> Path:
    """That room again, in a file of the test's own."""
    return Path(shutil.copy(long_room, path))


async def test_opening_a_long_room_reads_little_of_it(long_path: Path, watched: Watched) -> None:
    async with House(url_of(long_path)) as house:
        before = watched.rows
        room = await house.room("long", human("Ana"))
        assert watched.rows - before <= SNAPSHOT_EVERY + UTTERANCES + 10
        event = await room.post("ana", "and one more")
    assert event.seq == LONG + 3
    assert verify(url_of(long_path)).violations == ()


async def test_a_room_that_is_opened_often_keeps_its_floor_too(path: Path) -> None:
    for number in range(6):
        async with House(url_of(path)) as house:
            room = await house.room("kitchen", human("Ana"))
            for again in range(SNAPSHOT_EVERY // 5):
                await room.post("ana", f"{number} {again}")
    with altered(path) as connection:
        ((seq, head),) = connection.execute(
            "SELECT seq, head FROM snapshots JOIN rooms ON id = room"
        ).fetchall()
    assert head - seq < SNAPSHOT_EVERY
    assert verify(url_of(path)).violations == ()


async def test_a_floor_that_cannot_be_read_is_folded_from_the_log_again(long_path: Path) -> None:
    with altered(long_path) as connection:
        connection.execute("UPDATE snapshots SET floor = '{}'")
    async with House(url_of(long_path)) as house:
        room = await house.room("long", human("Ana"))
        assert room.floor.head >= LONG


async def test_a_floor_kept_by_a_version_that_knew_less_is_folded_from_the_log_again(
    long_path: Path,
) -> None:
    with altered(long_path) as connection:
        connection.execute("UPDATE snapshots SET floor = json_remove(floor, '$.stays')")
    assert verify(url_of(long_path)).violations == ()
    async with House(url_of(long_path)) as house:
        room = await house.room("long", human("Ana"))
        assert room.floor.stays[ParticipantId("ana")] == (Stay(1),)
        assert len(await room.said("ana")) == UTTERANCES


# ---- reading along


async def test_who_reads_along_gets_every_event_once(path: Path) -> None:
    total = RECENT + 200

    async def read(after: int, slowly: bool) -> list[int]:
        seqs = []
        async for event in room.subscribe(after=after):
            if isinstance(event, Event):
                seqs.append(event.seq)
                if slowly:
                    await asyncio.sleep(0.001)
                if seqs[-1] >= total:
                    break
        return seqs

    async def talk(name: str) -> None:
        while room.floor.head < total:
            await room.post(name, f"@bo, {name} at {room.floor.head}?")

    async with House(url_of(path)) as house:
        room = await house.room(
            "kitchen", *(human(name) for name in ("Ana", "Ben", "Cy", "Di")), agent("Bo", answers)
        )
        readers = [asyncio.ensure_future(read(0, slowly)) for slowly in (True, False)]
        talking = asyncio.gather(*(talk(name) for name in ("ana", "ben", "cy", "di")))
        starts = [0, 0]
        while not talking.done():
            starts.append(room.floor.head)
            readers.append(asyncio.ensure_future(read(starts[-1], len(starts) % 2 == 0)))
            await asyncio.sleep(0.05)
        await talking
        for start, seqs in zip(starts, await asyncio.gather(*readers), strict=True):
            assert seqs == list(range(start + 1, seqs[-1] + 1))


# ---- the database itself


@pytest.fixture
def engine(path: Path) -> Iterator[sa.Engine]:
    engine = connect(url_of(path))
    yield engine
    engine.dispose()


def test_what_is_committed_is_on_the_disk(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_the_file_stays_in_wal_mode(path: Path) -> None:
    log = SqlLog(url_of(path))
    with altered(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    asyncio.run(log.close())


def test_the_migrations_make_these_tables(engine: sa.Engine) -> None:
    upgrade(engine, "the test")
    with engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: not is_part_of_an_index(str(name))}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        made = sa.inspect(connection)
        for table in metadata.sorted_tables:
            primary = made.get_pk_constraint(table.name)["constrained_columns"]
            assert primary == [column.name for column in table.primary_key]
            unique = {str(i["name"]) for i in made.get_indexes(table.name) if i["unique"]}
            assert unique == {str(i.name) for i in table.indexes if i.unique}


def test_the_key_s_index_lets_keyless_rows_be(engine: sa.Engine) -> None:
    upgrade(engine, "the test")
    with engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT sql FROM sqlite_master WHERE name = 'one_event_per_key'"
        ).scalar()
    assert found is not None
    assert "WHERE key IS NOT NULL" in found


def test_the_tables_are_the_newest_migration_s() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == REVISION


def test_a_migration_can_be_taken_back(engine: sa.Engine) -> None:
    upgrade(engine, "the test")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    with engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]


def test_several_may_make_the_tables_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "BUSY_S", 60.0)  # as long as a slow machine may take

    async def both() -> None:
        logs = await asyncio.gather(
            *(asyncio.to_thread(SqlLog, url_of(path), owner=f"process {n}") for n in range(4))
        )
        for log in logs:
            await log.close()

    asyncio.run(both())
    assert verify(url_of(path)).violations == ()
