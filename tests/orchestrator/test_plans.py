"""What a room knows of the plans of its turns, and what of them is news. Pure."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.orchestrator.programs import PureRoom

from tertulia.orchestrator import admission
from tertulia.orchestrator.events import Event, Outcome, TasksMoved
from tertulia.orchestrator.floor import Hold
from tertulia.orchestrator.plans import (
    PLANS,
    Move,
    PlanEnded,
    PlanEvent,
    PlanProposed,
    PlanState,
    PlanStatus,
    Step,
    TaskState,
)
from tertulia.orchestrator.policies import Addressed

STEPS = Step("boil", "tool:kettle"), Step("pour", "agent:eve", ("boil",))


class Planning:
    """A room in which Bo has a turn, and tells of a plan."""

    def __init__(self) -> None:
        self.room = PureRoom(Addressed())
        self.room.seat("ana", "bo")
        self.ask()

    def ask(self, **more: Any) -> None:
        self.room.say("ana", "Bo, tea?", **more)

    @property
    def hold(self) -> Hold:
        return self.room.floor.holds[0]

    @property
    def plan(self) -> PlanStatus:
        return self.room.floor.plans[-1]

    def tell(self, told: PlanEvent) -> tuple[Event, ...]:
        hold = self.hold
        return self.room.ask(lambda floor, now: admission.planned(floor, hold, told))

    def propose(self, number: int = 1, because: str = "") -> tuple[Event, ...]:
        return self.tell(PlanProposed(self.hold.turn, number, "tea", STEPS, because))

    def move(self, task: str, state: TaskState, note: str = "") -> tuple[Event, ...]:
        return self.tell(TasksMoved(self.hold.turn, (Move(task, state, note),)))


def test_a_plan_comes_along_task_by_task() -> None:
    bo = Planning()
    bo.propose()
    assert bo.plan.state_of("boil") is TaskState.WAITING
    bo.move("boil", TaskState.RUNNING)
    bo.move("boil", TaskState.DONE)
    assert bo.plan.count(TaskState.DONE) == 1
    bo.tell(PlanEnded(bo.hold.turn, PlanState.DONE, "All is done."))
    assert (bo.plan.state, bo.plan.account) == (PlanState.DONE, "All is done.")


def test_another_plan_takes_the_place_of_the_one_before() -> None:
    bo = Planning()
    [first] = bo.propose()
    bo.move("boil", TaskState.FAILED, "no water")
    bo.propose(2, "no water")
    assert len(bo.room.floor.plans) == 1
    assert (bo.plan.number, bo.plan.because, bo.plan.seq) == (2, "no water", first.seq)
    assert bo.plan.moves == {}


def test_what_the_log_has_is_no_news() -> None:
    bo = Planning()
    assert bo.propose()
    assert not bo.propose()
    assert bo.move("boil", TaskState.RUNNING)
    assert not bo.move("boil", TaskState.RUNNING)
    assert bo.move("boil", TaskState.DONE)


def test_a_plan_is_for_the_eyes_of_those_who_hear_the_turn() -> None:
    bo = Planning()
    bo.room.seat("cy")
    bo.room.finish("Yes.")
    bo.ask(whisper=("bo",))
    [told] = bo.propose()
    assert told.audience == bo.hold.audience == ("ana", "bo") == bo.plan.audience


def test_a_plan_whose_turn_ends_first_is_stopped() -> None:
    bo = Planning()
    bo.propose()
    hold = bo.hold
    bo.room.ask(lambda f, now: admission.cut(f, hold, Outcome.INTERRUPTED, hold.participant, ""))
    assert bo.plan.state is PlanState.STOPPED


def test_a_turn_that_has_ended_tells_nothing_more() -> None:
    bo = Planning()
    hold = bo.hold
    bo.room.finish("No.")
    told = PlanProposed(hold.turn, 1, "tea", STEPS)
    assert admission.planned(bo.room.floor, hold, told) == ()


def test_what_is_told_is_one_line_and_not_too_long() -> None:
    bo = Planning()
    bo.propose()
    bo.move("boil", TaskState.FAILED, "it\nsaid " + 1000 * "no ")
    note = bo.plan.moves["boil"].note
    assert "\n" not in note
    assert len(note) <= 200


@given(st.integers(1, 3 * PLANS))
def test_a_floor_keeps_the_last_plans(turns: int) -> None:
    bo = Planning()
    for number in range(turns):
        bo.propose()
        bo.room.finish(f"Yes, {number}.")
        bo.ask()
    assert len(bo.room.floor.plans) == min(turns, PLANS)
    assert all(plan.state is PlanState.STOPPED for plan in bo.room.floor.plans)
