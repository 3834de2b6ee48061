"""What a confirmed form is used for: a function, or a tool that is carried out as its terms say."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from langchain_core.tools import BaseTool
from pydantic_core import to_jsonable_python

from tertulia.agents.dialogue.filling import Filling
from tertulia.agents.effects import carry_out
from tertulia.orchestrator.effects import SETTLED, EffectId
from tertulia.orchestrator.turns import Turn

Use: TypeAlias = Callable[[Turn, Mapping[str, Any]], Awaitable[str | None]]
"""From a form's typed values to what is said then."""


async def use_of(
    turn: Turn, use: Use | BaseTool, values: Mapping[str, Any], task: str
) -> str | None:
    """Use a form's values; what is to be said of it. The call of a tool bears the task's id."""
    if isinstance(use, BaseTool):
        carried = await carry_out(turn, use, to_jsonable_python(dict(values)), call=task)
        return carried.text if carried.ok else f"That did not work: {_first_line(carried.text)}"
    return await use(turn, values)


def _first_line(text: str) -> str:
    return next(iter(text.removeprefix("error: ").splitlines()), "nobody knows why")


async def outcome_of(turn: Turn, filling: Filling) -> str | None:
    """What became of a tool that an earlier turn called, if the ledger knows."""
    ledger = turn.deeds.ledger
    if ledger is None or filling.turn is None or filling.turn == turn.id:
        return None
    effect = await ledger.effect(EffectId(f"{filling.turn}/{filling.id}"))
    return effect.result if effect is not None and effect.state in SETTLED else None
