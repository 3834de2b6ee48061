"""Plans are carried out: in parallel, again after failures and news, each task once."""

import asyncio
from itertools import pairwise

import pytest
from langchain_core.tools import BaseTool
from tests.agents.planning.staging import NAME, Desk, World, now, proposing
from tests.orchestrator.rooms import in_no_time

from tertulia.agents import tool
from tertulia.agents.planning import BadPlan, Conduct, Plan, PlanLimits, Task, asking, ref, task
from tertulia.compose import House
from tertulia.orchestrator import Room
from tertulia.orchestrator.events import PlanEnded, PlanProposed, TasksMoved
from tertulia.orchestrator.plans import PlanState, TaskState
from tertulia.simulation import VirtualClock


def look(name: str, *after: str, seconds: float = 1.0, what: str = "") -> Task:
    return task(name, "tool:look", {"what": what or name, "seconds": seconds}, after=after)


def book(name: str, *after: str, seconds: float = 1.0, what: str = "") -> Task:
    return task(name, "tool:book", {"what": what or name, "seconds": seconds}, after=after)


@in_no_time
async def test_each_task_begins_the_moment_that_nothing_stands_in_its_way() -> None:
    plan = Plan("all", (look("a"), look("b", seconds=3), look("c", "a"), look("d", "b", "c")))
    outcome, _ = await Desk(plan, world := World()).carry_out()
    assert outcome.state is PlanState.DONE
    assert [world.began(name) for name in "abcd"] == [0, 0, 1, 3]


@in_no_time
async def test_no_more_run_at_once_than_may() -> None:
    plan = Plan("all", tuple(look(name) for name in "abcde"))
    await Desk(plan, world := World(), Conduct(at_once=2)).carry_out()
    assert [world.began(name) for name in "abcde"] == [0, 0, 1, 1, 2]


@in_no_time
async def test_results_become_arguments() -> None:
    dear = task("dear", "tool:book", {"what": "${cheap.what} for ${cheap.price}"})
    plan = Plan("all", (task("cheap", "tool:look", {"what": "tea", "seconds": 0}), dear))
    outcome, _ = await Desk(plan, World()).carry_out()
    assert outcome.results["dear"] == {"what": "tea for 3", "price": 9}


@in_no_time
async def test_a_failure_leaves_other_branches_alone_and_is_told() -> None:
    plan = Plan("all", (look("a"), look("b", "a"), look("c"), look("d", "c")))
    world = World(broken={"a": 1})
    outcome, log = await Desk(plan, world).carry_out()
    assert world.done() == ["c", "d"]
    assert outcome.summary == "a: ValueError: no a today; not tried: b"
    assert [body.state for body in log if isinstance(body, PlanEnded)] == [PlanState.FAILED]


@in_no_time
async def test_what_refers_to_nothing_fails_when_it_is_known() -> None:
    plan = Plan("all", (look("a"), task("b", "tool:book", {"what": ref("a", "whom")})))
    outcome, _ = await Desk(plan, world := World()).carry_out()
    assert world.done() == ["a"]
    assert outcome.summary == "b: ${a.whom}: a has no 'whom'; it has what, price"


@in_no_time
async def test_a_plan_with_flaws_is_not_begun() -> None:
    plan = Plan("all", (look("a"), look("b", "c")))
    desk = Desk(plan, world := World())
    with pytest.raises(IndexError):
        await desk.carry_out()
    assert world.begun == []


@in_no_time
async def test_the_room_is_told_little_by_little() -> None:
    plan = Plan("all", (look("a"), look("b"), look("c", "a", "b")))
    _, log = await Desk(plan, World()).carry_out()
    told = [body for body in log if isinstance(body, PlanProposed | TasksMoved | PlanEnded)]
    assert isinstance(told[0], PlanProposed)
    assert [step.after for step in told[0].steps] == [(), (), ("a", "b")]
    moves = [[(m.task, m.state) for m in one.moves] for one in told if isinstance(one, TasksMoved)]
    began, done = TaskState.RUNNING, TaskState.DONE
    assert moves == [
        [("a", began), ("b", began)],
        [("a", done), ("b", done), ("c", began)],
        [("c", done)],
    ]
    assert isinstance(told[-1], PlanEnded)


@in_no_time
async def test_of_much_that_happens_the_room_is_told_ten_times_a_second_and_nothing_is_lost() -> (
    None
):
    chain = [look("t0", seconds=0.02)]
    chain += [look(f"t{n}", f"t{n - 1}", seconds=0.02) for n in range(1, 30)]
    conduct = Conduct(limits=PlanLimits(30, 30))
    async with House(clock=VirtualClock()) as house:
        room = await Desk(Plan("all", tuple(chain)), World(), conduct).open(house)
        await room.post("ana", "Bo, please.")
        await room.lapse()
        log = await house.log.read(NAME, 0, 1000)
    told = [(event.at, event.body) for event in log if isinstance(event.body, TasksMoved)]
    between = [after - before for (before, _), (after, _) in pairwise(told[:-1])]
    assert len(between) > 3
    assert min(between) == pytest.approx(0.1, abs=0.001)
    states = {move.task: move.state for _, body in told for move in body.moves}
    assert states == {task.id: TaskState.DONE for task in chain}


# ---- another plan


@in_no_time
async def test_after_a_failure_there_is_another_plan_and_what_was_done_stays_done() -> None:
    first = Plan("all", (look("a"), book("b"), look("c", "a", "b")))
    second = Plan("all", (look("a"), book("b2", what="other"), look("c", "a", "b2")))
    propose, asked = proposing(first, second)
    world = World(broken={"b": 1})
    outcome, log = await Desk(propose, world).carry_out()
    assert outcome.state is PlanState.DONE
    assert world.done() == ["a", "other", "c"]
    assert asked[1].because == "b failed: ValueError: no b today"
    assert asked[1].moves["a"].state is TaskState.DONE  # type: ignore[index]
    assert [body.number for body in log if isinstance(body, PlanProposed)] == [1, 2]


@in_no_time
async def test_what_failed_is_tried_again_if_the_next_plan_wants_it() -> None:
    plan = Plan("all", (look("a"), look("b", "a")))
    propose, _ = proposing(plan, plan)
    outcome, _ = await Desk(propose, world := World(broken={"a": 1})).carry_out()
    assert outcome.state is PlanState.DONE
    assert world.begun == ["a", "a", "b"]


@in_no_time
async def test_there_are_no_more_plans_than_may_be() -> None:
    plan = Plan("all", (look("a"),))
    propose, asked = proposing(plan, plan, plan, plan, plan)
    outcome, _ = await Desk(propose, World(broken={"a": 9}), Conduct(replans=2)).carry_out()
    assert outcome.state is PlanState.FAILED
    assert len(asked) == 3


@in_no_time
async def test_where_no_other_plan_can_be_made_the_first_goes_as_far_as_it_can() -> None:
    propose, _ = proposing(Plan("all", (look("a"), look("b"))), ValueError("out of words"))
    outcome, _ = await Desk(propose, World(broken={"a": 1})).carry_out()
    assert outcome.summary == "a: ValueError: no a today; no other plan: out of words"
    assert outcome.moves["b"].state is TaskState.DONE  # type: ignore[index]


@in_no_time
async def test_a_task_with_another_name_is_not_done_twice() -> None:
    first = Plan("all", (book("seat"), look("a")))
    second = Plan("all", (book("place", what="seat"), look("b", "place")))
    propose, _ = proposing(first, second)
    outcome, _ = await Desk(propose, world := World(broken={"a": 1})).carry_out()
    assert outcome.state is PlanState.DONE
    assert world.done() == ["seat", "b"]


@in_no_time
async def test_the_same_thing_twice_in_one_plan_is_done_twice() -> None:
    plan = Plan("all", (book("one", what="seat"), book("two", what="seat")))
    await Desk(plan, world := World()).carry_out()
    assert world.done() == ["seat", "seat"]


@in_no_time
async def test_what_a_person_says_changes_the_plan_and_only_what_it_changes_runs_again() -> None:
    first = Plan("all", (look("a"), look("b", "a", seconds=9), book("c", "b")))
    second = Plan("all", (look("a"), look("b", "a", seconds=2), book("c", "b")))
    propose, asked = proposing(first, second, after_s=1)

    async def meanwhile(room: Room) -> None:
        await asyncio.sleep(4)
        await room.post("eve", "Please hurry.")

    world = World()
    outcome, _ = await Desk(propose, world).carry_out(meanwhile)
    assert outcome.state is PlanState.DONE
    assert asked[1].because == "Eve said something meanwhile"
    assert asked[1].turn.view[-1].text == "Please hurry."
    assert world.begun == ["a", "b", "b", "c"]
    assert world.done() == ["a", "b", "c"]


@in_no_time
async def test_while_another_plan_is_made_for_a_person_nothing_new_is_begun() -> None:
    first = Plan("all", (look("a", seconds=5), book("b", "a")))
    propose, _ = proposing(first, Plan("nothing any more"), after_s=5)

    async def meanwhile(room: Room) -> None:
        await asyncio.sleep(7)
        await room.post("eve", "Do not book it.")

    outcome, _ = await Desk(propose, world := World()).carry_out(meanwhile)
    assert world.begun == ["a"]
    assert outcome.plan.goal == "nothing any more"


@in_no_time
async def test_what_runs_and_is_wanted_goes_on() -> None:
    first = Plan("all", (book("a", seconds=9), look("b")))
    second = Plan("all", (book("a", seconds=9), look("b2")))
    propose, _ = proposing(first, second)
    outcome, _ = await Desk(propose, world := World(broken={"b": 1})).carry_out()
    assert outcome.state is PlanState.DONE
    assert world.begun == ["a", "b", "b2"]


@in_no_time
async def test_what_may_not_run_twice_and_is_no_longer_wanted_is_let_finish() -> None:
    first = Plan("all", (book("a", seconds=9), look("b")))
    propose, _ = proposing(first, Plan("less", (look("b2"),)))
    outcome, _ = await Desk(propose, world := World(broken={"b": 1})).carry_out()
    assert world.done() == ["b2", "a"]
    assert set(outcome.moves) == {"b2"}


@in_no_time
async def test_what_is_broken_off_and_takes_its_time_keeps_nothing_waiting() -> None:
    left: list[float] = []

    @tool(effect="safe_retry", tries=1)
    async def dig(what: str) -> str:
        """Look something up, and be slow to leave off."""
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(30)
            left.append(now())
        return what

    class Slow(World):
        def tools(self) -> list[BaseTool]:
            return [*super().tools(), dig]

    first = Plan("all", (task("d", "tool:dig", {"what": "d"}),))
    propose, _ = proposing(first, Plan("other", (book("a"), book("b", "a"))))

    async def meanwhile(room: Room) -> None:
        await asyncio.sleep(2)
        await room.post("eve", "Do not dig.")

    outcome, _ = await Desk(propose, world := Slow(), Conduct(at_once=1)).carry_out(meanwhile)
    assert outcome.state is PlanState.DONE
    assert world.done() == ["a", "b"]
    assert world.began("b") < min(left, default=60)


@in_no_time
async def test_a_plan_written_in_python_is_made_no_other() -> None:
    plan = Plan("all", (look("a"), look("b", "a", seconds=5)))

    async def meanwhile(room: Room) -> None:
        await asyncio.sleep(2)
        await room.post("eve", "Please hurry.")

    outcome, _ = await Desk(plan, World()).carry_out(meanwhile)
    assert (outcome.number, outcome.state) == (1, PlanState.DONE)


@in_no_time
async def test_a_proposer_that_fails_fails_the_turn() -> None:
    propose, _ = proposing(BadPlan(where="the plan", what="nothing"))
    desk = Desk(propose, World())
    with pytest.raises(IndexError):
        await desk.carry_out()


@in_no_time
async def test_whoever_cuts_in_stops_the_plan() -> None:
    plan = Plan("all", (look("a", seconds=5), book("b", "a"), book("c", seconds=3)))
    desk = Desk(plan, world := World())
    states: list[PlanState] = []

    async def meanwhile(room: Room) -> None:
        await asyncio.sleep(2)
        await room.interrupt("ana", "bo")
        await asyncio.sleep(20)
        states.extend(one.state for one in room.plans())

    with pytest.raises(IndexError):
        await desk.carry_out(meanwhile)
    assert states == [PlanState.STOPPED]
    assert "b" not in world.begun
    assert "c" in world.done()  # what may not be begun twice is not broken off


def test_asking_is_a_task_like_others() -> None:
    assert asking("a", "agent:cy", "Why?", why="to know").arguments == {"ask": "Why?"}
