"""Agents and persons as executors: asked together, waited for off the floor, each once."""

import asyncio

import pytest
from tests.agents.planning.staging import NAME, Desk, World, proposing
from tests.agents.planning.test_execution import look
from tests.orchestrator.rooms import in_no_time

from tertulia.agents.planning import Conduct, Plan, asking, task
from tertulia.compose import House
from tertulia.orchestrator import Log, Room, Said
from tertulia.orchestrator.events import TurnParked
from tertulia.orchestrator.plans import PlanState
from tertulia.simulation import Crash, Machine, VirtualClock
from tertulia.storage import Memory, MemoryLog

WHEN = asking("when", "person:ana", "When shall we go?")
WHERE = asking("where", "agent:cy", "Where to?")


async def ana_answers(room: Room) -> None:
    await asyncio.sleep(5)
    await room.post("ana", "@bo On Friday.")


@in_no_time
async def test_agents_and_persons_are_asked_together_and_the_turn_is_parked_once() -> None:
    both = task("both", "tool:look", {"what": "${when} ${where}"})
    desk = Desk(Plan("all", (WHEN, WHERE, both)), world := World())
    outcome, log = await desk.carry_out(ana_answers)
    assert outcome.state is PlanState.DONE
    assert outcome.results["when"] == "@bo On Friday."
    assert outcome.results["where"].startswith("Cy knows:")
    asked = [body for body in log if isinstance(body, Said) and body.text.startswith("Ana:")]
    assert [one.text for one in asked] == ["Ana: When shall we go? Cy: Where to?"]
    assert sorted(asked[0].addressees) == ["ana", "cy"]
    assert len([body for body in log if isinstance(body, TurnParked)]) == 1
    assert len(world.done()) == 1


@in_no_time
async def test_tools_go_on_while_somebody_is_waited_for() -> None:
    plan = Plan("all", (WHEN, look("a", seconds=2), look("b", "a", seconds=2)))
    desk = Desk(plan, world := World())
    await desk.carry_out(ana_answers)
    assert world.began("b") == 2


@in_no_time
async def test_a_question_that_depends_on_an_answer_is_put_when_that_is_there() -> None:
    then = asking("then", "agent:cy", "Is there a train: ${when}?")
    desk = Desk(Plan("all", (WHEN, then)), World())
    outcome, _ = await desk.carry_out(ana_answers)
    assert outcome.results["then"] == "Cy knows: Is there a train: @bo On Friday.?"


@in_no_time
async def test_nobody_is_asked_two_things_at_a_time() -> None:
    desk = Desk(Plan("all", (WHEN, asking("how", "person:ana", "And how?"), WHERE)), World())

    async def meanwhile(room: Room) -> None:
        await asyncio.sleep(5)
        await room.post("ana", "@bo On Friday.")
        await asyncio.sleep(5)
        await room.post("ana", "@bo By train.")

    outcome, _ = await desk.carry_out(meanwhile)
    assert outcome.results["when"] == "@bo On Friday."
    assert outcome.results["how"] == "@bo By train."


@in_no_time
async def test_who_does_not_answer_fails_the_task() -> None:
    desk = Desk(Plan("all", (WHEN, look("a"))), World(), Conduct(ask_s=30))
    outcome, _ = await desk.carry_out(lambda room: asyncio.sleep(40))
    assert outcome.summary == "when: Unanswered: ana has not answered within 30 seconds"


@in_no_time
async def test_an_answer_is_no_reason_for_another_plan() -> None:
    propose, asked = proposing(Plan("all", (WHEN, look("a", "when", seconds=9))))
    desk = Desk(propose, World())
    outcome, _ = await desk.carry_out(ana_answers)
    assert outcome.state is PlanState.DONE
    assert len(asked) == 1


@pytest.mark.parametrize("after_s", [0.5, 3.0, 5.0, 6.0, 9.0])
@pytest.mark.parametrize("step", [1, 5, 12, 25, 40])
def test_after_a_crash_nobody_is_asked_again(step: int, after_s: float) -> None:
    plan = Plan("all", (WHEN, WHERE, look("a", "when", seconds=4), look("b", "where", "a")))
    memory, desk = Memory(), Desk(plan, World())

    async def live(log: Log) -> list[str]:
        async with House(log, clock=VirtualClock()) as house:
            room = await desk.open(house)
            await room.post("ana", "Bo, please.", key="only")
            await asyncio.sleep(max(0.0, 5 - (house.scheduler.clock.now() - 1_767_225_600)))
            await room.post("ana", "@bo On Friday.", key="answer")
            await room.lapse()
            return [e.text for e in await log.read(NAME, 0, 1000) if isinstance(e.body, Said)]

    said = Machine(lambda: MemoryLog(memory)).survive(live, [Crash(step, after_s=after_s)])
    assert len([text for text in said if text.startswith("Ana: When")]) == 1
    assert desk.outcomes[-1].state is PlanState.DONE
    assert desk.outcomes[-1].results["when"] == "@bo On Friday."
