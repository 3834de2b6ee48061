"""The contract of the memory, over both of ours; and what only the database's has to promise."""

import asyncio
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.storage.batches import batch_of, said
from tests.storage.memory_contract import KITCHEN, MemoryContract, Opened, fact, found, talk
from tests.storage.versions import at_revision

from tertulia.orchestrator import Log
from tertulia.orchestrator.facts import Wanted
from tertulia.orchestrator.query import Query, words_of
from tertulia.storage import MemoryLog, SqlLog, SqlMemory, VolatileMemory
from tertulia.storage.fulltext import INDEXES, is_part_of_an_index
from tertulia.storage.tables import metadata


class TestVolatileMemory(MemoryContract):
    def open_memory(self) -> tuple[Opened, Log]:
        log = MemoryLog()
        return VolatileMemory(log), log


@pytest.mark.db
class TestSqlMemory(MemoryContract):
    def open_memory(self) -> tuple[Opened, Log]:
        log = SqlLog(f"sqlite:///{self.place / 'talk.db'}")
        return SqlMemory(log), log


@pytest.fixture
def place(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'talk.db'}"


@pytest.mark.db
async def test_facts_and_the_index_outlive_the_process(place: str) -> None:
    log = SqlLog(place)
    memory = SqlMemory(log)
    kept = await memory.remember(fact("a"))
    await talk(log, KITCHEN, "tea", *("filler" for _ in range(300)))
    assert await found(memory, "tea") == [1]
    await log.close()
    memory.close()
    log = SqlLog(place)
    memory = SqlMemory(log)
    assert await memory.facts(KITCHEN, None, Wanted()) == [kept]
    assert await memory.facts(KITCHEN, None, Wanted(Query.of("tea"))) == [kept]
    assert await found(memory, "tea") == [1]
    await log.close()
    memory.close()


@pytest.mark.db
async def test_an_utterance_costs_nothing_more_until_somebody_searches(place: str) -> None:
    log = SqlLog(place)
    await talk(log, KITCHEN, *("tea" for _ in range(300)))
    assert rows(place, "SELECT count(*) FROM utterance_words WHERE words MATCH 'tea'") == [(0,)]
    memory = SqlMemory(log)
    await found(memory, "tea")
    assert rows(place, "SELECT count(*) FROM utterance_words WHERE words MATCH 'tea'") == [(300,)]
    assert rows(place, "SELECT room, number, seq FROM searchable") == [("kitchen", 1, 300)]
    await log.close()
    memory.close()


@pytest.mark.db
async def test_two_processes_that_search_at_once_index_everything_once(place: str) -> None:
    one, two = SqlLog(place, owner="one"), SqlLog(place, owner="two")
    await talk(one, KITCHEN, *("tea" for _ in range(2500)))
    first, second = SqlMemory(one), SqlMemory(two)
    both = await asyncio.gather(found(first, "tea"), found(second, "tea"))
    assert both[0] == both[1] == list(range(2500, 2480, -1))
    assert rows(place, "SELECT count(*) FROM utterance_words WHERE words MATCH 'tea'") == [(2500,)]
    for log, memory in ((one, first), (two, second)):
        await log.close()
        memory.close()


@pytest.mark.db
async def test_the_tables_are_those_that_the_migrations_make(place: str) -> None:
    await SqlLog(place).close()
    engine = sa.create_engine(place)
    with engine.connect() as connection:
        options = {"include_name": lambda name, kind, _: not is_part_of_an_index(str(name))}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        names = sa.inspect(connection).get_table_names()
    engine.dispose()
    shadows = [name for name in names if name not in metadata.tables and name != "alembic_version"]
    assert all(map(is_part_of_an_index, shadows))
    assert set(INDEXES) <= set(shadows)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables, to copy."""
    path = tmp_path_factory.mktemp("empty") / "talk.db"
    asyncio.run(SqlLog(f"sqlite:///{path}").close())
    return path


@pytest.mark.db
@settings(max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6), st.data())
def test_the_database_finds_what_the_rule_finds(
    empty: Path, texts: list[str], data: st.DataObject
) -> None:
    typed = data.draw(st.sampled_from(texts) | st.text(max_size=12))
    query = Query.any_of(typed)
    if query is None:
        return
    expected = [n for n in range(len(texts), 0, -1) if query.matches(words_of(texts[n - 1]))]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty, folder)
        assert asyncio.run(_found_by_index(folder, texts, query)) == expected


async def _found_by_index(folder: str, texts: list[str], query: Query) -> list[int]:
    log = SqlLog(f"sqlite:///{folder}/talk.db")
    memory = SqlMemory(log)
    tenure = await log.acquire(KITCHEN)
    filler = [said("·") for _ in range(300)]
    await log.append(batch_of(tenure, 0, *map(said, texts), *filler))
    events = await memory.search(KITCHEN, query, None, 20)
    assert rows(f"sqlite:///{folder}/talk.db", "SELECT seq FROM searchable") != []
    await log.close()
    memory.close()
    return [event.seq for event in events]


def rows(place: str, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(place.removeprefix("sqlite:///"))
    told = connection.execute(query).fetchall()
    connection.close()
    return told


@pytest.mark.db
async def test_a_database_without_a_memory_is_given_one(place: str) -> None:
    at_revision(place, "0002")
    log = SqlLog(place)
    memory = SqlMemory(log)
    await talk(log, KITCHEN, "tea")
    assert await found(memory, "tea") == [1]
    assert await memory.remember(fact("a")) == fact("a")
    await log.close()
    memory.close()
