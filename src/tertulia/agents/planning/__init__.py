"""Typed plans: written by a program or a model, checked as a whole, carried out in one turn."""

from tertulia.agents.planning.account import PlanOutcome
from tertulia.agents.planning.checking import BadPlan, Flaw, checked, flaws_of
from tertulia.agents.planning.conduct import Conduct
from tertulia.agents.planning.door import read_plan, schema_of, written
from tertulia.agents.planning.node import plan_executor
from tertulia.agents.planning.plan import (
    Executor,
    ExecutorId,
    ExecutorKind,
    Plan,
    PlanLimits,
    Task,
    TaskId,
    asking,
    task,
)
from tertulia.agents.planning.proposing import Proposer, Situation, model_proposer
from tertulia.agents.planning.references import Unresolved, ref

__all__ = [
    "BadPlan",
    "Conduct",
    "Executor",
    "ExecutorId",
    "ExecutorKind",
    "Flaw",
    "Plan",
    "PlanLimits",
    "PlanOutcome",
    "Proposer",
    "Situation",
    "Task",
    "TaskId",
    "Unresolved",
    "asking",
    "checked",
    "flaws_of",
    "model_proposer",
    "plan_executor",
    "read_plan",
    "ref",
    "schema_of",
    "task",
    "written",
]
