"""Plays an exam in a process that is killed, and another that goes on, until all tasks have ended.

The moments of the kills are drawn from the seed: each comes as a tool call is under way. What is
counted and judged afterwards is read from the database and the world's journal alone.
"""

import asyncio
import multiprocessing
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

from tertulia.compose import House, ledger_of
from tertulia.evaluation.tasks.exam import Exam, Pace
from tertulia.evaluation.tasks.record import Step, steps
from tertulia.evaluation.tasks.stage import TALK, WORLD, play_all, room_of
from tertulia.evaluation.tasks.world import Journal
from tertulia.orchestrator.admission.turns import RESUMPTIONS
from tertulia.orchestrator.errors import Misbehaved

PATIENCE_S = 600.0
"""How long nothing may happen before the process that plays is given up."""
JITTER_S = 0.05
"""A kill comes at most so much later than the call that it was drawn for."""


@dataclass(slots=True)
class Outcome:
    """What came of a run.

    ``resumed`` are rooms taken up in mid-task, ``turns`` those of them whose turn was taken up too.
    ``calls`` is how many tool calls the ledgers hold, ``written`` how many changed a world, and
    ``asked_again`` how many of these were asked for again after a kill (and had their answer from
    the journal). ``unlike`` are tasks whose journal and ledger tell different stories;
    ``unfinished`` says which tasks ended in a turn that failed, and why.
    """

    rewards: dict[str, float] = field(default_factory=dict)
    kills: int = 0
    resumed: int = 0
    turns: int = 0
    calls: int = 0
    written: int = 0
    asked_again: int = 0
    unlike: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    seconds: float = 0.0


def run(exam: Exam, folder: Path, pace: Pace) -> Outcome:
    """Play everything, with as many kills as wanted, and judge it. Raises ``Misbehaved``."""
    outcome, began = Outcome(), time.monotonic()
    _Driver(exam, folder, pace, outcome).play()
    outcome.seconds = time.monotonic() - began
    asyncio.run(_judge(exam, folder, outcome))
    return outcome


class _Driver:
    """The hand on the switch."""

    def __init__(self, exam: Exam, folder: Path, pace: Pace, outcome: Outcome) -> None:
        self._exam, self._folder, self._pace, self._outcome = exam, folder, pace, outcome
        self._chance = Random(pace.seed)  # noqa: S311 - it is to come out the same
        self._calls, self._moments = 0, moments(exam, pace, self._chance)
        self._taken_up = Counter[str]()
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, *exam.needs])

    def play(self) -> None:
        """Start processes until one has come to the end."""
        while not self._one():
            pass

    def _one(self) -> bool:
        """Let one process play; whether it came to the end."""
        ours, theirs = self._context.Pipe(duplex=False)
        wanted = (self._exam, self._folder, self._pace, theirs)
        process = self._context.Process(target=_work, args=wanted, daemon=True)
        with _deaf_to_interrupts():
            process.start()
        theirs.close()
        try:
            return self._listen(process, ours)
        finally:
            process.kill()
            process.join()
            ours.close()

    def _listen(self, process: BaseProcess, ours: Connection) -> bool:
        while ours.poll(PATIENCE_S):
            try:
                word, *rest = ours.recv()
            except EOFError:
                raise Misbehaved(who="the process that plays", what="ended by itself") from None
            match word:
                case "call":
                    self._calls += 1
                    if self._due():
                        del self._moments[0]
                        time.sleep(self._chance.random() * JITTER_S)
                        process.kill()
                        self._outcome.kills += 1
                        return False
                case "taken up":
                    task, turns = rest
                    self._outcome.resumed += 1
                    self._outcome.turns += turns
                    self._taken_up[task] += turns
                case "said" | "ended":
                    self._taken_up.pop(rest[0], None)
                case "unfinished":
                    self._outcome.unfinished.append(rest[0])
                case "broken":
                    raise Misbehaved(who="the process that plays", what=rest[0])
                case "over":
                    return True
        raise Misbehaved(who="the process that plays", what=f"did nothing for {PATIENCE_S:.0f} s")

    def _due(self) -> bool:
        """Whether to kill now: no turn is killed so often that its room would give it up."""
        spared = max(self._taken_up.values(), default=0) >= RESUMPTIONS
        return bool(self._moments) and self._calls >= self._moments[0] and not spared


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Let no process that is started here hear Ctrl-C: whoever started it ends it then."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def moments(exam: Exam, pace: Pace, chance: Random) -> list[int]:
    """At which calls to kill, counted from the first: spread over the run, each at a random place.

    Fewer than wanted where there are fewer calls.
    """
    total = sum(len(exam.play(task).asks) for task in exam.tasks())
    kills = min(pace.kills, total)
    share = total / kills if kills else 0.0
    return [1 + int((number + chance.random()) * share) for number in range(kills)]


def _work(exam: Exam, folder: Path, pace: Pace, driver: Connection) -> None:
    """What the process that plays does."""
    try:
        asyncio.run(play_all(exam, folder, pace, lambda *what: driver.send(what)))
    except Exception as error:
        driver.send(("broken", _first(error)))
    else:
        driver.send(("over",))


def _first(error: Exception) -> str:
    """What went wrong first, where several tasks did."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


async def _judge(exam: Exam, folder: Path, outcome: Outcome) -> None:
    with Journal(folder / WORLD) as journal:
        async with House(f"sqlite:///{folder / TALK}") as house:
            for number, task in enumerate(exam.tasks()):
                told = [
                    one async for one in steps(room_of(number), house.log, ledger_of(house.log))
                ]
                outcome.rewards[task] = exam.grade(task, told)
                _count(exam, task, told, journal, outcome)


def _count(exam: Exam, task: str, told: list[Step], journal: Journal, outcome: Outcome) -> None:
    happened, calls = journal.of(task), [step for step in told if step.tool is not None]
    outcome.calls += len(calls)
    outcome.written += len(happened)
    outcome.asked_again += sum(entry.times - 1 for entry in happened)
    writing = {(p.id, t.name) for p in exam.play(task).players for t in p.tools if t.writes}
    said = [_told(s.by, s.tool, s.arguments, s.text) for s in calls if (s.by, s.tool) in writing]
    if said != [_told(e.by, e.tool, e.arguments, e.answer) for e in happened]:
        outcome.unlike.append(task)


def _told(*what: Any) -> tuple[Any, ...]:
    return what
