"""Whatever mix of faults the seed draws, what was acknowledged is in the log, once, in order.

A failing example prints its seed; ``survived(seed)`` runs it again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from tests.simulation.staging import talks

from tertulia.agents import Card
from tertulia.compose import House, agent, human, speaker
from tertulia.orchestrator import Event, Log, Room, Said, Speaker
from tertulia.orchestrator.errors import StoreBusy, StoreUnusable, TertuliaError, Unreachable
from tertulia.orchestrator.events import TurnEnded, TurnGranted
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.orchestrator.room import RoomId
from tertulia.simulation import (
    Crash,
    Crashed,
    Faults,
    Machine,
    Partition,
    Partitioned,
    Unsteady,
    VirtualClock,
    run,
)
from tertulia.simulation.clock import EPOCH
from tertulia.simulation.habits import chance
from tertulia.simulation.machine import Mortal
from tertulia.storage import Memory, MemoryLog, SqlLog, verify

NAME = RoomId("storm")
SPAN_S = 300.0
PEOPLE = ("Ana", "Tom", "Eve")
POSTS = 8


@dataclass
class Storm:
    """People who post, whatever happens, and what they were told had been kept."""

    seed: int
    faults: Faults
    acknowledged: dict[tuple[str, str], Event] = field(default_factory=dict)
    at_rest: bool = False

    def cast(self) -> Mapping[str, Speaker]:
        return {
            name.lower(): Unsteady(speaker(Card(name), seed=self.seed), self.faults, self.seed)
            for name in ("Bo", "Cy")
        }

    async def live(self, log: Log) -> None:
        """One process: everybody goes on with what has not been acknowledged."""
        clock = VirtualClock()
        partitions = self.faults.partitions_of(self.seed, EPOCH, SPAN_S)
        async with House(Partitioned(log, clock, partitions), clock=clock) as house:
            async with asyncio.TaskGroup() as group:
                for name in PEOPLE:
                    group.create_task(self.person(house, name))
            async with asyncio.timeout(1000):
                while not self.at_rest:  # a room whose last answer was lost has to be opened again
                    room = await self.reached(house)
                    await room.lapse()
                    self.at_rest = room.live.quiet

    async def person(self, house: House, name: str) -> None:
        who = name.lower()
        drawn = chance(self.seed, who)
        for number in range(POSTS):
            moment, text = drawn.uniform(0, SPAN_S), drawn.choice(["Bo, go on.", "Hm.", "Cy, and?"])
            key = f"post-{number}"
            while (who, key) not in self.acknowledged:
                await house.scheduler.clock.sleep(EPOCH + moment - house.scheduler.clock.now())
                try:
                    room = await self.opened(house)
                    self.acknowledged[who, key] = await room.post(who, text, key=key)
                except (Unreachable, StoreUnusable):
                    await house.scheduler.clock.sleep(1.0)

    async def reached(self, house: House) -> Room:
        while True:
            try:
                return await self.opened(house)
            except (Unreachable, StoreUnusable):
                await house.scheduler.clock.sleep(1.0)

    async def opened(self, house: House) -> Room:
        cast = self.cast()
        agents = (agent(name, cast[name.lower()]) for name in ("Bo", "Cy"))
        people = (human(name) for name in PEOPLE)
        policy = {"name": "conversational", "volunteers": 1, "agent_run": 3}
        return await house.room(NAME, *people, *agents, policy=policy)


def survived(
    seed: int, open_log: Callable[[], Mortal] | None = None, faults: Faults | None = None
) -> tuple[Storm, list[Event]]:
    """Weather the faults of a seed; the log after it."""
    drawn = chance(seed, "how much")
    wanted = faults or Faults(
        slow_turns=drawn.choice([0.0, 0.5]),
        slow_s=drawn.choice([10.0, 200.0]),
        failing_turns=drawn.choice([0.0, 0.4]),
        partitions=drawn.choice([0, 3, 12]),
        partition_s=drawn.choice([2.0, 20.0]),
        crashes=drawn.choice([0, 2, 6]),
    )
    memory = Memory()
    opening = open_log or (lambda: MemoryLog(memory))
    storm, machine = Storm(seed, wanted), Machine(opening)
    machine.survive(storm.live, wanted.crashes_of(seed, SPAN_S))

    async def read(log: Log) -> list[Event]:
        try:
            return list(await log.read(NAME, 0, 1_000_000))
        finally:
            await log.close()

    return storm, machine.run(read)


def check(storm: Storm, log: Sequence[Event]) -> None:
    """Everything that must be true after any storm."""
    assert storm.at_rest
    assert [event.seq for event in log] == list(range(1, len(log) + 1))
    assert sorted(event.at for event in log) == [event.at for event in log]
    assert len(storm.acknowledged) == len(PEOPLE) * POSTS
    for (who, key), event in storm.acknowledged.items():
        assert [e for e in log if (e.by, e.key) == (who, key)] == [event]
    granted = [event.body.turn for event in log if isinstance(event.body, TurnGranted)]
    ended = [event.body.turn for event in log if isinstance(event.body, TurnEnded)]
    assert sorted(granted) == sorted(ended)
    assert len(set(granted)) == len(granted)
    assert not [told for told in replay(NAME, log) if isinstance(told, Disagreement)]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**31))
def test_after_any_mix_of_faults_what_was_acknowledged_is_there_once_and_in_order(
    seed: int,
) -> None:
    note(f"survived({seed})")
    check(*survived(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_storms_are_weathered(seed: int) -> None:
    check(*survived(seed))


@pytest.mark.db
@pytest.mark.parametrize("seed", range(6))
def test_a_database_is_sound_after_a_storm(seed: int, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    faults = Faults(
        slow_turns=0.3, failing_turns=0.3, partitions=6, partition_s=10, crashes=1 + seed % 3
    )
    check(*survived(seed, lambda: SqlLog(url), faults))
    assert verify(url).violations == ()


def test_the_same_seed_gives_the_same_storm() -> None:
    worst = Faults(slow_turns=0.5, failing_turns=0.4, partitions=9, crashes=5)
    assert survived(3, faults=worst)[1] == survived(3, faults=worst)[1]
    assert survived(3, faults=worst)[1] != survived(4, faults=worst)[1]


def test_a_crash_may_come_at_any_await() -> None:
    """Every callback of a short conversation, one after the other."""

    async def short(log: Log) -> list[Event]:
        async with House(log, clock=VirtualClock()) as house:
            members = human("Ana"), agent("Bo", talks(2, "Well, well."))
            room = await house.room(NAME, *members, policy="addressed")
            await room.post("ana", "Bo?", key="only")
            await room.post("ana", "@bo and now?", key="second")
            await room.lapse()
            return list(await log.read(NAME, 0, 1000))

    whole = Machine(lambda: MemoryLog())
    assert len(whole.run(short)) > 5
    for step in range(1, whole.steps + 1):
        memory = Memory()
        machine = Machine(lambda memory=memory: MemoryLog(memory))  # type: ignore[misc]
        log = machine.survive(short, [Crash(step)])
        said = [(e.by, e.key) for e in log if isinstance(e.body, Said) and e.key]
        assert said == [("ana", "only"), ("ana", "second")], step
        assert [e.seq for e in log] == list(range(1, len(log) + 1))
        assert not [told for told in replay(NAME, log) if isinstance(told, Disagreement)]


# ---- each fault alone


def test_nothing_of_a_crashed_process_writes_any_more() -> None:
    memory, cleaned = Memory(), list[str]()

    async def main(log: Log) -> None:
        async with House(log, clock=VirtualClock()) as house:
            room = await house.room(NAME, human("Ana"))
            try:
                await asyncio.sleep(100)
            finally:
                cleaned.append("tried")
                await room.post("ana", "My last words.")

    machine = Machine(lambda: MemoryLog(memory))
    with pytest.raises(Crashed):
        machine.run(main, Crash(1, after_s=50))
    assert machine.elapsed_s >= 50
    assert cleaned == ["tried"]
    assert not [e for e in memory.rooms[NAME].events if isinstance(e.body, Said)]


def test_time_goes_on_from_one_process_to_the_next() -> None:
    moments: list[float] = []

    async def main(log: Log) -> None:
        moments.append(VirtualClock().now() - EPOCH)
        await asyncio.sleep(40)
        moments.append(VirtualClock().now() - EPOCH)

    Machine(MemoryLog).survive(main, [Crash(1, after_s=30)])
    assert moments == [0, 40, 80]  # the first one ended before it could say that it had slept


@pytest.mark.parametrize("only_the_answer", [False, True])
@pytest.mark.parametrize("unusable", [False, True])
def test_a_broken_line_loses_the_request_or_only_the_answer(
    only_the_answer: bool, unusable: bool
) -> None:
    async def main() -> None:
        log, clock = MemoryLog(), VirtualClock()
        cut = Partition(EPOCH + 10, EPOCH + 20, only_the_answer=only_the_answer, unusable=unusable)
        line = Partitioned(log, clock, [cut])
        await line.acquire(NAME)
        await clock.sleep(10)
        wrong = StoreUnusable if unusable else StoreBusy
        for ask in (line.acquire(NAME), line.read(NAME, 0, 9), line.rooms(), line.unfinished()):
            with pytest.raises(wrong):
                await ask
        await clock.sleep(10)
        assert (await line.acquire(NAME)).epoch == (3 if only_the_answer else 2)

    run(main())


def test_models_fail_before_and_in_the_middle_of_their_words() -> None:
    faults = Faults(failing_turns=1)
    problems: set[str | None] = set()
    texts: list[str] = []

    async def main() -> None:
        async with House(clock=VirtualClock()) as house:
            bo = Unsteady(talks(9, "one two three four five six seven eight nine ten"), faults, 0)
            room = await house.room(NAME, human("Ana"), agent("Bo", bo), policy="addressed")
            for _ in range(30):
                await room.post("ana", "Bo, count.")
                await room.lapse()
            for event in await house.log.read(NAME, 0, 1000):
                if isinstance(event.body, TurnEnded):
                    problems.add(event.body.problem)
                if isinstance(event.body, Said) and event.by == "bo":
                    texts.append(event.body.text)

    run(main())
    assert {str(problem).partition(": ")[2] for problem in problems} == {
        "the model cannot be reached (drawn by the simulation)",
        "the model broke off in the middle of its answer (drawn by the simulation)",
    }
    assert len({len(text.split()) for text in texts}) > 3
    assert all("one two three four five six seven eight nine ten".startswith(t) for t in texts)


def test_slow_models_take_their_time() -> None:
    async def main() -> float:
        async with House(clock=VirtualClock()) as house:
            bo = Unsteady(talks(1), Faults(slow_turns=1, slow_s=20), 0)
            room = await house.room(NAME, human("Ana"), agent("Bo", bo), policy="addressed")
            for _ in range(20):
                await room.post("ana", "Bo, count.")
                await room.lapse()
            return house.scheduler.clock.now() - EPOCH

    assert run(main()) > 20 * 5


def test_a_fault_is_told_in_one_tree_with_all_others() -> None:
    assert issubclass(TertuliaError, Exception)
    assert not issubclass(Crashed, Exception)
