"""Where plans come from: a model that answers with data, or a program. No prose is read here."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tertulia.agents.callers import calling, speaker_in
from tertulia.agents.cards import Card
from tertulia.agents.choosing import Form, fill
from tertulia.agents.listening import ChatModel
from tertulia.agents.planning.account import told
from tertulia.agents.planning.checking import checked
from tertulia.agents.planning.door import FUNCTION, NAME, read_plan, schema_of
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
    has flaws too, ``ModelStrayed`` if it is no plan at all, and what the model raises.
    """
    prices = prices_of(model, card)

    async def propose(situation: Situation) -> Plan:
        turn = situation.turn

        def plan_in(value: dict[str, Any]) -> Plan:
            return checked(read_plan(value), situation.executors, situation.limits)

        schema = schema_of(situation.executors, situation.limits)
        form = Form(
            schema, NAME, FUNCTION, plan_in, "Give the whole plan again, without these mistakes."
        )
        messages = prompt(turn, card, budget=budget, notes=[_order(situation)])
        with calling(speaker_in(turn)):
            return plan_in(await fill(model, messages, form, bill=billing(turn, prices)))

    return propose


def _order(situation: Situation) -> str:
    """What a model is told to do, and with what."""
    parts = [
        f"Before you speak, plan what has to be done. {FUNCTION}",
        _REFERENCES,
        f"At most {situation.limits.tasks} tasks. Executors:",
        *map(_described, situation.executors),
    ]
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
