"""A process that ends in the middle of a plan, wherever it is: every task is done as it should."""

import json
from collections import Counter

import pytest
from tests.agents.planning.staging import NAME, Desk, World, bodies, proposing
from tests.agents.planning.test_execution import book, look

from tertulia.agents.planning import Conduct, Plan, PlanOutcome, Proposer, Situation
from tertulia.compose import House, ledger_of
from tertulia.orchestrator import Log
from tertulia.orchestrator.effects import SETTLED, Effect
from tertulia.orchestrator.events import PlanEnded, PlanProposed, TasksMoved
from tertulia.orchestrator.plans import PlanState
from tertulia.orchestrator.replay import Disagreement, replay
from tertulia.simulation import Crash, Machine, VirtualClock
from tertulia.storage import Memory, MemoryLog

PLAN = Plan("all", (look("a"), book("b"), look("c", "a", "b"), book("d", "a"), look("e", "d", "c")))
FIRST = Plan("all", (look("a"), look("x"), book("b", "a"), book("d", "b", "x")))
SECOND = Plan("all", (look("a"), look("y"), book("b", "a"), book("d", "b", "y")))


def remade() -> Proposer:
    """Who plans again after a failure, and says the same whenever it is asked the same."""

    async def propose(situation: Situation) -> Plan:
        return FIRST if situation.plan is None else SECOND

    return propose


class Survivor:
    """A desk whose process crashes, and what has come of it in the end."""

    def __init__(self, source: Plan | Proposer, world: World, replans: int = 1) -> None:
        self.world, self.memory = world, Memory()
        self.desk = Desk(source, world, Conduct(replans=replans))
        self.machine = Machine(lambda: MemoryLog(self.memory))
        self.again: Counter[str] = Counter()
        self.gives_up = False

    async def live(self, log: Log) -> None:
        async with House(log, clock=VirtualClock()) as house:
            room = await self.desk.open(house)
            await room.post("ana", "Bo, please.", key="only")
            await room.lapse()
            while asked := room.approvals("ana"):  # what became of it, she alone can tell
                for one in asked:
                    await room.resolve("ana", one.id, self.fate(json.loads(one.arguments)["what"]))
                await room.lapse()
            self.log = await log.read(NAME, 0, 100_000)
            self.bodies = await bodies(log)
            self.effects: list[Effect] = list(await ledger_of(log).of_room(NAME, 1000))

    def fate(self, what: str) -> str:
        """What Ana says became of a call in doubt."""
        if self.gives_up:
            return "give_up"
        self.again[what] += what not in self.world.done()
        return "happened" if what in self.world.done() else "again"

    @property
    def outcome(self) -> PlanOutcome:
        return self.desk.outcomes[-1]

    def check(self) -> None:
        """What holds after any crash."""
        [ended] = [body for body in self.bodies if isinstance(body, PlanEnded)]
        assert ended.state is self.outcome.state
        assert not [told for told in replay(NAME, self.log) if isinstance(told, Disagreement)]
        numbers = [body.number for body in self.bodies if isinstance(body, PlanProposed)]
        assert numbers == sorted(set(numbers))
        begun = Counter(self.world.begun)
        assert all(begun[name] <= 1 + self.again[name] for name in ("b", "d"))
        assert all(self.world.done().count(name) <= 1 for name in ("b", "d"))
        assert all(one.state in SETTLED for one in self.effects if one.tool == "book")
        if self.outcome.state is PlanState.DONE:
            assert set(self.world.done()) >= {task.id for task in self.outcome.plan.tasks}


def survived(step: int, source: Plan | Proposer, world: World) -> Survivor:
    one = Survivor(source, world)
    one.machine.survive(one.live, [Crash(step)] if step else [])
    return one


@pytest.mark.parametrize("again", [False, True], ids=["once", "planned again"])
def test_a_crash_may_come_at_many_callbacks(again: bool) -> None:
    crashing(every=7, again=again)


@pytest.mark.slow
@pytest.mark.parametrize("again", [False, True], ids=["once", "planned again"])
def test_a_crash_may_come_at_any_callback(again: bool) -> None:
    crashing(every=1, again=again)


def crashing(every: int, *, again: bool) -> None:
    def case(step: int) -> Survivor:
        broken = {"x": 1} if again else {}
        return survived(step, remade() if again else PLAN, World(broken=broken))

    whole = case(0)
    whole.check()
    assert whole.outcome.state is PlanState.DONE
    asked = 0
    for step in range(1, whole.machine.steps + 1, every):
        one = case(step)
        one.check()
        assert one.outcome.state is PlanState.DONE
        asked += sum(one.again.values())
    assert asked > 0


def test_a_plan_that_a_model_has_made_is_not_made_again() -> None:
    propose, asked = proposing(PLAN)
    world = World()
    one = Survivor(propose, world, replans=0)
    one.gives_up = True
    one.machine.survive(one.live, [Crash(1, after_s=0.5)])
    one.check()
    assert len(asked) == 1
    assert one.outcome.moves["b"].note == "given up by ana"  # type: ignore[index]
    assert world.done() == ["a", "d"]


def test_what_was_done_before_is_not_told_again() -> None:
    world = World()
    one = Survivor(PLAN, world)
    one.machine.survive(one.live, [Crash(1, after_s=1.5)])
    told = [move for body in one.bodies if isinstance(body, TasksMoved) for move in body.moves]
    assert len(told) == len(set(told))
