"""What a turn tells of its plan, worded as events."""

from tertulia.orchestrator.admission.words import clean
from tertulia.orchestrator.events import Draft
from tertulia.orchestrator.floor import Floor, Hold, revised
from tertulia.orchestrator.plans import (
    Move,
    PlanEnded,
    PlanEvent,
    PlanProposed,
    PlanState,
    PlanStatus,
    Step,
    TasksMoved,
    TaskState,
    status_of,
)

LINE, ACCOUNT = 200, 2_000
"""The most characters of a goal, a reason or a note, and of an account."""


def planned(floor: Floor, hold: Hold, told: PlanEvent) -> tuple[Draft, ...]:
    """What is news of this; nothing for a turn that has ended.

    A turn that was taken up after a crash tells again what it does: what the log has is no news.
    """
    if floor.unfinished(hold.turn) is None:
        return ()
    known = status_of(floor.plans, told.turn, told.plan)
    match told:
        case PlanProposed(number=number) if known is not None and known.number >= number:
            return ()
        case PlanProposed():
            steps = tuple(map(_step, told.steps))
            goal, because = _line(told.goal), _line(told.because)
            told = revised(told, goal=goal, because=because, steps=steps)
        case TasksMoved():
            moves = tuple(one for one in map(_move, told.moves) if _is_news(one, known))
            if not moves:
                return ()
            told = revised(told, moves=moves)
        case PlanEnded() if known is not None and known.state is not PlanState.RUNNING:
            return ()
        case PlanEnded():
            told = revised(told, account=clean(told.account)[:ACCOUNT])
    return (Draft(hold.participant, told, hold.audience),)


def _is_news(move: Move, known: PlanStatus | None) -> bool:
    before = None if known is None else known.moves.get(move.task)
    again = move.state is TaskState.RUNNING and before is not None
    return before != move and not again


def _step(step: Step) -> Step:
    return revised(step, why=_line(step.why))


def _move(move: Move) -> Move:
    return revised(move, note=_line(move.note))


def _line(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= LINE else line[: LINE - 2] + " …"
