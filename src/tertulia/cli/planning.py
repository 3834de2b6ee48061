"""Plans of a room in the terminal: a line for each thing that happens to one."""

from collections.abc import Iterator

from tertulia.orchestrator.events import Body, PlanEnded, PlanProposed, TasksMoved
from tertulia.orchestrator.plans import Move, PlanState, TaskState

MARKS = {
    TaskState.WAITING: "·",
    TaskState.RUNNING: "▸",
    TaskState.DONE: "✓",
    TaskState.FAILED: "✗",
    TaskState.REFUSED: "✗",
    TaskState.SKIPPED: "–",
}
WRONG = {TaskState.FAILED, TaskState.REFUSED}


def of_plans(body: Body, name: str) -> Iterator[tuple[str, str]]:
    """The lines (text, style) that tell what has happened to the plan of somebody called so."""
    match body:
        case PlanProposed(number=number, goal=goal, steps=steps, because=because):
            count = f"{len(steps)} task{'' if len(steps) == 1 else 's'}"
            again = f" again ({because})" if because else " again" if number > 1 else ""
            yield f"{name} plans{again}: {goal} · {count}", "bold"
        case TasksMoved(moves=moves):
            wrong = [move for move in moves if move.state in WRONG]
            others = "  ".join(told(move) for move in moves if move.state not in WRONG)
            if others:
                yield f"{name}'s plan: {others}", "dim"
            for move in wrong:
                yield f"{name}'s plan: {told(move)}", "red"
        case PlanEnded(state=PlanState.DONE):
            yield f"{name}'s plan is done", "bold"
        case PlanEnded(state=state, account=account):
            first = account.partition("\n")[0]
            yield f"{name}'s plan: {state}{f': {first}' if first else ''}", "red"


def told(move: Move) -> str:
    """How far a task has come."""
    why = f" ({move.note})" if move.note else ""
    return f"{MARKS[move.state]} {move.task}{why}"
