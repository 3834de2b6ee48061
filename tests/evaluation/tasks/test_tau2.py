"""What tau2 holds to be right is right when rooms do it, and is not when they leave some of it out.

One or two tasks of each domain; whole splits: ``tertulia eval tau2 --rooms 20 --kills 5``.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.evaluation.tasks.driver import run
from tertulia.evaluation.tasks.exam import Pace
from tertulia.evaluation.tasks.stage import TALK
from tertulia.orchestrator.errors import Misbehaved, Unknown
from tertulia.storage import verify

# ``slow`` since tau2 alone takes seconds to import.
pytestmark = [pytest.mark.db, pytest.mark.slow]

ROOT = Path(__file__).parents[3]
DOMAINS = ("airline", "retail", "telecom")
PLAYED = [
    pytest.param("airline", marks=pytest.mark.long),
    pytest.param("retail", marks=pytest.mark.long),
    "telecom",  # where both sides have tools
]

if TYPE_CHECKING:
    from tertulia.evaluation.tasks.tau2 import Tau2


def tau2(domain: str, split: str = "train", *, drop: bool = False) -> Tau2:
    from tertulia.evaluation.tasks.tau2 import Tau2

    return Tau2(domain, split, drop)


@dataclass(frozen=True)
class Some:
    """Some of the tasks of an exam: those that have the most to do."""

    whole: Any
    most: int

    def tasks(self) -> list[str]:
        tasks = self.whole.tasks()
        return sorted(tasks, key=lambda task: -len(self.whole.play(task).asks))[: self.most]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.whole, name)


@pytest.mark.parametrize("domain", DOMAINS)
def test_all_that_is_right_is_called_once_in_order_by_who_has_the_tool(domain: str) -> None:
    from tertulia.evaluation.tasks.tau2 import SIDES, tasks_of

    exam = tau2(domain)
    assert len(exam.tasks()) == {"airline": 30, "retail": 74, "telecom": 74}[domain]
    for name, task in tasks_of(domain, "train").items():
        play = exam.play(name)
        wanted = [(SIDES[a.requestor], a.name) for a in task.evaluation_criteria.actions or ()]
        assert [(line.by, ask.tool) for line in play.lines for ask in line.asks] == wanted
        assert len({ask.id for ask in play.asks}) == len(wanted)
        assert all(line.to == after.by for line, after in pairwise(play.lines))
        assert len(play.lines) < 100  # as much as an agent sees of its room


@pytest.mark.parametrize("domain", PLAYED)
def test_a_room_that_is_killed_in_mid_task_still_does_all_that_is_right(
    domain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    exam = Some(tau2(domain), 2)
    outcome = run(exam, tmp_path, Pace(rooms=2, kills=1, seed=3, pause_s=0.02))
    assert set(outcome.rewards.values()) == {1.0}
    assert outcome.kills == 1
    assert outcome.resumed > 0
    assert outcome.unlike == []
    assert list(verify(f"sqlite:///{tmp_path / TALK}").violations) == []


@pytest.mark.parametrize("domain", PLAYED)
def test_with_one_action_left_out_it_is_worth_nothing(
    domain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    outcome = run(Some(tau2(domain, drop=True), 1), tmp_path, Pace())
    assert list(outcome.rewards.values()) == [0.0]


async def test_an_answer_that_the_environment_would_not_give_is_worth_nothing(
    tmp_path: Path,
) -> None:
    from tertulia.compose import House, ledger_of
    from tertulia.evaluation.tasks.record import steps
    from tertulia.evaluation.tasks.stage import play_all

    exam = Some(tau2("telecom"), 1)
    (task,) = exam.tasks()
    await play_all(exam, tmp_path, Pace(), lambda *what: None)
    async with House(f"sqlite:///{tmp_path / TALK}") as house:
        told = [step async for step in steps("task-0", house.log, ledger_of(house.log))]
    assert await asyncio.to_thread(exam.grade, task, told) == 1.0
    place = next(n for n, step in enumerate(told) if step.tool is not None)
    told[place] = replace(told[place], text="It is all well.")
    assert await asyncio.to_thread(exam.grade, task, told) == 0.0


def test_a_conversation_that_the_user_did_not_end_is_worth_nothing() -> None:
    from tertulia.evaluation.tasks.record import Step

    exam = tau2("airline")
    task = next(task for task in exam.tasks() if not exam.play(task).asks)
    said = [Step(line.by, line.says, at) for at, line in enumerate(exam.play(task).lines)]
    assert exam.grade(task, said) == 1.0
    assert exam.grade(task, said[:-1]) == 0.0


def test_what_is_not_there_is_told_with_what_is() -> None:
    with pytest.raises(Unknown, match="there are airline, retail, telecom"):
        tau2("mock").tasks()
    with pytest.raises(Unknown, match="of retail; there are train, test, base, full"):
        tau2("retail", "dev").tasks()
    assert len(tau2("airline", "full").tasks()) == 50


@pytest.mark.skipif(
    importlib.util.find_spec("litellm") is not None, reason="litellm itself is installed"
)
def test_no_model_can_be_called() -> None:
    tau2("telecom")
    with pytest.raises(Misbehaved, match="the stand-in for litellm has none"):
        sys.modules["litellm"].completion(model="any")


def test_the_command_tells_what_came_of_it(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    call = ["eval", "tau2", "--domain", "telecom", "--split", "small", "--rooms", "8", "--json"]
    done = CliRunner().invoke(app, [*call, "--pause-ms", "0", "--keep", str(keep)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["tasks"] == found["reward_1"] == 20
    assert {"kills", "resumed", "seconds"} <= found.keys()
    again = CliRunner().invoke(app, [*call, "--keep", str(keep)])
    assert again.exit_code == 2
    assert "name a folder that is not there yet" in again.stderr
