"""Waiting for what waits, where no event loop runs: in scripts, and in threads beside one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def alone(function: Callable[..., Coroutine[Any, Any, T]], *args: Any, **arguments: Any) -> T:
    """What an async function returns. Raises ``RuntimeError`` where an event loop is running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(function(*args, **arguments))
    raise RuntimeError("an event loop is running here; await `ainvoke` or use `astream`")
