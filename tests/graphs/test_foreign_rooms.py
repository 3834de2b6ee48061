"""A foreign graph in a room: it asks people there, and goes on through crashes and kills."""

import asyncio
import gc
import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from tests.graphs.asked import talk
from tests.graphs.foreign import QUESTIONS, alone, answer_to, trip

from tertulia.compose import House
from tertulia.graphs import Checkpoints
from tertulia.orchestrator import Log, Said
from tertulia.orchestrator.approvals import ApprovalAsked
from tertulia.orchestrator.room import RoomId
from tertulia.simulation import Crash, Crashed, Machine, VirtualClock, run
from tertulia.storage import Memory, MemoryLog, verify

ROOT = Path(__file__).parents[2]


def told(said: list[Said]) -> Any:
    return json.loads(said[-1].text)


def test_it_asks_who_asked_for_it_and_goes_on_with_the_answers() -> None:
    async def main() -> list[Said]:
        async with House(clock=VirtualClock()) as house:
            return await talk(house, await house.checkpoints())

    said = run(main())
    assert told(said) == run(alone(trip))
    questions = [one.text for one in said if one.text.endswith("?")]
    assert len(questions) == QUESTIONS == len(set(questions))
    assert [one.text for one in said[2:-1:2]] == [answer_to(question) for question in questions]


@pytest.mark.filterwarnings(
    "ignore:coroutine .* was never awaited", "ignore::pytest.PytestUnraisableExceptionWarning"
)
def test_wherever_the_process_crashes_it_comes_to_the_same() -> None:
    wanted = run(alone(trip))
    crashed = 0
    for step in range(50, 100_000, 13):
        memory, saver = Memory(), InMemorySaver()
        machine = Machine(lambda memory=memory: MemoryLog(memory))  # type: ignore[misc]

        async def main(log: Log, saver: InMemorySaver = saver) -> list[Said]:
            async with House(log, clock=VirtualClock()) as house, Checkpoints.over(saver) as kept:
                return await talk(house, kept)

        with suppress(Crashed):
            machine.run(main, Crash(step))
            break
        crashed += 1
        said = machine.run(main)
        assert told(said) == wanted, step
        questions = [one.text for one in said if one.text.endswith("?")]
        assert len(questions) == QUESTIONS, step
    assert crashed > 25
    gc.collect()  # what LangGraph leaves of a run that was dropped complains here, not later


def test_a_breakpoint_is_approved_by_whoever_asked() -> None:
    async def main() -> tuple[list[Said], list[ApprovalAsked]]:
        async with House(clock=VirtualClock()) as house:
            kept = await house.checkpoints()

            async def approving() -> None:
                room = await house.room("kitchen")
                while not room.floor.approvals:
                    await house.scheduler.clock.sleep(1)
                await room.approve("ana", room.floor.approvals[0].id)

            helping = asyncio.ensure_future(approving())
            said = await talk(house, kept, interrupt_before=["review"])
            await helping
            events = await house.log.read(RoomId("kitchen"), 0, 1000)
            return said, [e.body for e in events if isinstance(e.body, ApprovalAsked)]

    said, asked = run(main())
    assert told(said) == run(alone(trip))
    assert [(one.tool, one.why) for one in asked] == [("review", "Bo has stopped before review")]


@pytest.mark.db
@pytest.mark.slow
@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.long)])
def test_killed_at_any_checkpoint_it_comes_to_the_same_and_asks_nothing_twice(
    tmp_path: Path, every: int
) -> None:
    command = [sys.executable, "-W", "error", "-m", "tests.graphs.asked", str(tmp_path), str(every)]
    ran = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1500
    )
    assert ran.returncode == 0, ran.stderr
    runs = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["ended"] for one in runs] == [-signal.SIGKILL] * (len(runs) - 1) + [0]
    assert runs[-1]["at"] > 10
    wanted = run(alone(trip))
    for one in runs:
        assert json.loads(one["said"][-1]) == wanted, one
        assert len([text for text in one["said"] if text.endswith("?")]) == QUESTIONS, one
        assert verify(f"sqlite:///{tmp_path / str(one['at']) / 'talk.db'}").violations == ()
