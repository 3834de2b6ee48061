"""Plans drawn with how far their tasks have come."""

from pathlib import Path

import pytest

from tertulia.graphs import draw_plan, plan_mermaid
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.plans import Move, PlanStatus, Step, TaskState
from tertulia.orchestrator.room import ParticipantId, TurnId

STEPS = (
    Step("trains", "tool:trains"),
    Step("hotels", "tool:hotels"),
    Step("book", "tool:book", ("trains", "hotels")),
    Step("ask", 'person:"ana"', ("book",)),
)
MOVES = {
    "trains": Move("trains", TaskState.DONE),
    "hotels": Move("hotels", TaskState.FAILED, "full"),
    "book": Move("book", TaskState.SKIPPED),
}
BO = ParticipantId("bo")
PLAN = PlanStatus(TurnId("desk/1"), "plan", BO, 5, 1, "Porto", STEPS, 0.0, MOVES)


def test_each_task_has_the_colour_of_its_state() -> None:
    assert plan_mermaid(PLAN).splitlines() == [
        "flowchart TD",
        '    t1["✓ trains (tool:trains)"]',
        '    t2["✗ hotels (tool:hotels)"]',
        '    t3["– book (tool:book)"]',
        '    t4["· ask (person:&quot;ana&quot;)"]',
        "    t1 --> t3",
        "    t2 --> t3",
        "    t3 --> t4",
        "    classDef waiting fill:#f5f7fa,stroke:#52606d",
        "    class t4 waiting",
        "    classDef done fill:#c6f7e2,stroke:#52606d",
        "    class t1 done",
        "    classDef failed fill:#ffd0d0,stroke:#52606d",
        "    class t2 failed",
        "    classDef skipped fill:#e4e7eb,stroke:#52606d",
        "    class t3 skipped",
    ]


@pytest.mark.parametrize("plan", [PLAN, PlanStatus(TurnId("d/1"), "p", BO, 1, 1, "-", (), 0.0)])
def test_a_plan_becomes_a_picture(plan: PlanStatus, tmp_path: Path) -> None:
    assert draw_plan(plan, tmp_path / "plan.svg").read_text().startswith("<?xml")
    with pytest.raises(Invalid):
        draw_plan(plan, tmp_path / "plan.txt")
