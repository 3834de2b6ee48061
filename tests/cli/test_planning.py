"""The plans of a room in the terminal."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.agents.planning.staging import Desk, World
from tests.agents.planning.test_execution import book, look
from tests.cli.commands import lines, tertulia

from tertulia.agents.planning import Plan
from tertulia.compose import House

pytestmark = pytest.mark.db

PLAN = Plan("a trip", (look("a", seconds=0), look("b", seconds=0), book("c", "a", "b", seconds=0)))


@pytest.fixture
def db(tmp_path: Path) -> str:
    """A database in which Bo has carried out a plan, of which one task failed."""
    url = f"sqlite:///{tmp_path / 'plans.db'}"

    async def main() -> None:
        async with House(url) as house:
            room = await Desk(PLAN, World(broken={"b": 1})).open(house)
            await room.post("ana", "Bo, please.", whisper=["bo"])
            await room.lapse()

    asyncio.run(main())
    return url


def test_a_room_shows_its_plans(db: str) -> None:
    assert tertulia("plan", "desk", "--db", db).stdout.splitlines() == [
        "bo: a trip · failed",
        "  ✓ a · tool:look",
        "  ✗ b (ValueError: no b today) · tool:look",
        "  – c (needs b) · tool:book after a, b",
    ]


def test_a_plan_is_shown_to_those_who_heard_the_turn(db: str) -> None:
    assert tertulia("plan", "desk", "--db", db, "--as", "eve").stdout == "no plans yet\n"
    assert len(lines(tertulia("plan", "desk", "--db", db, "--as", "ana", "--json"))) == 1


def test_a_plan_as_json_and_as_a_drawing(db: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.mmd"
    [plan] = lines(tertulia("plan", "desk", "--db", db, "--json", "--out", str(file)))
    assert (plan["state"], plan["moves"]["b"]["state"]) == ("failed", "failed")
    assert json.loads(json.dumps(plan)) == plan
    assert file.read_text().startswith("flowchart TD")


def test_the_log_tells_a_plan_line_by_line(db: str) -> None:
    told = tertulia("log", "desk", "--db", db).stdout
    assert "Bo plans: a trip · 3 tasks" in told
    assert "Bo's plan: ✗ b (ValueError: no b today)" in told
    assert "Bo's plan: failed: b: ValueError: no b today; not tried: c" in told
