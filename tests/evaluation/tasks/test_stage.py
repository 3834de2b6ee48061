"""A task is played in a room from beginning to end, from wherever it was left, through kills."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.evaluation.tasks.shop import Shop

from tertulia.compose import House, agent, human, ledger_of, observer
from tertulia.evaluation.tasks.driver import moments, run
from tertulia.evaluation.tasks.exam import Pace
from tertulia.evaluation.tasks.record import Step, steps
from tertulia.evaluation.tasks.script import Ask, Play
from tertulia.evaluation.tasks.stage import POLICY, SETTINGS, TALK, WORLD, play_all
from tertulia.evaluation.tasks.world import Journal
from tertulia.orchestrator import Turn
from tertulia.orchestrator.room import RoomId
from tertulia.storage import verify

pytestmark = pytest.mark.db

ROOT = Path(__file__).parents[3]
WHOLE = [
    "ann: Put something in, clerk.",
    "clerk add {'cents': 1} -> 1 cents",
    "clerk add {'cents': 2} -> 3 cents",
    "clerk: There are 3 cents.",
    "ann: More!",
    "clerk add {'cents': 3} -> 6 cents",
    "clerk add {'cents': 4} -> 10 cents",
    "clerk look {} -> 10 cents",
    "clerk: There are 10 cents.",
    "ann: Thank you. ###STOP###",
]


class Muddled(Shop):
    """In its first task, the clerk says what cannot be said: its turn fails."""

    def play(self, task: str) -> Play:
        play = super().play(task)
        if task != "sale 0":
            return play
        lines = list(play.lines)
        lines[1] = replace(lines[1], asks=(Ask("add", "add", {"cents": {1, 2}}),))
        return replace(play, lines=tuple(lines))


def told(step: Step) -> str:
    if step.tool is None:
        return f"{step.by}: {step.text}"
    return f"{step.by} {step.tool} {step.arguments} -> {step.text}"


async def recorded(folder: Path) -> list[Step]:
    async with House(f"sqlite:///{folder / TALK}") as house:
        return [step async for step in steps("task-0", house.log, ledger_of(house.log))]


async def test_a_play_is_played_as_it_is_written(tmp_path: Path) -> None:
    heard: list[tuple[Any, ...]] = []
    await play_all(Shop(), tmp_path, Pace(), lambda *what: heard.append(what))
    found = await recorded(tmp_path)
    assert [told(step) for step in found] == WHOLE
    assert [step.at for step in found] == sorted(step.at for step in found)
    assert [what for what in heard if what[0] != "said"] == [("call",)] * 5 + [("ended", "sale 0")]
    assert heard.count(("said", "sale 0")) == 5


async def left_at(calls: int, folder: Path, heard: list[tuple[Any, ...]]) -> None:
    """Play, and leave in the middle of that call."""
    left, before = asyncio.Event(), heard.count(("call",))

    def leave_at_call(*what: Any) -> None:
        heard.append(what)
        if heard.count(("call",)) == before + calls:
            left.set()

    playing = asyncio.create_task(play_all(Shop(), folder, Pace(), leave_at_call))
    await left.wait()
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing


@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5])
async def test_a_play_that_was_left_in_the_middle_goes_on(tmp_path: Path, calls: int) -> None:
    heard: list[tuple[Any, ...]] = []
    await left_at(calls, tmp_path, heard)
    await play_all(Shop(), tmp_path, Pace(), lambda *what: heard.append(what))
    assert [told(step) for step in await recorded(tmp_path)] == WHOLE
    assert [what for what in heard if what[0] == "taken up"]
    with Journal(tmp_path / WORLD) as journal:
        assert [entry.answer for entry in journal.of("sale 0")] == [
            f"{n} cents" for n in (1, 3, 6, 10)
        ]


async def test_a_turn_that_failed_before_the_room_was_taken_up_ends_its_task(
    tmp_path: Path,
) -> None:
    async def stumble(turn: Turn) -> None:
        raise LookupError("lost the thread")

    async with House(f"sqlite:///{tmp_path / TALK}") as house:
        those = (human("Ann"), agent("Clerk", stumble), observer("Guard"))
        room = await house.room("task-0", *those, policy=POLICY, settings=SETTINGS)
        await room.post("ann", "Put something in, clerk.", key="line-0", to=["clerk"])
        await room.lapse()
    heard: list[tuple[Any, ...]] = []
    playing = play_all(Shop(), tmp_path, Pace(), lambda *what: heard.append(what))
    await asyncio.wait_for(playing, 120)
    (why,) = [what[1] for what in heard if what[0] == "unfinished"]
    assert "LookupError: lost the thread" in why


async def test_every_call_is_made_on_behalf_of_the_person_who_asked(tmp_path: Path) -> None:
    await play_all(Shop(), tmp_path, Pace(), lambda *what: None)
    async with House(f"sqlite:///{tmp_path / TALK}") as house:
        effects = await ledger_of(house.log).of_room(RoomId("task-0"), 10)
    assert [effect.principal for effect in effects] == ["ann"] * 5


async def test_what_had_happened_before_the_ledger_knew_has_its_answer_of_then(
    tmp_path: Path,
) -> None:
    """All that the ledger knew is lost here, and the world goes on from its journal."""
    await play_all(Shop(), tmp_path, Pace(), lambda *what: None)
    for lost in (TALK, f"{TALK}-wal", f"{TALK}-shm", f"{TALK}.checkpoints"):
        (tmp_path / lost).unlink(missing_ok=True)
    with closing(sqlite3.connect(tmp_path / WORLD)) as world, world:
        world.execute("DELETE FROM ended")
    await play_all(Shop(), tmp_path, Pace(), lambda *what: None)
    assert [told(step) for step in await recorded(tmp_path)] == WHOLE
    with Journal(tmp_path / WORLD) as journal:
        assert [entry.times for entry in journal.of("sale 0")] == [2] * 4


async def test_a_task_whose_turn_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    heard: list[tuple[Any, ...]] = []
    await play_all(Muddled(2), tmp_path, Pace(), lambda *what: heard.append(what))
    (muddled,) = [what[1] for what in heard if what[0] == "unfinished"]
    assert muddled.startswith("task 'sale 0' did not come to its end, in room 'task-0': TypeError:")
    assert [what[1] for what in heard if what[0] == "ended"] == ["sale 0", "sale 1"]


async def test_what_has_ended_is_not_played_again(tmp_path: Path) -> None:
    heard: list[tuple[Any, ...]] = []
    for _ in range(2):
        await play_all(Shop(2), tmp_path, Pace(2), lambda *what: heard.append(what))
    assert len([what for what in heard if what[0] == "ended"]) == 2


@pytest.mark.slow
def test_every_task_comes_to_its_end_though_the_process_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))  # where the other process finds the shop
    outcome = run(Shop(6), tmp_path, Pace(rooms=3, kills=4, seed=2, pause_s=0.02))
    assert outcome.kills == 4
    assert outcome.resumed > 0
    assert set(outcome.rewards.values()) == {1.0}
    assert outcome.calls == 6 * 5
    assert outcome.written == 6 * 4
    assert outcome.unlike == []
    assert list(verify(f"sqlite:///{tmp_path / TALK}").violations) == []


@pytest.mark.parametrize("kills", [0, 1, 7, 100])
def test_kills_are_spread_over_the_calls(kills: int) -> None:
    found = moments(Shop(4), Pace(kills=kills), Random(1))
    assert len(found) == min(kills, 20)
    assert found == sorted(found)
    assert all(1 <= moment <= 20 for moment in found)
