"""The tools of an agent, by name, and the calls of them that a model asks for."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeAlias

from langchain_core.tools import BaseTool

from tertulia.agents.effects import carry_out, keys_of
from tertulia.agents.room_tools import steering
from tertulia.agents.state import Call, Round
from tertulia.agents.terms import Function, terms_of, tool
from tertulia.orchestrator.effects import EffectPolicy
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.turns import Turn

Tool: TypeAlias = BaseTool | Function
"""A tool of LangChain's, or a function, async or not, with a docstring and annotated arguments."""


def toolbox(tools: Sequence[Tool]) -> dict[str, BaseTool]:
    """Collect tools by name.

    Raises ``Invalid`` when two share a name, for what is no tool, and for one that is idempotent
    but takes no key.
    """
    box: dict[str, BaseTool] = {}
    for one in map(_as_tool, tools):
        if one.name in box:
            raise Invalid(where=f"tool {one.name!r}", what="two tools bear this name")
        if terms_of(one).effect is EffectPolicy.IDEMPOTENT and not keys_of(one):
            what = "is idempotent, so it needs an argument `key: IdempotencyKey`"
            raise Invalid(where=f"tool {one.name!r}", what=what)
        box[one.name] = one
    return box


async def answer(
    turn: Turn, call: Call, box: Mapping[str, BaseTool], name: str
) -> tuple[str, dict[str, Any]]:
    """Carry out what a model asked for, as the call of that ``name``.

    What the model reads of it, and what it changes of how the turn ends. Raises what ``carry_out``
    raises.
    """
    tool = box.get(call["name"])
    if tool is None:
        return f"error: {_unknown(call['name'], box)}", {}
    if call["problem"]:
        return f"error: {call['problem']}", {}
    carried = await carry_out(turn, tool, call["args"], call=name)
    return carried.text, steering(tool, carried)


def named(rounds: Sequence[Round]) -> Iterator[tuple[str, ...]]:
    """The names of all calls, round by round: the ids that the model gave them, each once.

    Some models begin to count anew with every answer.
    """
    seen: set[str] = set()
    for one in rounds:
        names: list[str] = []
        for call in one["calls"]:
            own = name = call["id"] or call["name"]
            place = 1
            while name in seen:
                place += 1
                name = f"{own}.{place}"
            seen.add(name)
            names.append(name)
        yield tuple(names)


def _unknown(name: str, box: Mapping[str, BaseTool]) -> str:
    close = get_close_matches(name, box, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(box) or 'none'}"
    return f"there is no tool {name!r}; {hint}"


def _as_tool(one: Tool) -> BaseTool:
    if isinstance(one, BaseTool):
        return one
    if not callable(one):
        raise Invalid(where=f"tool {one!r}", what="is neither a tool nor a function")
    return tool(one)
