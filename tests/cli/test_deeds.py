"""``effects``: for people and for programs, and only what somebody may see."""

import asyncio
import shutil
from pathlib import Path

import pytest
from tests.cli.commands import lines, tertulia, told, url_of

from tertulia import House, Turn, agent, human
from tertulia.agents import carry_out, tool

pytestmark = pytest.mark.db


@tool
async def book(city: str) -> str:
    """Book a train."""
    if city == "Nowhere":
        raise LookupError("no such city\x1b[2J")
    return "x" * 300


async def clerk(turn: Turn) -> str:
    await carry_out(turn, book, {"city": "Lyon"}, call="a")
    return (await carry_out(turn, book, {"city": "Nowhere"}, call="b")).text[:20]


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = url_of(tmp_path_factory.mktemp("trip") / "trip.db")

    async def happen() -> None:
        async with House(url) as house:
            room = await house.room("trip", human("Ana"), human("Ben"), agent("Bo", clerk))
            await room.post("ana", "@bo?")
            await room.lapse()
            await room.post("ana", "psst, @bo?", whisper=["bo"])
            await room.lapse()

    asyncio.run(happen())
    return url


def test_people_see_who_did_what_for_whom_and_what_came_of_it(trip: str) -> None:
    shown = tertulia("effects", "trip", "--db", trip).stdout.splitlines()
    assert shown[0] == 'trip/1/a  bo for ana: book {"city": "Lyon"}  succeeded'
    assert shown[1] == f"    {'x' * 200} …"
    assert shown[2].endswith("failed")
    assert "\x1b" not in shown[3]
    assert len(shown) == 8


def test_programs_see_every_field(trip: str) -> None:
    first, *others = lines(tertulia("effects", "trip", "--db", trip, "--json"))
    assert (first["id"], first["policy"], first["state"]) == (
        "trip/1/a",
        "at_most_once",
        "succeeded",
    )
    assert first["result"] == "x" * 300
    assert [one["audience"] for one in others] == [None, ["ana", "bo"], ["ana", "bo"]]


def test_a_reader_sees_what_is_for_him(trip: str) -> None:
    assert len(lines(tertulia("effects", "trip", "--db", trip, "--as", "Ben", "--json"))) == 2
    assert len(lines(tertulia("effects", "trip", "--db", trip, "--as", "Ana", "--json"))) == 4


@pytest.mark.parametrize("command", [["trap"], ["trip", "--as", "Zoe"]])
def test_who_or_what_is_not_there_is_told(trip: str, command: list[str]) -> None:
    assert "there is no" in told(tertulia("effects", *command, "--db", trip), 2)


def test_a_room_without_deeds_says_so_to_people_and_nothing_to_programs(tmp_path: Path) -> None:
    url = url_of(tmp_path / "quiet.db")

    async def happen() -> None:
        async with House(url) as house:
            await house.room("quiet", human("Ana"))

    asyncio.run(happen())
    shown = tertulia("effects", "quiet", "--db", url).stdout
    assert shown == "no tool has been called in quiet\n"
    shown = tertulia("effects", "quiet", "--db", url, "--as", "Ana").stdout
    assert shown == "no tool has been called in quiet that Ana may see\n"
    assert tertulia("effects", "quiet", "--db", url, "--json").stdout == ""


def test_old_effects_are_forgotten_and_how_many_is_told(trip: str, tmp_path: Path) -> None:
    copy = shutil.copy(trip.removeprefix("sqlite:///"), tmp_path / "copy.db")
    url = url_of(Path(copy))
    young = tertulia("prune", "trip", "--older-than", "1", "--db", url)
    assert young.stdout == "forgotten: 0 effects, 0 whole results\n"
    [gone] = lines(tertulia("prune", "--older-than", "0", "--db", url, "--json"))
    assert gone == {"effects": 4, "results": 0}
    assert lines(tertulia("effects", "trip", "--db", url, "--json")) == []
    assert "there is no" in told(tertulia("prune", "trap", "--older-than", "1", "--db", url), 2)
