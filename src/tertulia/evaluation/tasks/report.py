"""What a run of an exam is told as: one object of figures."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tertulia.evaluation.tasks.driver import Outcome, run
from tertulia.evaluation.tasks.exam import Exam, Pace
from tertulia.orchestrator.errors import Invalid


def examined(exam: Exam, pace: Pace, keep: Path | None, head: Mapping[str, Any]) -> dict[str, Any]:
    """Run an exam and tell what came of it, after ``head``.

    The rooms stay in the new folder ``keep``, if there is one. Raises ``Invalid`` and
    ``Misbehaved``.
    """
    exam.tasks()
    with ExitStack() as stack:
        folder = _made(keep) or Path(stack.enter_context(TemporaryDirectory()))
        return {**head, **told(run(exam, folder, pace), pace)}


def told(outcome: Outcome, pace: Pace) -> dict[str, Any]:
    """The figures of a run. ``reward_1`` counts the tasks whose reward is 1."""
    wrong = sorted(task for task, reward in outcome.rewards.items() if reward != 1.0)
    return {
        "rooms": pace.rooms,
        "seed": pace.seed,
        "tasks": len(outcome.rewards),
        "reward_1": len(outcome.rewards) - len(wrong),
        "kills": outcome.kills,
        "resumed": outcome.resumed,
        "resumed_turns": outcome.turns,
        "calls": outcome.calls,
        "written": outcome.written,
        "asked_again": outcome.asked_again,
        "unlike": len(outcome.unlike),
        "unfinished": outcome.unfinished[:20],
        "seconds": round(outcome.seconds, 1),
        "not_1": wrong[:20],
    }


def _made(keep: Path | None) -> Path | None:
    if keep is None:
        return None
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        what = f"{error.strerror or error}; name a folder that is not there yet"
        raise Invalid(where=str(keep), what=what) from None
    return keep
