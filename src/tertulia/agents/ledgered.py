"""Tools of a graph that was written elsewhere, whose calls go through the ledger nonetheless.

A tool node of LangGraph's calls a tool by itself and writes nothing down. These tools are the same
for it and for a model; in a turn of a room, each call is an effect of that turn.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig, ensure_config
from langchain_core.tools import BaseTool

from tertulia.agents.effects import carry_out
from tertulia.agents.present import Run, present
from tertulia.agents.tools import Tool, toolbox
from tertulia.orchestrator.errors import Misbehaved


def in_ledger(tools: Iterable[Tool]) -> list[BaseTool]:
    """The same tools, to be handed to a graph in their place.

    In a turn each call is carried out on the tool's ``Terms`` and written down; outside of turns
    they are what they were. Raises ``Invalid`` as ``toolbox`` does.
    """
    return [_InLedger.around(tool) for tool in toolbox(list(tools)).values()]


class _InLedger(BaseTool):
    """A tool in whose place calls are carried out."""

    inner: BaseTool

    @classmethod
    def around(cls, tool: BaseTool) -> "_InLedger":
        """Look like ``tool`` for whoever asks."""
        return cls(
            name=tool.name,
            description=tool.description,
            args_schema=tool.args_schema,
            return_direct=tool.return_direct,
            metadata=tool.metadata,
            tags=tool.tags,
            inner=tool,
        )

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Call it outside of turns."""
        if present.get() is not None:
            what = f"calls {self.name} without waiting; run it with ainvoke, so that it is kept"
            raise Misbehaved(who="a graph", what=what)
        return self.inner.invoke(input, config, **kwargs)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """Carry the call out in the turn that is running; outside of turns, call the tool."""
        run = present.get()
        if run is None:
            return await self.inner.ainvoke(input, config, **kwargs)
        asked = input if _is_call(input) else None
        arguments = dict(asked["args"] if asked is not None else _named(self.inner, input))
        handed = _handed(self.inner)
        bound = _Bound.to(self.inner, {n: arguments.pop(n) for n in handed & arguments.keys()})
        call = (asked or {}).get("id") or _numbered(run, self.name, config)
        done = await carry_out(run.turn, bound, arguments, call=str(call))
        if asked is None:
            return done.value if done.ok else done.text
        status = "success" if done.ok else "error"
        return ToolMessage(done.text, name=self.name, tool_call_id=asked["id"], status=status)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


class _Bound(BaseTool):
    """A tool with what a graph hands it beside the model's arguments: its state, say."""

    inner: BaseTool
    more: Mapping[str, Any]

    @classmethod
    def to(cls, tool: BaseTool, more: Mapping[str, Any]) -> BaseTool:
        """The tool itself, if nothing is handed to it."""
        if not more:
            return tool
        return cls(
            name=tool.name,
            description=tool.description,
            args_schema=tool.args_schema,
            metadata=tool.metadata,
            inner=tool,
            more=more,
        )

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002
        """Call it with all of it."""
        return await self.inner.ainvoke({**input, **self.more}, config, **kwargs)

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError


def _is_call(given: Any) -> bool:
    return isinstance(given, Mapping) and given.get("type") == "tool_call"


def _named(tool: BaseTool, given: Any) -> Mapping[str, Any]:
    """Arguments by name; a tool of one argument may be given that alone."""
    return given if isinstance(given, Mapping) else {next(iter(tool.args)): given}


def _handed(tool: BaseTool) -> set[str]:
    """The arguments that a model does not see, since a graph hands them over."""
    fields = getattr(tool.args_schema, "model_fields", {})
    seen = getattr(tool.tool_call_schema, "model_fields", fields)
    return set(fields) - set(seen)


def _numbered(run: Run, name: str, config: RunnableConfig | None) -> str:
    """A name for a call that nobody named: the same when the node is run again.

    That is the node's task, whose id LangGraph makes of the checkpoint, and a number in it.
    """
    told = ensure_config(config).get("configurable") or {}
    scratch = told.get("__pregel_scratchpad")
    task = str(told.get("checkpoint_ns") or "").rpartition(":")[2]
    _, counts = run.calls.setdefault(id(scratch), (scratch, Counter()))
    counts[name] += 1
    return f"{name}-{task[:8]}-{counts[name]}"
