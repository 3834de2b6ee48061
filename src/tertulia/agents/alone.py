"""Waiting for what waits, where no event loop runs: in scripts, and in threads beside one."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def alone(function: Callable[..., Coroutine[Any, Any, T]], *args: Any, **arguments: Any) -> T:
    """What an async function returns. Raises ``RuntimeError`` where an event loop is running."""
    refuse_in_a_loop()
    return asyncio.run(function(*args, **arguments))


def refuse_in_a_loop() -> None:
    """Raise ``RuntimeError`` where an event loop is running: it would stand still."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError("an event loop is running here; await `ainvoke` or use `astream`")
