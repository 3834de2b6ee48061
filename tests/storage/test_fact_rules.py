"""What is wrong with the facts of a room is found, and named."""

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.storage.recorded import altered, url_of

from tertulia.compose import House, human
from tertulia.storage import verify

pytestmark = pytest.mark.db

TURNED_ROUND = """
    UPDATE facts SET ended = 1, ended_by = 'ana', successor = (
        SELECT id FROM facts WHERE number = 1
    ) WHERE number = 4
"""


async def record(path: Path) -> None:
    """Ana says one thing aloud and one to Bea alone; four facts come of it, one in another's place.

    They are, by number: aloud, whispered, Ana's own, and what took the place of the first; last one
    that comes from no utterance, shared with everybody.
    """
    async with House(url_of(path)) as house:
        room = await house.room("desk", human("Ana"), human("Bea"), human("Cem"))
        aloud = await room.post("ana", "I eat no meat.")
        aside = await room.post("ana", "I like Cem.", whisper=["bea"])
        first = await room.remember("Ana eats no meat", by="ana", sources=[aloud.seq])
        await room.remember("Ana likes Cem", by="bea", sources=[aside.seq])
        await room.remember("I eat no meat", by="ana", sources=[aloud.seq], scope="participant")
        text = "Ana eats neither meat nor fish"
        await room.remember(text, by="ana", sources=[aloud.seq], instead_of=first.id)
        bare = await room.remember("We met on Friday", by="cem")
        await room.share(bare.id, by="cem")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "talk.db"
    asyncio.run(record(path))
    return path


@pytest.fixture
def talk(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "talk.db"))


def test_nothing_is_wrong_with_what_was_remembered(talk: Path) -> None:
    assert verify(url_of(talk)).violations == ()
    with altered(talk) as connection:
        kept = connection.execute("SELECT count(*), count(audience), count(successor) FROM facts")
        assert kept.fetchone() == (6, 1, 2)


@pytest.mark.parametrize(
    ("hand", "what"),
    [
        ("UPDATE facts SET sources = '[1]', first = 1, last = 1 WHERE number = 1", "no utterance"),
        ("UPDATE facts SET sources = '[99]' WHERE number = 1", "event 99, which is no utterance"),
        ("UPDATE facts SET first = 1 WHERE number = 1", "said to come from events 1 to"),
        ("UPDATE facts SET first = 99, last = 99 WHERE number = 5", "from events 99 to 99"),
        ("UPDATE facts SET audience = NULL WHERE number = 2", "for more than those who heard"),
        ('UPDATE facts SET audience = \'["bea","cem"]\' WHERE number = 2', "for more than those"),
        ("UPDATE facts SET elsewhere = '[\"cem\"]' WHERE number = 2", "this room's, and others"),
        ("UPDATE facts SET owner = NULL WHERE number = 3", "its owner is None"),
        ("UPDATE facts SET scope = 'moon' WHERE number = 1", "cannot be read (ValueError)"),
        ("UPDATE facts SET sources = '[' WHERE number = 1", "cannot be read"),
        ("UPDATE facts SET ended = NULL WHERE number = 1", "holds, and has been ended"),
        ("UPDATE facts SET successor = 'x' WHERE number = 1", "'x', which took its place, is not"),
        (TURNED_ROUND, "which took its place, is older"),
        (
            "UPDATE facts SET successor = (SELECT id FROM facts WHERE number = 2) WHERE number = 1",
            "some who know it may not know",
        ),
    ],
)
def test_what_is_wrong_is_found(talk: Path, hand: str, what: str) -> None:
    with altered(talk) as connection:
        connection.execute(hand)
    found = verify(url_of(talk)).violations
    assert [one for one in found if what in one.what]
    assert {one.rule for one in found} == {"fact"}


def test_a_fact_of_a_room_that_is_not_there_is_a_stray(talk: Path) -> None:
    with altered(talk) as connection:
        connection.execute("UPDATE facts SET room = 'attic'")
    assert {one.rule for one in verify(url_of(talk)).violations} == {"stray"}
