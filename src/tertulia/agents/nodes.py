"""The kinds of node that a graph is made of: call a model, run tools, plan, choose a way.

Each is made by a plain function and is itself a plain async function from ``(state, runtime)`` to
what changes in the state; the turn is ``runtime.context``. Nothing here knows how nodes are joined,
and nothing here needs LangGraph.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias, cast

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool

from tertulia.agents.authority import offered
from tertulia.agents.callers import calling, speaker_in
from tertulia.agents.cards import Card
from tertulia.agents.choosing import Form, fill
from tertulia.agents.context import reading
from tertulia.agents.listening import ChatModel, declines, hear
from tertulia.agents.prices import billing, prices_of
from tertulia.agents.prompts import BUDGET, Budget
from tertulia.agents.state import InTurn, Round, TurnState, open_calls
from tertulia.agents.tools import Tool, answer, named, toolbox
from tertulia.orchestrator.effects import Effect, EffectId
from tertulia.orchestrator.errors import Invalid, Misbehaved
from tertulia.orchestrator.turns import Turn

Node: TypeAlias = Callable[[TurnState, InTurn], Awaitable[TurnState]]
Chooser: TypeAlias = Callable[..., str | Awaitable[str]]
"""From the state, or from state and runtime, to the label of the way to go."""

LONGEST_STEP = 120
"""In characters; a small model that is held to a schema would not find an end."""


def model_caller(
    model: ChatModel,
    card: Card | None = None,
    *,
    tools: Sequence[Tool] = (),
    budget: Budget = BUDGET,
    aloud: bool = True,
) -> Node:
    """Ask the model, say its words as they come, and keep them as ``draft``.

    It reads the room (also what was said since the turn began, where that may inform it), the plan
    if there is one, and what tools have answered in this turn; calls of ``tools`` become a round.
    It is offered those that may be used in the turn (``Terms.roles`` and beside it).
    Speaking again in the same turn, it goes on where it was. With ``aloud=False`` nobody hears it,
    and its draft takes the place of the one before. Raises what the model raises, and ``Invalid``
    for tools that the model cannot take.
    """
    asking, prices = _Offering(model, tools), prices_of(model, card)

    async def call_model(state: TurnState, runtime: InTurn) -> TurnState:
        turn, rounds = runtime.context, state.get("tool_rounds") or []
        _claim(turn, rounds)
        await turn.catch_up()
        before = state.get("draft", "") if aloud else ""
        notes = _plan_note(state.get("plan") or []) + _account_note(state.get("account", ""))
        notes += _draft_note(before if not rounds else "")
        notes += _deeds_note(turn.deeds.earlier)
        messages = await reading(turn, card, budget, notes, state.get("sources") or [])
        messages += (message for one in rounds for message in _told(one, turn.me.name))
        bill = billing(turn, prices)
        say = _after(before, turn.say) if aloud else None
        with calling(speaker_in(turn)):
            heard = await hear(asking.to(turn), messages, say, bill)
        changed = TurnState(draft=joined(before, heard.text))
        if heard.calls:
            asks = Round(said=heard.text, calls=heard.calls, results=[])
            changed["tool_rounds"] = [*rounds, asks]
        return changed

    return call_model


def tool_executor(tools: Sequence[Tool]) -> Node:
    """Carry out the calls that the model has asked for, all at the same time.

    Every call gets a result; a tool that fails, or that does not exist, gets one that says so.
    Raises ``Invalid`` for a tool that cannot be used.
    """
    box = toolbox(tools)

    async def run_tools(state: TurnState, runtime: InTurn) -> TurnState:
        turn, calls = runtime.context, open_calls(state)
        if not calls:
            return TurnState()
        *earlier, last = state["tool_rounds"]
        *_, names = named(state["tool_rounds"])
        _claim(turn, earlier)
        wanted = zip(calls, names, strict=True)
        answers = await asyncio.gather(*(answer(turn, call, box, name) for call, name in wanted))
        await turn.deeds.durable()  # before the next checkpoint says so
        done = Round(said=last["said"], calls=calls, results=[text for text, _ in answers])
        changed = TurnState(tool_rounds=[*earlier, done])
        for _, steers in answers:
            changed.update(cast("TurnState", steers))
        return changed

    return run_tools


def planner(
    model: ChatModel, card: Card | None = None, *, most: int = 5, budget: Budget = BUDGET
) -> Node:
    """Ask the model, unheard by the room, for at most ``most`` steps, and keep them as ``plan``.

    It fills in a list, which may be empty. Raises ``ModelStrayed`` for what is none, twice, and
    what the model raises.
    """
    order = f"Before you speak, plan it: the steps to take, at most {most}, in a few words each."
    form, prices = _steps(most), prices_of(model, card)

    async def make_plan(state: TurnState, runtime: InTurn) -> TurnState:
        turn = runtime.context
        messages = await reading(turn, card, budget, [order], state.get("sources") or [])
        with calling(speaker_in(turn)):
            told = await fill(model, messages, form, bill=billing(turn, prices))
        return TurnState(plan=[step for one in told["steps"] if (step := one.strip())])

    return make_plan


def router(
    choose: Chooser, routes: Iterable[str] | Mapping[str, str]
) -> Callable[[Any, InTurn], Awaitable[str]]:
    """Make ``choose`` answer for itself: a label that is none of ``routes`` is an error.

    The error is ``Misbehaved``, and names the label that was meant.
    """
    labels, name = list(routes), getattr(choose, "__name__", "a chooser")
    wants_runtime = len(inspect.signature(choose).parameters) > 1

    async def route(state: Any, runtime: InTurn) -> str:
        answer = choose(state, runtime) if wants_runtime else choose(state)
        label = await answer if inspect.isawaitable(answer) else answer
        if label not in labels:
            close = get_close_matches(str(label), labels, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(labels)}"
            raise Misbehaved(who=f"router {name!r}", what=f"chose {label!r}; {hint}")
        return str(label)

    return route


def joined(before: str, text: str) -> str:
    """Two pieces of one utterance, with a space between them where there is none."""
    gap = before and text and not before[-1].isspace() and not text[0].isspace()
    return f"{before} {text}" if gap else before + text


def _after(before: str, say: Callable[[str], None]) -> Callable[[str], None]:
    """Say the first piece so that what is heard is what ``joined`` keeps."""
    last = before

    def go_on(text: str) -> None:
        nonlocal last
        say(joined(last, text)[len(last) :])
        last = ""

    return go_on


def _told(one: Round, name: str) -> list[BaseMessage]:
    """A round of tool calls as the model reads it: each call with its result."""
    calls = [{"id": c["id"], "name": c["name"], "args": c["args"]} for c in one["calls"]]
    results = one["results"] or ["not run" for _ in calls]
    return [
        AIMessage(one["said"], name=name, tool_calls=calls),
        *(
            ToolMessage(result, tool_call_id=call["id"], name=call["name"])
            for call, result in zip(one["calls"], results, strict=True)
        ),
    ]


def _steps(most: int) -> Form:
    """What is filled in for a plan."""
    step = {"type": "string", "maxLength": LONGEST_STEP}
    steps = {"type": "array", "items": step, "maxItems": most}
    schema = {
        "type": "object",
        "properties": {"steps": steps},
        "required": ["steps"],
        "additionalProperties": False,
    }
    return Form(schema, "plan_steps", "Give the steps of the plan.")


def _plan_note(plan: Sequence[str]) -> list[str]:
    numbered = "\n".join(f"{place}. {step}" for place, step in enumerate(plan, 1))
    return [f"Your plan, which the others do not see:\n{numbered}"] if plan else []


def _account_note(account: str) -> list[str]:
    told = "What has been done before you speak, which the others do not see"
    return [f"{told}:\n{account}"] if account else []


def _draft_note(draft: str) -> list[str]:
    return [f"In this turn you have said already: {draft}"] if draft else []


def _deeds_note(done: Sequence[Effect]) -> list[str]:
    """What an earlier attempt at this turn did, for a model that knows nothing of it."""
    told = [f"- {one.tool}({one.arguments}): {_outcome(one)}" for one in done]
    begun = "\n".join(told)
    return [f"You began this turn before and were interrupted. You have done:\n{begun}"] * bool(
        told
    )


def _outcome(effect: Effect) -> str:
    return effect.result or f"{effect.state}, no result is known"


def _claim(turn: Turn, rounds: Sequence[Round]) -> None:
    """Let what earlier attempts did be, as far as its outcome stands in the state."""
    for one, names in zip(rounds, named(rounds), strict=True):
        for name in names if one["results"] else ():
            turn.deeds.answered(EffectId(f"{turn.id}/{name}"))


class _Offering:
    """A model with those of some tools that may be used in a turn."""

    def __init__(self, model: ChatModel, tools: Sequence[Tool]) -> None:
        self._model, self._box = model, toolbox(tools)
        self._bound: dict[tuple[str, ...], ChatModel] = {(): model}
        self._with(tuple(self._box))

    def to(self, turn: Turn) -> ChatModel:
        return self._with(offered(turn, self._box))

    def _with(self, names: tuple[str, ...]) -> ChatModel:
        found = self._bound.get(names)
        if found is None:
            found = self._bound[names] = _bound(self._model, [self._box[n] for n in names])
        return found


def _bound(model: ChatModel, tools: Sequence[BaseTool]) -> ChatModel:
    bind = getattr(model, "bind_tools", None)
    try:
        bound: ChatModel | None = bind(tools) if bind is not None else None
    except NotImplementedError as error:
        if not declines(error):
            raise
        bound = None
    if bound is None:
        raise Invalid(where=f"model {type(model).__name__}", what="cannot call tools")
    return bound
