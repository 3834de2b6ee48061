"""Plans of a room in the terminal: a line for each thing that happens, and how they stand."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from tertulia.cli.archive import Archive
from tertulia.cli.output import line, page, writing
from tertulia.cli.wording import shown
from tertulia.orchestrator.errors import Unknown
from tertulia.orchestrator.events import Body, PlanEnded, PlanProposed, TasksMoved
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.plans import Move, PlanState, PlanStatus, TaskState
from tertulia.orchestrator.room import RoomId
from tertulia.orchestrator.transitions import fold

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


def print_plans(db: str, room: str, *, reader: str | None, out: Path | None, json: bool) -> None:
    """Print the plans of a room, or those that ``reader`` may see; draw the last one to ``out``."""
    plans = _plans(db, room, reader)
    if out is not None:
        if not plans:
            raise Unknown(kind="plan", name=f"in room {room}", hint=" to draw")
        with writing(out):
            _draw(plans[-1], out)
    if json:
        for plan in plans:
            print(line({"room": room, **asdict(plan), "file": None if out is None else str(out)}))
    elif not plans:
        print("no plans yet")
    else:
        _print(plans)


def _plans(db: str, room: str, reader: str | None) -> list[PlanStatus]:
    with Archive.at(db) as archive:
        floor = fold(Floor(RoomId(room)), archive.events(room))
        sight = None if reader is None else archive.sight(room, archive.reader(room, reader))
    return [one for one in floor.plans if sight is None or sight.sees(one.audience, one.seq)]


def _print(plans: list[PlanStatus]) -> None:
    out = page()
    for plan in plans:
        head = f"{plan.by}: {plan.goal} · {plan.state}"
        out.print(Text(shown(head), "bold"), soft_wrap=True)
        for step in plan.steps:
            move = plan.moves.get(step.id, Move(step.id, TaskState.WAITING))
            after = f" after {', '.join(step.after)}" if step.after else ""
            text = f"  {told(move)} · {step.executor}{after}"
            out.print(Text(shown(text), "red" if move.state in WRONG else ""), soft_wrap=True)


def _draw(plan: PlanStatus, out: Path) -> None:
    from tertulia.graphs import draw_plan, plan_mermaid  # LangGraph takes a second to import

    if out.suffix in (".mmd", ".md"):
        out.write_text(plan_mermaid(plan), encoding="utf-8")
    else:
        draw_plan(plan, out)
