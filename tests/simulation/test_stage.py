"""A performance: the same room for the same seed, whole or taken up where it was broken off."""

import asyncio
from pathlib import Path

import pytest
from tests.simulation.staging import said, silent, staged

from tertulia.agents.cards import Card
from tertulia.compose import open_log
from tertulia.orchestrator import Event, Log, Scheduler, Turn, WallClock
from tertulia.orchestrator.errors import StoreBusy
from tertulia.orchestrator.events import Joined, Left, TurnGranted
from tertulia.simulation import (
    Faults,
    Machine,
    Once,
    Partition,
    Partitioned,
    Rehearsed,
    Scenario,
    VirtualClock,
    parse,
    perform,
    room_name,
    run,
)
from tertulia.simulation.clock import EPOCH
from tertulia.storage import Memory, MemoryLog, verify

SCENE = parse(
    """
title: Scene
room: {patience_s: 1}
limit_s: 60
participants:
- name: Bo
- name: Ana
  kind: human
  cues:
  - {say: "Bo, one.", at: 0}
  - {say: "Bo, two.", at: 10}
  - {leave: true, at: 11}
- name: Tom
  kind: human
  cues:
  - {say: "Bo, three.", at: 20}
"""
)
TEXTS = ["Bo, one.", "First.", "Bo, two.", "Second.", "Bo, three.", "Third."]


def bo() -> Rehearsed:
    return Rehearsed(Card("Bo"), ("First.", "Second.", "Third."))


def texts(happened: list[Event]) -> list[str]:
    return [text for _, _, text in said(happened)]


def test_the_room_s_name_follows_from_scenario_and_seed() -> None:
    again = SCENE.model_copy(deep=True)
    assert room_name(SCENE, 1) == room_name(again, 1)
    others = {room_name(SCENE, 2), room_name(SCENE.model_copy(update={"limit_s": 61.0}), 1)}
    assert len({room_name(SCENE, 1), *others}) == 3
    assert room_name(SCENE, 1).startswith("scene-1-")


def test_an_id_that_is_not_given_leaves_names_as_they_were() -> None:
    lone = parse("title: x\nparticipants: [{name: Bo}]")
    named = parse("title: x\nparticipants: [{name: Bo, id: bob}]")
    assert room_name(lone, 0) == "x-0-9712f571"
    assert room_name(named, 0) != room_name(lone, 0)


def test_it_is_the_same_each_time() -> None:
    assert staged(SCENE, {"bo": bo()}) == staged(SCENE, {"bo": bo()})


@pytest.mark.db
def test_a_whole_one_is_shown_again_from_the_log(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    first = staged(SCENE, {"bo": bo()}, log=open_log(url))
    assert staged(SCENE, {"bo": silent}, log=open_log(url)) == first


async def broken_off(log_url: str, after: str) -> None:
    """Put the scene on until somebody has said ``after``, and leave without a word."""

    class Enough(Exception):
        """The lights went out."""

    def watch(happening: object) -> None:
        if isinstance(happening, Event) and getattr(happening.body, "text", "") == after:
            raise Enough

    log = open_log(log_url)
    scheduler = Scheduler(log, VirtualClock())
    with pytest.raises(Enough):
        await perform(SCENE, 0, log, scheduler, {"bo": bo()}, watch)
    await scheduler.aclose(grace_s=0)


@pytest.mark.db
@pytest.mark.parametrize("after", TEXTS)
def test_one_that_was_broken_off_goes_on_and_repeats_nothing(tmp_path: Path, after: str) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    run(broken_off(url, after))
    assert verify(url).violations == ()
    happened = staged(SCENE, {"bo": bo()}, log=open_log(url))
    assert texts(happened) == TEXTS
    assert verify(url).violations == ()


@pytest.mark.db
def test_whoever_had_left_does_not_come_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    run(broken_off(url, "Bo, three."))
    happened = staged(SCENE, {"bo": bo()}, log=open_log(url))
    assert [e.by for e in happened if isinstance(e.body, Joined)] == ["bo", "ana", "tom"]
    assert [e.by for e in happened if isinstance(e.body, Left)] == ["ana"]


def test_a_watcher_that_fails_ends_the_performance() -> None:
    def watch(happening: object) -> None:
        raise BrokenPipeError

    async def main() -> None:
        log = MemoryLog()
        scheduler = Scheduler(log, VirtualClock())
        with pytest.raises(BrokenPipeError):
            await perform(SCENE, 0, log, scheduler, {"bo": bo()}, watch)
        await scheduler.aclose()

    run(main())


def test_a_room_that_is_taken_away_ends_the_performance() -> None:
    async def main() -> None:
        log = MemoryLog()
        scheduler = Scheduler(log, VirtualClock())
        name = room_name(SCENE, 0)

        async def steal() -> None:
            await asyncio.sleep(5)
            await scheduler.hand_back(await scheduler.open(name))

        stealing = asyncio.create_task(steal())
        with pytest.raises(Exception, match="shutting down"):
            await perform(SCENE, 0, log, scheduler, {"bo": bo()}, lambda happening: None)
        await stealing
        await scheduler.aclose()

    run(main())


def test_lines_are_said_one_a_turn_and_then_nothing() -> None:
    scenario = parse(
        "title: x\nparticipants:\n- name: Bo\n- name: Ana\n  kind: human\n  cues:\n"
        "  - {say: 'Bo, a.'}\n  - {say: 'Bo, b.', when: quiet}\n  - {say: 'Bo, c.', when: quiet}\n"
    )
    happened = staged(scenario, {"bo": Rehearsed(Card("Bo"), ("First.", "Second."))})
    assert texts(happened) == ["Bo, a.", "First.", "Bo, b.", "Second.", "Bo, c."]
    assert len([e for e in happened if isinstance(e.body, TurnGranted)]) == 3


async def test_it_is_put_on_in_real_time_too() -> None:
    scene = parse(
        "title: x\nparticipants:\n- name: Bo\n- name: Ana\n  kind: human\n  cues:\n"
        "  - {say: 'Bo, hello?', at: 0.05}\n  - {say: wait, while: Bo}\n"
    )
    happened: list[Event] = []
    waits = asyncio.Event()

    def watch(happening: object) -> None:
        if isinstance(happening, Event):
            happened.append(happening)
            if texts([happening]) == ["wait"]:
                waits.set()

    async def hello(turn: Turn) -> None:
        turn.say("Hel")
        await waits.wait()
        turn.say(" lo!")

    log = MemoryLog()
    scheduler = Scheduler(log, WallClock())
    await perform(scene, 0, log, scheduler, {"bo": hello}, watch)
    await scheduler.aclose()
    assert texts(happened)[:3] == ["Bo, hello?", "wait", "Hel lo!"]


STORMY = SCENE.model_copy(
    update={
        "faults": Faults(
            crashes=4, partitions=6, partition_s=4, slow_turns=0.4, slow_s=5, failing_turns=0.3
        )
    }
)


def weathered(seed: int, scenario: Scenario = STORMY) -> list[Event]:
    """All that is shown of a performance with faults."""
    happened: list[Event] = []
    memory, faults = Memory(), scenario.faults or Faults()
    once = Once(lambda seen: happened.append(seen) if isinstance(seen, Event) else None)

    async def put_on(log: Log) -> None:
        clock = VirtualClock()
        line = Partitioned(log, clock, faults.partitions_of(seed, EPOCH, 60))
        scheduler = Scheduler(line, clock)
        await perform(scenario, seed, line, scheduler, {"bo": bo()}, once)
        await scheduler.aclose()

    Machine(lambda: MemoryLog(memory)).survive(put_on, faults.crashes_of(seed, 60))
    assert happened == memory.rooms[room_name(scenario, seed)].events
    return happened


@pytest.mark.parametrize("seed", range(20))
def test_with_faults_everything_is_said_once_and_shown_once_and_it_ends(seed: int) -> None:
    happened = weathered(seed)
    assert happened[-1].type == "RoomEnded"
    assert [event.seq for event in happened] == list(range(1, len(happened) + 1))
    keys = [(event.by, event.key) for event in happened if event.key is not None]
    assert sorted(keys) == [("ana", "cue-1"), ("ana", "cue-2"), ("tom", "cue-1")]


def test_faults_too_follow_from_the_seed() -> None:
    assert weathered(1) == weathered(1)
    assert weathered(1) != weathered(2)


def test_a_store_that_stays_away_ends_a_performance_without_faults_at_once() -> None:
    async def main() -> None:
        log, clock = MemoryLog(), VirtualClock()
        line = Partitioned(log, clock, [Partition(EPOCH, EPOCH + 1e9)])
        with pytest.raises(StoreBusy):
            await perform(SCENE, 0, line, Scheduler(line, clock), {"bo": bo()}, lambda seen: None)
        with pytest.raises(StoreBusy):
            await perform(STORMY, 0, line, Scheduler(line, clock), {"bo": bo()}, lambda seen: None)
        assert 60 < clock.now() - EPOCH < 300

    run(main())
