"""Where plans come from: a model that answers with data, or a program. No prose is read here."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from tertulia.agents.cards import Card
from tertulia.agents.listening import ChatModel, Heard, hear
from tertulia.agents.planning.account import told
from tertulia.agents.planning.checking import BadPlan, checked
from tertulia.agents.planning.door import FUNCTION, NAME, function_of, read_plan, schema_of
from tertulia.agents.planning.fitting import Schema
from tertulia.agents.planning.plan import Executor, Plan, PlanLimits, TaskId
from tertulia.agents.prices import billing, prices_of
from tertulia.agents.prompts import BUDGET, Budget, prompt
from tertulia.orchestrator.plans import Move, TaskState
from tertulia.orchestrator.turns import Turn


@dataclass(frozen=True, slots=True)
class Situation:
    """What a plan is made from. Nothing but ``turn``, ``executors`` and ``limits`` for the first.

    For another plan: the one before, what became of its tasks, their results, and ``because`` of
    what another is wanted. What has been done counts as done where it stands in the new plan with
    the same executor and arguments.
    """

    turn: Turn
    executors: tuple[Executor, ...]
    limits: PlanLimits
    plan: Plan | None = None
    moves: Mapping[TaskId, Move] = field(default_factory=dict)
    results: Mapping[str, Any] = field(default_factory=dict)
    because: str = ""


_REFERENCES = (
    "${flights.0.price} in an argument stands for what lies there in the result of the task "
    "flights. Plan no task to speak to everybody: you will, when all is done."
)
_AGAIN = "Keep tasks that are still wanted as they are: what has been done is not done again."

Proposer: TypeAlias = Callable[[Situation], Awaitable[Plan]]
"""Makes a plan. An async function; a model is made one by ``model_proposer``."""


def model_proposer(
    model: ChatModel, card: Card | None = None, *, budget: Budget = BUDGET
) -> Proposer:
    """Let a model make plans, unheard by the room: it answers with data, or calls a function.

    A plan with flaws is given back once, with all of them told. Raises ``BadPlan`` if the next one
    has flaws too, and what the model raises.
    """
    prices = prices_of(model, card)

    async def propose(situation: Situation) -> Plan:
        turn, bound = situation.turn, _bound(model, situation)
        notes = [_order(situation, calls=bound is not None)]
        messages = prompt(turn, card, budget=budget, notes=notes)
        asked, bill = bound or model, billing(turn, prices)
        heard = await hear(asked, messages, bill=bill)
        try:
            return _plan_in(heard, situation)
        except BadPlan as error:
            messages += _objection(heard, error, turn.me.name)
        return _plan_in(await hear(asked, messages, bill=billing(turn, prices)), situation)

    return propose


def _bound(model: ChatModel, situation: Situation) -> ChatModel | None:
    """The model with the function to call; ``None`` for one that cannot call functions."""
    bind = getattr(model, "bind_tools", None)
    function = function_of(situation.executors, situation.limits)
    try:
        bound: ChatModel | None = None if bind is None else bind([function], tool_choice=NAME)
    except NotImplementedError:
        return None
    return bound


def _plan_in(heard: Heard, situation: Situation) -> Plan:
    call = next((call for call in heard.calls if call["name"] == NAME), None)
    given: str | Mapping[str, Any] = heard.text if call is None else call["args"]
    if call is not None and call["problem"]:
        given = call["problem"]  # it is no JSON, and is told so
    return checked(read_plan(given), situation.executors, situation.limits)


def _objection(heard: Heard, error: BadPlan, name: str) -> list[BaseMessage]:
    told = f"{error}\nGive the whole plan again, without these mistakes."
    call = next((call for call in heard.calls if call["name"] == NAME), None)
    if call is None:
        return [AIMessage(heard.text, name=name), HumanMessage(told)]
    asked = {"id": call["id"], "name": call["name"], "args": call["args"]}
    return [
        AIMessage(heard.text, name=name, tool_calls=[asked]),
        ToolMessage(told, tool_call_id=call["id"], name=NAME),
    ]


def _order(situation: Situation, *, calls: bool) -> str:
    """What a model is told to do, and with what."""
    how = f"by calling {NAME}" if calls else "as one JSON object and nothing else"
    parts = [
        f"Before you speak, plan what has to be done, {how}. {FUNCTION}",
        _REFERENCES,
        f"At most {situation.limits.tasks} tasks. Executors:",
        *map(_described, situation.executors),
    ]
    if not calls:
        parts.append(f"JSON schema: {_short(schema_of(situation.executors, situation.limits))}")
    return "\n".join([*parts, *_so_far(situation)])


def _so_far(situation: Situation) -> Sequence[str]:
    if situation.plan is None:
        return ()
    lines = [f"You have planned: {situation.plan.goal}. So far:"]
    for task in situation.plan.tasks:
        move = situation.moves.get(task.id, Move(task.id, TaskState.WAITING))
        came = f": {told(situation.results[task.id])}" if task.id in situation.results else ""
        why = f" ({move.note})" if move.note else ""
        args = _short(task.arguments)
        lines.append(f"- {task.id} ({task.executor} {args}): {move.state}{why}{came}")
    return (*lines, f"A new plan is wanted: {situation.because}. {_AGAIN}")


def _described(executor: Executor) -> str:
    known: Schema = executor.schema.get("properties", {})
    required = executor.schema.get("required", ())
    names = ", ".join(name if name in required else f"[{name}]" for name in known)
    return f"- {executor.id} ({names}): {' '.join(executor.about.split())}"


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
