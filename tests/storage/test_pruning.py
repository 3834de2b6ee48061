"""What is of no use any more is forgotten, and nothing else."""

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.storage.recorded import altered, url_of
from tests.storage.test_effect_rules import record

from tertulia.compose import House, agent, human
from tertulia.orchestrator import Turn
from tertulia.orchestrator.errors import Invalid
from tertulia.storage import Pruned, prune, pruning, verify

pytestmark = pytest.mark.db

EVER = 1e12


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "talk.db"
    asyncio.run(record(path))
    return path


@pytest.fixture
def talk(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "talk.db"))


def left(talk: Path) -> list[int]:
    with altered(talk) as connection:
        return [row[0] for row in connection.execute("SELECT number FROM effects ORDER BY number")]


def test_settled_effects_of_turns_that_are_over_go_with_their_results(talk: Path) -> None:
    assert prune(url_of(talk), EVER) == Pruned(4, 1)
    assert left(talk) == []
    assert verify(url_of(talk)).violations == ()
    assert prune(url_of(talk), EVER) == Pruned(0, 0)


def test_what_was_settled_since_stays_and_so_does_a_result_that_is_still_wanted(talk: Path) -> None:
    with altered(talk) as connection:
        connection.execute("UPDATE effects SET settled = number")
    assert prune(url_of(talk), 3.0) == Pruned(2, 0)
    assert left(talk) == [3, 4]
    assert verify(url_of(talk)).violations == ()


@pytest.mark.parametrize(
    "hand",
    [
        "UPDATE effects SET state = 'uncertain', settled = NULL WHERE number = 1",
        "UPDATE effects SET state = 'running', settled = NULL WHERE number = 1",
        "UPDATE turns SET ended = NULL WHERE id = (SELECT turn FROM effects WHERE number = 1)",
    ],
)
def test_what_is_uncertain_or_not_over_stays_whatever_its_age(talk: Path, hand: str) -> None:
    with altered(talk) as connection:
        connection.execute(hand)
    prune(url_of(talk), EVER)
    assert 1 in left(talk)
    assert not {3, 4} & set(left(talk))


def test_one_room_is_pruned_and_the_others_are_not(talk: Path) -> None:
    assert prune(url_of(talk), EVER, "attic") == Pruned(0, 0)
    assert prune(url_of(talk), EVER, "desk") == Pruned(4, 1)


def test_many_go_a_few_at_a_time(talk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    assert prune(url_of(talk), EVER) == Pruned(4, 1)


def test_a_room_that_is_live_meanwhile_goes_on(talk: Path) -> None:
    async def main() -> str:
        async with House(url_of(talk)) as house:
            room = await house.room("desk", human("Ana"), agent("Bo", still))
            await asyncio.to_thread(prune, url_of(talk), EVER)
            await room.post("ana", "Bo, are you there?")
            await room.lapse()
            return (await room.said())[-1].text

    async def still(turn: Turn) -> str:
        return "Still."

    assert asyncio.run(main()) == "Still."
    assert verify(url_of(talk)).violations == ()


def test_nothing_is_made_where_there_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no such file"):
        prune(url_of(tmp_path / "none.db"), EVER)
    assert not (tmp_path / "none.db").exists()
