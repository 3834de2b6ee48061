"""A turn that comes further between crashes goes on; one that stays where it is is given up."""

import asyncio
from collections import Counter

import pytest
from tests.orchestrator.programs import PureRoom
from tests.orchestrator.rooms import House, endings, in_no_time, log_of, replays, settle, texts
from tests.orchestrator.test_plans import Planning

from tertulia import House as Wired
from tertulia import agent, human
from tertulia.agents import carry_out, tool
from tertulia.orchestrator import Log, Outcome, Turn, admission
from tertulia.orchestrator.admission.turns import ATTEMPTS, RESUMPTIONS
from tertulia.orchestrator.events import TurnEnded, TurnResumed
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.plans import TaskState
from tertulia.orchestrator.policies import Addressed
from tertulia.simulation import VirtualClock
from tertulia.simulation.machine import Crash, Machine
from tertulia.storage import Memory, MemoryLog

STUCK = f"given up: the process ended {RESUMPTIONS + 1} times since this turn came further"


class Clerk:
    """An agent that has to make ``calls`` calls; each attempt makes one more, until ``stuck``."""

    def __init__(self, calls: int, stuck: int = 100) -> None:
        self.calls, self.stuck = calls, stuck
        self.made: Counter[int] = Counter()

        @tool(effect="at_most_once")
        async def file(number: int) -> int:
            """File a letter."""
            self.made[number] += 1
            return number

        self.file = file

    async def act(self, turn: Turn) -> str:
        for number in range(self.calls):
            await carry_out(turn, self.file, {"number": number}, call=f"{number}")
            if number == min(turn.attempt, self.stuck) - 1:
                await turn.clock.sleep(1e6)
        return "All filed."


class Keeper:
    """An agent that keeps how far it has come, or always the same."""

    def __init__(self, *, further: bool) -> None:
        self.further = further

    async def act(self, turn: Turn) -> str:
        await turn.keep({"n": turn.attempt if self.further else 0})
        await turn.clock.sleep(1e6)
        return ""


async def crashing(house: House, act: object, times: int) -> House:
    """The process that comes after so many that crashed in the middle of the turn."""
    for _ in range(times):
        await settle(1.0)
        house.crash()
        house = House(house.memory)
        await house.room("ana bo", {"bo": act})  # type: ignore[dict-item]
    await settle(1.0)
    return house


async def asked(act: object) -> House:
    house = House()
    room = await house.room("ana bo", {"bo": act}, lease_s=1e6)  # type: ignore[dict-item]
    await room.post("ana", "@bo?")
    return house


@in_no_time
async def test_a_turn_that_settles_a_call_between_crashes_comes_to_its_end() -> None:
    clerk = Clerk(calls=9)
    house = await crashing(await asked(clerk.act), clerk.act, 9)
    assert await texts(house.log) == ["ana: @bo?", "bo: All filed."]
    assert set(clerk.made.values()) == {1}
    resumed = [e.body for e in await log_of(house.log) if isinstance(e.body, TurnResumed)]
    assert [body.done for body in resumed] == list(range(1, 10))
    assert await replays(house.log)
    await house.scheduler.aclose()


@in_no_time
async def test_a_turn_that_comes_no_further_is_given_up_though_it_once_did() -> None:
    clerk = Clerk(calls=9, stuck=5)
    house = await crashing(await asked(clerk.act), clerk.act, 5 + RESUMPTIONS)
    assert await endings(house.log) == [("bo", Outcome.FAILED, STUCK)]
    assert dict(clerk.made) == dict.fromkeys(range(5), 1)
    await house.scheduler.aclose()


@pytest.mark.parametrize(("further", "over"), [(True, False), (False, True)])
def test_a_turn_that_keeps_something_new_comes_further(further: bool, over: bool) -> None:
    @in_no_time
    async def main() -> None:
        keeper = Keeper(further=further)
        house = await crashing(await asked(keeper.act), keeper.act, 2 * RESUMPTIONS)
        assert bool(await endings(house.log)) is over
        assert await replays(house.log)
        await house.scheduler.aclose()

    main()


class Stepping:
    """An agent whose steps are kept elsewhere, as a graph's are."""

    def __init__(self, *reached: int) -> None:
        self.steps = list(reached)

    async def __call__(self, turn: Turn) -> str:
        await asyncio.sleep(1e6)
        return ""

    async def reached(self, turn: str) -> int:
        if not self.steps:
            raise OSError("no power")
        return self.steps.pop(0)


@in_no_time
async def test_steps_that_a_speaker_has_kept_count_and_one_that_cannot_tell_has_none() -> None:
    speaker = Stepping(1, 1, 1, 2, 2, 2)
    house = await crashing(await asked(speaker), speaker, 6)
    assert await endings(house.log) == []
    house = await crashing(house, speaker, 1)
    assert await endings(house.log) == [("bo", Outcome.FAILED, STUCK)]
    await house.scheduler.aclose()


def test_a_plan_s_task_that_is_done_is_headway_and_one_that_begins_is_none() -> None:
    def hold(state: TaskState) -> Hold:
        bo = Planning()
        bo.propose()
        for _ in range(2):
            bo.room.do(("crash", 0))
        bo.move("boil", state)
        return bo.hold

    assert [hold(state).back for state in (TaskState.RUNNING, TaskState.DONE)] == [0, 2]


def test_no_turn_is_taken_up_for_ever() -> None:
    room = PureRoom(Addressed())
    room.seat("ana", "bo")
    room.say("ana", "@bo?")

    def crash(done: int) -> None:
        [hold] = room.floor.holds
        room.ask(lambda floor, now: admission.take_up(floor, hold, now, done))

    for done in range(1, ATTEMPTS + 1):
        crash(done)
    assert room.floor.holds[0].attempt == ATTEMPTS + 1
    crash(ATTEMPTS + 1)
    assert isinstance(room.events[-1].body, TurnEnded)


def test_crashes_at_any_moment_of_a_turn_that_comes_further_do_not_end_it() -> None:
    memory, made = Memory(), Counter[int]()

    @tool(effect="idempotent")
    async def file(number: int) -> int:
        """File a letter."""
        await asyncio.sleep(1)
        made[number] += 1
        return number

    async def act(turn: Turn) -> str:
        for number in range(12):
            await carry_out(turn, file, {"number": number}, call=f"{number}")
        return "All filed."

    async def live(log: Log) -> list[str]:
        async with Wired(log, clock=VirtualClock()) as house:
            room = await house.room("office", human("Ana"), agent("Bo", act))
            await room.post("ana", "Bo?", key="only")
            await room.lapse()
            return [said.text for said in await room.said()]

    machine = Machine(lambda: MemoryLog(memory))
    crashes = [Crash(5 + step, after_s=1.5 * life) for life, step in enumerate(range(1, 12), 1)]
    assert machine.survive(live, crashes) == ["Bo?", "All filed."]
    assert max(made.values()) <= 2
    assert sorted(made) == list(range(12))
