"""Draw a graph as Mermaid text or as a picture, and say what is wrong with it."""

import inspect
import sys
from pathlib import Path
from typing import Any

import typer

from tertulia.agents.cards import Card
from tertulia.agents.scripted import Scripted
from tertulia.cli.output import line, writing
from tertulia.compose import from_maker, named
from tertulia.graphs import (
    TurnGraph,
    answer,
    draw,
    mermaid,
    plan_act_answer,
    plan_then_answer,
    problems_of,
    tool_user,
)
from tertulia.orchestrator.errors import Invalid

TEMPLATES = {
    "answer": lambda: answer(Scripted()),
    "plan_act_answer": lambda: plan_act_answer(Scripted()),
    "plan_then_answer": lambda: plan_then_answer(Scripted()),
    "tool_user": lambda: tool_user(Scripted(), []),
}
FLAWED = 1


def draw_graph(reference: str, *, out: Path | None, json: bool) -> None:
    """Print Mermaid, or write ``out``; exit with 1 when the graph could not be run as it is."""
    graph = _graph(reference)
    text = mermaid(graph)
    if out is not None:
        with writing(out):
            _write(graph, text, out)
    problems = problems_of(graph) if isinstance(graph, TurnGraph) else ()
    if json:
        file = None if out is None else str(out)
        found = {"graph": reference, "mermaid": text, "file": file, "problems": [*problems]}
        print(line(found))
    else:
        print(text if out is None else f"drawn: {out}")
        for problem in problems:
            print(f"problem: {problem}", file=sys.stderr)
    if problems:
        raise typer.Exit(FLAWED)


def _graph(reference: str) -> Any:
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


def _write(graph: Any, text: str, out: Path) -> None:
    if out.suffix in (".mmd", ".md"):
        out.write_text(text, encoding="utf-8")
    else:
        draw(graph, out)
