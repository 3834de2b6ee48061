"""Whether a model can be used, and what it can do: few questions, small answers, plain findings.

Without ``asking`` no model is made to write, so that nothing costs anything.
"""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessageChunk, HumanMessage

from tertulia.agents.faults import ModelFailed, ModelRefused
from tertulia.agents.models.abilities import abilities
from tertulia.agents.models.models import Models
from tertulia.agents.models.recipes import EMBEDDED, POOL, SCRIPTED, TRANSFORMERS, Recipe
from tertulia.agents.models.secrecy import masked
from tertulia.agents.models.servers import served, told
from tertulia.agents.remote import Remote
from tertulia.agents.streaming import StreamedModel
from tertulia.orchestrator.errors import TertuliaError

Clock = Callable[[], float]

HELLO = "Say hello, in one short sentence."
HELLO_TOKENS, TOOL_TOKENS = 24, 96
CLOCK = {
    "name": "look_at_the_clock",
    "description": "Tells what time it is.",
    "parameters": {"type": "object", "properties": {}},
}
WHAT_TIME = "What time is it? Use the tool look_at_the_clock; you cannot know it otherwise."
FREE = "not asked: name the model to have it write a few words"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out: it is so, it is not (then something is wrong), or it is just told."""

    what: str
    good: bool | None
    told: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A model, or a server of a pool, and what was found out about it."""

    name: str
    recipe: Recipe
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.good is not False for finding in self.findings)


async def check(
    models: Models, name: str, *, asking: bool, clock: Clock = time.perf_counter
) -> AsyncIterator[Checked]:
    """What can be found out about the model of this name; for a pool, about each of its servers.

    Raises ``Unknown``.
    """
    wanted = models.known(name)
    if wanted.kind != POOL:
        yield await _checked(name, wanted, lambda: models.model(name), clock, asking=asking)
        return
    for server, (_, recipe) in models.servers(wanted.name).items():
        label = f"{name}/{server}"

        def of_pool(one: str = server) -> StreamedModel:
            pool: Any = models.model(wanted.name)
            found: StreamedModel = pool.endpoints[one].model
            return found

        yield await _checked(label, recipe, of_pool, clock, asking=asking)


async def _checked(
    name: str, recipe: Recipe, make: Callable[[], StreamedModel], clock: Clock, *, asking: bool
) -> Checked:
    found = Checked(masked(name), recipe)
    try:
        model = make()
    except TertuliaError as error:
        found.findings.append(Finding("key" if recipe.base_url else "there", False, told(error)))
        return found
    if isinstance(model, Remote):
        found.findings.extend([Finding(*one) async for one in served(model, clock)])
    else:
        found.findings.append(Finding("there", True, _within(recipe, model)))
    if not found.ok:
        return found
    if asking:
        found.findings.extend([one async for one in _answers(model, clock)])
    elif recipe.kind != SCRIPTED:
        found.findings.append(Finding("answers", None, FREE))
    return found


def _within(recipe: Recipe, model: Any) -> str:
    if recipe.kind == EMBEDDED:
        return f"its packages are installed; {model.slots} slots of {model.context_tokens} tokens"
    if recipe.kind == TRANSFORMERS:
        return f"its files and packages are there; {model.rows} answers at once"
    return "in this process"


async def _answers(model: StreamedModel, clock: Clock) -> AsyncIterator[Finding]:
    """Have it say hello, and call a tool."""
    begun, first, pieces, whole = clock(), None, 0, AIMessageChunk(content="")
    try:
        async for chunk in model.astream([HumanMessage(HELLO)], max_tokens=HELLO_TOKENS):
            if chunk.text:
                pieces += 1
                first = clock() - begun if first is None else first
            whole = whole + chunk
    except ModelFailed as error:
        yield Finding("answers", False, told(error))
        return
    if first is None:
        what = f"no text in {HELLO_TOKENS} tokens; does it think first?"
        yield Finding("answers", None, what)
    else:
        yield Finding(
            "answers", True, f"{pieces} piece{'s' * (pieces > 1)}, the first after {seconds(first)}"
        )
        if pieces == 1:
            yield Finding("streams", None, "no: the answer came in one piece")
    if usage := whole.usage_metadata:
        counted = f"tells {usage['input_tokens']} tokens read, {usage['output_tokens']} written"
        yield Finding("usage", True, counted)
    else:
        yield Finding("usage", None, "not told: costs and budgets are estimates")
    yield await _tools(model)
    try:
        for one in await abilities(model):
            yield Finding(*one)
    except ModelFailed as error:
        yield Finding("held to", None, f"could not be found out: {told(error)}")


async def _tools(model: StreamedModel) -> Finding:
    try:
        bound = model.bind_tools([CLOCK], max_tokens=TOOL_TOKENS)
        answer = await bound.ainvoke([HumanMessage(WHAT_TIME)])
    except NotImplementedError:
        return Finding("tools", None, "it cannot call any")
    except ModelRefused as error:
        return Finding("tools", None, f"no: {error.what}")
    except ModelFailed as error:
        return Finding("tools", False, told(error))
    if answer.tool_calls:
        return Finding("tools", True, "it calls them")
    return Finding("tools", None, "it was offered one, and answered in words")


def seconds(span: float) -> str:
    """A span of time, in ms or s."""
    return f"{span * 1_000:.0f} ms" if span < 1 else f"{span:.1f} s"
