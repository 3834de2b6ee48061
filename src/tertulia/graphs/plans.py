"""A plan of an agent to look at, with how far each task has come: Mermaid text, or a picture."""

from collections.abc import Iterator
from pathlib import Path

from tertulia.graphs.draw import FORMATS
from tertulia.graphs.sketch import Arrow, Sketch
from tertulia.graphs.spec import END, START
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.plans import PlanStatus, Step, TaskState

MARKS = {
    TaskState.WAITING: "·",
    TaskState.RUNNING: "▸",
    TaskState.DONE: "✓",
    TaskState.FAILED: "✗",
    TaskState.REFUSED: "✗",
    TaskState.SKIPPED: "–",
}
COLOURS = {
    TaskState.WAITING: "#f5f7fa",
    TaskState.RUNNING: "#fff3c4",
    TaskState.DONE: "#c6f7e2",
    TaskState.FAILED: "#ffd0d0",
    TaskState.REFUSED: "#ffd0d0",
    TaskState.SKIPPED: "#e4e7eb",
}


def plan_mermaid(plan: PlanStatus) -> str:
    """Write a plan as Mermaid, each task in the colour of its state."""
    ids = {step.id: f"t{place}" for place, step in enumerate(plan.steps, 1)}
    lines = ["flowchart TD"]
    lines += [f'    {ids[step.id]}["{_quoted(_label(plan, step))}"]' for step in plan.steps]
    lines += [
        f"    {ids[before]} --> {ids[step.id]}"
        for step in plan.steps
        for before in step.after
        if before in ids
    ]
    for state in TaskState:
        there = ",".join(ids[one.id] for one in plan.steps if plan.state_of(one.id) is state)
        if there:
            lines.append(f"    classDef {state} fill:{COLOURS[state]},stroke:#52606d")
            lines.append(f"    class {there} {state}")
    return "\n".join(lines) + "\n"


def draw_plan(plan: PlanStatus, path: str | Path) -> Path:
    """Draw a plan into a file whose ending says how: png, svg or pdf. Needs no display.

    Raises ``Invalid`` for another ending.
    """
    from tertulia.graphs.picture import paint  # matplotlib takes a second to import

    file = Path(path)
    if file.suffix.lower() not in FORMATS:
        what = f"a picture ends in {', '.join(FORMATS)}"
        raise Invalid(where=f"picture {str(path)!r}", what=what)
    labels = {step.id: _label(plan, step) for step in plan.steps}
    nodes = (START, *labels.values(), END)
    paint(Sketch(f"{plan.goal} · {plan.state}", nodes, tuple(_arrows(plan, labels))), file)
    return file


def _arrows(plan: PlanStatus, labels: dict[str, str]) -> Iterator[Arrow]:
    needed = {before for step in plan.steps for before in step.after}
    for step in plan.steps:
        for before in step.after:
            if before in labels:
                yield Arrow(labels[before], labels[step.id])
        if not step.after:
            yield Arrow(START, labels[step.id])
        if step.id not in needed:
            yield Arrow(labels[step.id], END)
    if not plan.steps:
        yield Arrow(START, END)


def _label(plan: PlanStatus, step: Step) -> str:
    return f"{MARKS[plan.state_of(step.id)]} {step.id} ({step.executor})"


def _quoted(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
