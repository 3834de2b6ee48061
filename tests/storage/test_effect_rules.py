"""What is wrong with the effects of a room is found, and named."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

import pytest
from tests.storage.recorded import altered, url_of

from tertulia.agents import Terms, carry_out, on_terms, tool
from tertulia.compose import House, agent, human
from tertulia.orchestrator import Turn
from tertulia.storage import verify

pytestmark = pytest.mark.db


@tool
async def book(city: str) -> str:
    """Book a train."""
    return f"booked {city}"


async def clerk(turn: Turn) -> str:
    """Book twice, the second result too long to be read."""
    short = on_terms(book, Terms(result_limit=3))
    await carry_out(turn, book, {"city": "Lyon"}, call="a")
    return (await carry_out(turn, short, {"city": "Nice"}, call="b")).text


async def record(path: Path) -> None:
    async with House(url_of(path)) as house:
        room = await house.room("desk", human("Ana"), agent("Bo", clerk))
        await room.post("ana", "Bo?")
        await room.post("ana", "psst, Bo?", whisper=["bo"])
        await room.lapse()


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "talk.db"
    asyncio.run(record(path))
    return path


@pytest.fixture
def talk(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "talk.db"))


def test_nothing_is_wrong_with_what_was_recorded(talk: Path) -> None:
    assert verify(url_of(talk)).violations == ()
    connection = sqlite3.connect(talk)
    effects = connection.execute("SELECT count(*), count(whole), count(audience) FROM effects")
    assert effects.fetchone() == (4, 2, 2)
    connection.close()


@pytest.mark.parametrize(
    ("hand", "rule", "what"),
    [
        ("UPDATE effects SET turn = 'desk/99' WHERE number = 1", "effect", "was never granted"),
        ("UPDATE effects SET id = 'desk/99/a' WHERE number = 1", "effect", "not that of a call"),
        ("UPDATE effects SET participant = 'ana' WHERE number = 1", "effect", "not the holder"),
        ("UPDATE effects SET audience = NULL", "effect", "not the holder and audience"),
        ("UPDATE effects SET attempt = 2 WHERE number = 1", "effect", "begun 2 times"),
        ("UPDATE effects SET settled = NULL WHERE number = 1", "effect", "not settled"),
        (
            "UPDATE effects SET state = 'uncertain' WHERE number = 1",
            "effect",
            "uncertain, and settled",
        ),
        (
            "UPDATE effects SET state = 'running' WHERE number = 1",
            "effect",
            "though its turn is over",
        ),
        ("UPDATE effects SET state = 'given_up' WHERE number = 1", "effect", "nobody had said so"),
        ("UPDATE effects SET state = 'lost' WHERE number = 1", "effect", "cannot be read"),
        ("DELETE FROM results", "effect", "not kept"),
        ("UPDATE effects SET room = 'attic'", "stray", "rows in effects"),
    ],
)
def test_what_is_wrong_is_found(talk: Path, hand: str, rule: str, what: str) -> None:
    with altered(talk) as connection:
        connection.execute(hand)
    found = verify(url_of(talk)).violations
    assert [one for one in found if one.rule == rule and what in one.what]
    assert {one.rule for one in found} == {rule}


def test_a_tool_that_goes_on_while_somebody_has_the_room_is_no_fault(talk: Path) -> None:
    with altered(talk) as connection:
        connection.execute("UPDATE effects SET state = 'running', settled = NULL")
        connection.execute("UPDATE rooms SET owner = 'somebody'")
    assert verify(url_of(talk)).violations == ()


@pytest.mark.parametrize("decision", ["attempt = 2", "state = 'given_up'"])
def test_what_a_person_has_said_is_no_fault(talk: Path, decision: str) -> None:
    with altered(talk) as connection:
        connection.execute(f"UPDATE effects SET {decision}, decided_by = 'ana'")  # noqa: S608
    assert verify(url_of(talk)).violations == ()
