"""What is wrong with a plan is told at once. Pure."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tertulia.agents.planning import (
    BadPlan,
    Executor,
    ExecutorId,
    Plan,
    PlanLimits,
    Task,
    TaskId,
    asking,
    checked,
    flaws_of,
    read_plan,
    ref,
    schema_of,
    task,
    written,
)
from tertulia.agents.planning.checking import graph_of

TO = {
    "type": "object",
    "properties": {
        "to": {"type": "string", "enum": ["Lisbon", "Porto"]},
        "seats": {"type": "integer", "minimum": 1},
        "dates": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
        "who": {"$ref": "#/$defs/Who"},
    },
    "required": ["to"],
    "$defs": {"Who": {"type": "object", "properties": {"name": {"type": "string"}}}},
}
ASK = {"type": "object", "properties": {"ask": {"type": "string"}}, "required": ["ask"]}
EXECUTORS = (
    Executor(ExecutorId("tool:flights"), "Find flights.", TO, tokens=10, cost=0.5),
    Executor(ExecutorId("agent:bo"), "Knows hotels.", ASK, tokens=500, cost=2.0),
    Executor(ExecutorId("person:ana"), "", ASK),
)


def told(*tasks: Task, limits: PlanLimits | None = None) -> list[str]:
    return [str(flaw) for flaw in flaws_of(Plan("go", tasks), EXECUTORS, limits or PlanLimits())]


FLIGHTS = task("flights", "tool:flights", {"to": "Lisbon"})


def test_a_good_plan_has_no_flaw() -> None:
    hotel = asking("hotel", "agent:bo", "Near ${flights.0.airport}?")
    fine = asking("fine", "person:ana", "Is it?", after=["hotel"])
    plan = Plan("go", (FLIGHTS, hotel, fine))
    assert checked(plan, EXECUTORS) is plan
    assert hotel.needs == ("flights",)
    assert checked(Plan("nothing to do"), EXECUTORS).tasks == ()


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadPlan) as refused:
        checked(
            Plan(
                "go",
                (
                    task("flights", "tool:flight", {"too": "Lisbon"}),
                    task("flights", "tool:flights", {"to": "Rome", "seats": 0}),
                    asking("hotel", "bo", "${flight.0} and ${x y}", after=["hotels"]),
                ),
            ),
            EXECUTORS,
        )
    assert str(refused.value).splitlines() == [
        "the plan cannot be carried out:",
        "  task 'flights', id: another task bears it already",
        "  task 'flights', executor: there is no 'tool:flight'; did you mean 'tool:flights'?",
        "  task 'flights', arguments.to: 'Rome' is none of Lisbon, Porto",
        "  task 'flights', arguments.seats: 0 is beyond its minimum, 1",
        "  task 'hotel', executor: there is no 'bo'; did you mean 'agent:bo'?",
        "  task 'hotel', after: there is no task 'hotels'; did you mean 'hotel'?",
        "  task 'hotel', arguments: '${x y}' is no reference; write ${TASK.PATH}",
        "  task 'hotel', arguments: there is no task 'flight'; did you mean 'flights'?",
    ]


def test_a_circle_is_named_and_what_waits_for_it_too() -> None:
    a = task("a", "tool:flights", {"to": "${c.x}"})
    b = task("b", "tool:flights", {"to": "Porto"}, after=["a"])
    c = task("c", "tool:flights", {"to": "Porto"}, after=["b"])
    d = asking("d", "agent:bo", "${c}?")
    assert told(a, b, c, d) == [
        "task 'a', after: waits for itself: a -> b -> c -> a",
        "task 'd', after: is never reached, since it waits for the circle a -> b -> c -> a",
    ]
    assert told(task("a", "tool:flights", {"to": "Porto"}, after=["a"])) == [
        "task 'a', after: waits for itself: a -> a"
    ]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({}, "to: is missing"),
        ({"to": "Lisbon", "seat": 2}, "seat: is no argument; did you mean 'seats'?"),
        ({"to": 7}, "to: must be string, and is 7"),
        ({"to": "Lisbon", "seats": True}, "seats: must be integer, and is True"),
        ({"to": "Lisbon", "dates": 3}, "dates: must be array or null, and is 3"),
        ({"to": "Lisbon", "dates": [3]}, "dates: must be array or null, and is [3]"),
        ({"to": "Lisbon", "who": {"name": 3}}, "who.name: must be string, and is 3"),
    ],
)
def test_literal_arguments_have_to_fit(arguments: dict[str, object], what: str) -> None:
    assert told(task("x", "tool:flights", arguments)) == [f"task 'x', arguments.{what}"]


def test_what_refers_to_a_result_fits_until_it_is_known() -> None:
    ok = {"to": ref("flights", 0), "seats": ref("flights", 1), "dates": [ref("flights", 2)]}
    assert told(FLIGHTS, task("x", "tool:flights", ok)) == []


def test_a_budget_is_kept() -> None:
    two = asking("b", "agent:bo", "?", after=["flights"])
    assert told(FLIGHTS, two, limits=PlanLimits(1, 1, 400, 1.5)) == [
        "plan, tasks: there are 2, and at most 1 may be",
        "plan, tasks: 2 follow one another, and at most 1 may",
        "plan, tokens: it would take 510, and may take 400",
        "plan, cost: it would cost 2.5, and may cost 1.5",
    ]


def test_a_plan_comes_back_from_json_as_it_was() -> None:
    plan = Plan(
        "go", (FLIGHTS, asking("b", "agent:bo", "é ${flights}?", after=["flights"], why="y"))
    )
    assert read_plan(written(plan)) == plan
    assert read_plan(f"```json\n{written(plan)}\n```") == plan


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("First I look for flights.", "plan, json: is not a JSON object"),
        ("[]", "plan, json: "),
        ('{"goal": "x"}', "plan, tasks: Field required"),
        ('{"goal": "x", "tasks": [{"id": "a"}]}', "task 'a', executor: Field required"),
        ('{"goal": "x", "tasks": [{"id": 1}]}', "task '#1', id: "),
        ('{"goal": "x", "tasks": [], "and": 1}', "plan, and: Extra inputs"),
    ],
)
def test_what_is_no_plan_is_told_by_field(given: str, what: str) -> None:
    with pytest.raises(BadPlan) as refused:
        read_plan(given)
    assert what in str(refused.value)


def test_a_model_can_name_nobody_but_who_is_there() -> None:
    schema = schema_of(EXECUTORS, PlanLimits(tasks=7))
    tasks = schema["properties"]["tasks"]
    assert tasks["maxItems"] == 7
    assert tasks["items"]["properties"]["executor"]["enum"] == [one.id for one in EXECUTORS]


IDS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Plans of any shape, also with circles and with tasks that are not there."""
    names = draw(IDS)
    several = st.lists(st.sampled_from("abcdefgh"), max_size=3)
    return Plan(
        "any",
        tuple(
            Task(
                TaskId(name),
                ExecutorId("agent:bo"),
                {"ask": "".join(map(ref, draw(several)))},
                tuple(map(TaskId, draw(several))),
            )
            for name in names
        ),
    )


@given(plans())
def test_a_plan_without_flaws_can_be_done_from_its_beginning_to_its_end(plan: Plan) -> None:
    if flaws_of(plan, EXECUTORS):
        return
    done: set[TaskId] = set()
    while ready := {one.id for one in plan.tasks if one.id not in done and done >= set(one.needs)}:
        done |= ready
    assert done == {one.id for one in plan.tasks}


@given(plans())
def test_every_flaw_is_there(plan: Plan) -> None:
    names = {one.id for one in plan.tasks}
    strangers = {name for one in plan.tasks for name in one.needs} - names
    knots = not nx.is_directed_acyclic_graph(graph_of(plan))
    told = flaws_of(plan, EXECUTORS)
    assert bool(told) == bool(strangers or knots)
    assert any("waits for itself" in flaw.what for flaw in told) == knots


@given(plans())
def test_any_plan_comes_back_from_json(plan: Plan) -> None:
    assert read_plan(written(plan)) == plan
