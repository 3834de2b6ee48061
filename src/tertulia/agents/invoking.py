"""Calling a LangChain tool: the way that costs least, where nobody watches the call.

``BaseTool.ainvoke`` takes about a millisecond of the processor, most of it for callbacks and
tracing. An async function that was made a tool and is neither traced nor listened to is called
itself, with arguments checked by the same schema.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from langchain_core.globals import get_debug, get_verbose
from langchain_core.runnables.config import var_child_runnable_config
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool
from langsmith.utils import tracing_is_enabled
from pydantic import BaseModel

_Function = Callable[..., Awaitable[Any]]

_PLAIN: WeakKeyDictionary[type[BaseModel], bool] = WeakKeyDictionary()
"""By schema, whether its function wants nothing but what the schema has."""


async def invoke(tool: BaseTool, arguments: Mapping[str, Any]) -> Any:
    """Call a tool, as ``ainvoke`` does. Raises what the tool raises."""
    if isinstance(tool, StructuredTool) and (function := _direct(tool)) and not _watched():
        return await function(**_checked(tool, arguments))
    return await tool.ainvoke(dict(arguments))


def _direct(tool: StructuredTool) -> _Function | None:
    """The function itself, if all that ``ainvoke`` would do is to check its arguments."""
    schema, function = tool.args_schema, tool.coroutine
    if type(tool) is not StructuredTool or function is None or not isinstance(schema, type):
        return None
    more = tool.handle_tool_error or tool.handle_validation_error or tool.callbacks or tool.verbose
    if more or tool.response_format != "content" or not issubclass(schema, BaseModel):
        return None
    if schema not in _PLAIN:
        _PLAIN[schema] = _is_plain(function, schema)
    return function if _PLAIN[schema] else None


def _is_plain(function: _Function, schema: type[BaseModel]) -> bool:
    fields = schema.model_fields
    injected = any(
        one is InjectedToolCallId or isinstance(one, InjectedToolCallId)
        for field in fields.values()
        for one in field.metadata
    )
    renamed = any(field.alias or field.validation_alias for field in fields.values())
    wanted = inspect.signature(function).parameters.values()
    return not (injected or renamed) and all(
        one.name in fields and one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        for one in wanted
    )


def _checked(tool: StructuredTool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    schema: Any = tool.args_schema
    found = schema.model_validate(arguments)
    return {
        name: getattr(found, name)
        for name, field in schema.model_fields.items()
        if name in arguments or not field.is_required()
    }


def _watched() -> bool:
    """Whether somebody traces this call, or listens to it."""
    config = var_child_runnable_config.get()
    callbacks: Any = None if config is None else config.get("callbacks")
    handlers = getattr(callbacks, "handlers", callbacks) or ()
    listening = any(not getattr(one, "sees_effects", False) for one in handlers)
    return listening or get_debug() or get_verbose() or bool(tracing_is_enabled())
