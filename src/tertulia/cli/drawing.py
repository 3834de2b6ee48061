"""Draw a graph as Mermaid text or as a picture, and say what is wrong with it."""

import asyncio
import inspect
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from sqlalchemy.engine import make_url

from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.cli.archive import Archive, existing
from tertulia.cli.output import line, writing
from tertulia.compose import from_maker, named
from tertulia.graphs import (
    Checkpoints,
    Forecast,
    History,
    Progress,
    TurnGraph,
    answer,
    draw,
    forecast,
    mermaid,
    plan_act_answer,
    plan_then_answer,
    problems_of,
    progress_of,
    tool_user,
)
from tertulia.graphs.forecast import WALKS
from tertulia.graphs.marks import PLAIN, Marks
from tertulia.graphs.sketch import sketch
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.room import TurnId

TEMPLATES = {
    "answer": lambda: answer(Scripted()),
    "plan_act_answer": lambda: plan_act_answer(Scripted()),
    "plan_then_answer": lambda: plan_then_answer(Scripted()),
    "tool_user": lambda: tool_user(Scripted(), []),
}
FLAWED = 1


def draw_graph(
    reference: str, *, out: Path | None, turn: str | None, forecasting: bool, db: str, json: bool
) -> None:
    """Print Mermaid, or write ``out``; exit with 1 when the graph could not be run as it is.

    With a ``turn`` of the database ``db`` it is drawn with how far that has come, when
    ``forecasting`` with how long its nodes will take.
    """
    graph = graph_of(reference)
    if turn is not None and forecasting:
        raise Invalid(where="--forecast", what="a turn is under way: leave out one of the two")
    come = None if turn is None else _progress(graph, db, turn)
    marks = PLAIN if come is None else come.marks
    if forecasting:
        marks = foretold(graph, db).marks
    text = mermaid(graph, marks)
    if out is not None:
        with writing(out):
            _write(graph, text, out, marks)
    problems = problems_of(graph) if isinstance(graph, TurnGraph) else ()
    if json:
        file = None if out is None else str(out)
        found = {"graph": reference, "mermaid": text, "file": file, "problems": [*problems]}
        print(line(found if come is None else {**found, "turn": asdict(come)}))
    else:
        print(text if out is None else f"drawn: {out}")
        if come is not None:
            print(_told(come))
        for problem in problems:
            print(f"problem: {problem}", file=sys.stderr)
    if problems:
        raise typer.Exit(FLAWED)


def graph_of(reference: str) -> Any:
    """The graph of that name; one that needs a model is given a silent one."""
    if reference in TEMPLATES:
        return TEMPLATES[reference]()
    found = named(reference)
    if inspect.iscoroutinefunction(found):
        what = "an async function has no graph to draw; it takes a turn in one step"
        raise Invalid(where=reference, what=what)
    if inspect.isfunction(found):
        return from_maker(found, Scripted(), Card("Somebody"))
    return found


def _write(graph: Any, text: str, out: Path, marks: Marks) -> None:
    if out.suffix in (".mmd", ".md"):
        out.write_text(text, encoding="utf-8")
    else:
        draw(graph, out, marks)


def _progress(graph: Any, db: str, turn: str) -> Progress:
    """How far an unfinished turn has come, from the checkpoints beside the database."""
    with Archive.at(db) as archive:
        _, outcome = archive.turn(turn)
    if outcome is not None:
        raise Invalid(
            where=f"turn {turn!r}", what=f"it has ended ({outcome}); nothing is kept of it"
        )
    path = Path(f"{make_url(db).database}.checkpoints")
    found = asyncio.run(_kept(graph, path, turn)) if path.is_file() else None
    return found or Progress(TurnId(turn))


async def _kept(graph: Any, path: Path, turn: str) -> Progress | None:
    async with Checkpoints.at(path) as kept:
        return await progress_of(graph, kept, turn)


def foretold(graph: Any, db: str, *, walks: int = WALKS, seed: int = 0) -> Forecast:
    """What a turn of the graph will take, from the history beside the database."""
    existing(db)
    runs = History(Path(f"{make_url(db).database}.history")).of(sketch(graph).name)
    return forecast(graph, runs, walks=walks, seed=seed)


def _told(come: Progress) -> str:
    if not (come.ran or come.next):
        return f"turn {come.turn}: no step of it has been kept yet"
    parts = [f"ran {', '.join(come.ran) or 'nothing'}", f"next {', '.join(come.next) or 'the end'}"]
    parts += [f"{node} waits: {question}" for node, question in come.waits.items()]
    return f"turn {come.turn}: {'; '.join(parts)}"
