"""The door for plans that a model writes: the JSON schema it is shown, and what it gave back. Pure.

Only data is read here, never prose.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tertulia.agents.planning.checking import BadPlan, Flaw, bad
from tertulia.agents.planning.plan import (
    LIMITS,
    Executor,
    ExecutorId,
    Plan,
    PlanLimits,
    Task,
    TaskId,
)

NAME = "make_plan"
"""The name of the function that a model calls to give its plan."""

FUNCTION = (
    "Give the plan: tasks for tools, agents and persons, done in parallel as far as they do not "
    "wait for each other."
)
_ARGUMENTS = (
    "The executor's arguments. ${TASK.PATH} stands for a result of another task, as in "
    "${flights.0.price}; alone in a text it keeps its type."
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _TaskIn(_Strict):
    """One task."""

    id: Annotated[str, Field(description="A short name of its own, such as flights.")]
    executor: Annotated[str, Field(description="Who carries it out.")]
    arguments: Annotated[dict[str, Any], Field(description=_ARGUMENTS)] = Field(
        default_factory=dict
    )
    after: Annotated[list[str], Field(description="Tasks that have to be done before.")] = Field(
        default_factory=list
    )
    why: Annotated[str, Field(description="What it is for, in a few words.")] = ""


class _PlanIn(_Strict):
    """A plan."""

    goal: Annotated[str, Field(description="What is to be reached, in one sentence.")]
    tasks: Annotated[list[_TaskIn], Field(description="Empty, if nothing has to be done.")]


def schema_of(executors: Sequence[Executor], limits: PlanLimits = LIMITS) -> dict[str, Any]:
    """The JSON schema of a plan for these executors, and no others."""
    schema = _PlanIn.model_json_schema()
    told = schema["$defs"].pop("_TaskIn")
    told["properties"]["executor"]["enum"] = [executor.id for executor in executors]
    schema["properties"]["tasks"] |= {"items": told, "maxItems": limits.tasks}
    del schema["$defs"]
    return schema | {"title": "Plan"}


def read_plan(given: str | Mapping[str, Any]) -> Plan:
    """The plan in a JSON object, or in the text of one. Raises ``BadPlan``."""
    try:
        data = json.loads(_unfenced(given)) if isinstance(given, str) else given
    except ValueError as error:
        raise bad([Flaw(None, "json", f"is not a JSON object: {error}")]) from None
    try:
        found = _PlanIn.model_validate(data)
    except ValidationError as error:
        raise _unfit(error, data) from None
    return Plan(
        found.goal,
        tuple(
            Task(
                TaskId(one.id),
                ExecutorId(one.executor),
                one.arguments,
                tuple(map(TaskId, one.after)),
                one.why,
            )
            for one in found.tasks
        ),
    )


def written(plan: Plan) -> str:
    """A plan as JSON that ``read_plan`` reads back; the same text for the same plan."""
    tasks = [
        {
            "id": task.id,
            "executor": task.executor,
            "arguments": task.arguments,
            "after": list(task.after),
            "why": task.why,
        }
        for task in plan.tasks
    ]
    return json.dumps({"goal": plan.goal, "tasks": tasks}, ensure_ascii=False)


def _unfit(error: ValidationError, data: Any) -> BadPlan:
    return bad([_flaw(one["loc"], one["msg"], data) for one in error.errors()])


def _flaw(place: tuple[int | str, ...], what: str, data: Any) -> Flaw:
    match place:
        case ("tasks", int(number), *rest):
            one = data["tasks"][number]
            name = one.get("id") if isinstance(one, Mapping) else None
            field = ".".join(map(str, rest)) or "task"
            return Flaw(name if isinstance(name, str) else f"#{number + 1}", field, what)
    return Flaw(None, ".".join(map(str, place)) or "json", what)


def _unfenced(text: str) -> str:
    """The text without the fence in which many models wrap JSON."""
    bare = text.strip()
    if bare.startswith("```") and bare.endswith("```"):
        return bare[3:-3].removeprefix("json").strip()
    return bare
