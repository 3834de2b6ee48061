"""The tools of one player, which act upon the world of its task."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from random import Random
from typing import Annotated, Any

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from tertulia.agents.terms import IdempotencyKey, Terms, on_terms
from tertulia.evaluation.tasks.script import Player, ToolSpec
from tertulia.evaluation.tasks.world import Backend
from tertulia.orchestrator.effects import EffectPolicy

WRITES = Terms(effect=EffectPolicy.IDEMPOTENT)
READS = Terms(effect=EffectPolicy.SAFE_RETRY)
LEFT_OUT = object()
"""Stands for an argument that was not given: what is its default is the world's affair."""


class Slowness:
    """Seeded pauses before and after each call, so that a crash may come anywhere in it."""

    def __init__(self, most_s: float, seed: str, begun: Callable[[], None]) -> None:
        """Pause at most ``most_s`` seconds; ``begun`` is called as each call begins."""
        self._most_s, self._begun = most_s, begun
        self._chance = Random(seed)  # noqa: S311 - a delay is no secret

    async def around(self, call: Callable[[], str]) -> str:
        """Run a call that blocks in a thread, with a pause on either side."""
        self._begun()
        await self._pause()
        answer = await asyncio.to_thread(call)
        await self._pause()
        return answer

    async def _pause(self) -> None:
        if self._most_s:
            await asyncio.sleep(self._chance.random() * self._most_s)


def tools_of(player: Player, backend: Backend, slowness: Slowness) -> list[BaseTool]:
    """A tool for each of the player's specifications."""
    return [_tool(player.id, spec, backend, slowness) for spec in player.tools]


def _tool(by: str, spec: ToolSpec, backend: Backend, slowness: Slowness) -> BaseTool:
    async def write(idempotency_key: IdempotencyKey, **arguments: Any) -> str:
        return await slowness.around(
            lambda: backend.write(idempotency_key, by, spec.name, given(arguments))
        )

    async def read(**arguments: Any) -> str:
        return await slowness.around(lambda: backend.read(by, spec.name, given(arguments)))

    does: Callable[..., Awaitable[str]] = write if spec.writes else read
    made = StructuredTool(
        name=spec.name,
        description=spec.description,
        args_schema=arguments_of(spec.name, json.dumps(spec.schema), keyed=spec.writes),
        coroutine=does,
    )
    return on_terms(made, WRITES if spec.writes else READS)


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without those that were left out."""
    return {name: value for name, value in arguments.items() if value is not LEFT_OUT}


def _left_out() -> object:
    return LEFT_OUT


@lru_cache(maxsize=512)
def arguments_of(name: str, schema: str, *, keyed: bool) -> type[BaseModel]:
    """What a model is told of the arguments, by a JSON schema; they are handed on as given.

    With ``keyed`` there is an idempotency key beside them.
    """
    read = json.loads(schema)
    told, wanted, known = (read.get(part, {}) for part in ("properties", "required", "$defs"))
    fields: dict[str, Any] = {
        argument: (
            Annotated[Any, WithJsonSchema(_whole(about, known))],
            ... if argument in wanted else Field(default_factory=_left_out),
        )
        for argument, about in told.items()
    }
    if keyed:
        fields["idempotency_key"] = (IdempotencyKey, ...)
    made: type[BaseModel] = create_model(name, __config__=ConfigDict(extra="allow"), **fields)
    return made


def _whole(schema: Any, known: Mapping[str, Any]) -> Any:
    """A JSON schema with what it refers to written out."""
    if isinstance(schema, list):
        return [_whole(one, known) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _whole(known[schema["$ref"].rpartition("/")[2]], known)
    return {name: _whole(one, known) for name, one in schema.items()}
