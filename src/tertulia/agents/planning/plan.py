"""A plan as a value: its tasks, who carries out each, and what has to be done before it. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

from tertulia.agents.planning.references import referred

TaskId = NewType("TaskId", str)
ExecutorId = NewType("ExecutorId", str)
"""``tool:NAME``, ``agent:HANDLE`` or ``person:HANDLE``."""


class ExecutorKind(StrEnum):
    """What can carry out a task."""

    TOOL = "tool"
    AGENT = "agent"
    PERSON = "person"


_KINDS: Mapping[str, ExecutorKind] = {kind.value: kind for kind in ExecutorKind}


@dataclass(frozen=True, slots=True)
class Executor:
    """One that can carry out tasks: a tool that is called, or a member of the room who is asked.

    ``schema`` is the JSON schema of its arguments. ``tokens`` and ``cost`` are what one task of it
    takes, as far as that is known beforehand.
    """

    id: ExecutorId
    about: str = ""
    schema: Mapping[str, Any] = field(default_factory=dict)
    tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. ``why`` is told to who reads the plan.

    ``arguments`` are those of the tool, or ``{"ask": TEXT}`` for a participant. They may refer to
    results of other tasks (see ``ref``), which are then done before, like those in ``after``.
    """

    id: TaskId
    executor: ExecutorId
    arguments: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[TaskId, ...] = ()
    why: str = ""

    @property
    def needs(self) -> tuple[TaskId, ...]:
        """The tasks that have to be done before this one, each once."""
        found = (TaskId(reference.task) for reference in referred(self.arguments))
        return tuple(dict.fromkeys((*self.after, *found)))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be reached, and the tasks that lead there; without any, nothing is to be done."""

    goal: str
    tasks: tuple[Task, ...] = ()

    def task(self, name: TaskId) -> Task | None:
        """The task of that id."""
        return next((task for task in self.tasks if task.id == name), None)


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """How large a plan may be: tasks in all, tasks one after another, tokens and cost if known."""

    tasks: int = 32
    depth: int = 12
    tokens: int | None = None
    cost: float | None = None


LIMITS = PlanLimits()


def task(
    name: str,
    executor: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    after: Iterable[str] = (),
    why: str = "",
) -> Task:
    """Write a task in Python, as ``task("book", "tool:book", {"flight": ref("flights", 0)})``."""
    before = tuple(map(TaskId, after))
    return Task(TaskId(name), ExecutorId(executor), dict(arguments or {}), before, why)


def asking(
    name: str, executor: str, words: str, *, after: Iterable[str] = (), why: str = ""
) -> Task:
    """Write a task that asks an agent or a person: ``asking("when", "person:ana", "When?")``."""
    return task(name, executor, {"ask": words}, after=after, why=why)


def kind_of(executor: ExecutorId) -> ExecutorKind | None:
    """What kind of executor an id names; ``None`` for one that is not of that form."""
    kind, _, name = executor.partition(":")
    return _KINDS.get(kind) if name else None


def name_of(executor: ExecutorId) -> str:
    """The name of the tool, or the handle of the participant."""
    return executor.partition(":")[2]
