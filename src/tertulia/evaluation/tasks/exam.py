"""What an evaluation of tasks has to give to the stage that plays it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tertulia.evaluation.tasks.record import Step
from tertulia.evaluation.tasks.script import Play
from tertulia.evaluation.tasks.world import World


class Exam(Protocol):
    """Tasks, how each is played, and what it is worth. It travels to other processes by value."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Modules to import before processes are forked."""
        ...

    def tasks(self) -> Sequence[str]:
        """The ids of the tasks, in order."""
        ...

    def play(self, task: str) -> Play:
        """How one of them is played."""
        ...

    def world(self, task: str) -> World:
        """What its tools act upon, as it is before anything has happened."""
        ...

    def grade(self, task: str, steps: Sequence[Step]) -> float:
        """What the conversation was worth: 1 where the task was done, by its makers' own judge."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How a run goes: rooms at once, the longest pauses of models and tools, where chance begins.

    ``kills`` is how often the process that plays is killed.
    """

    rooms: int = 1
    kills: int = 0
    seed: int = 1
    pause_s: float = 0.0
