"""Running one tool within its terms: so long, so often, so many at once."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential

from tertulia.agents.terms import Terms
from tertulia.orchestrator.effects import EffectPolicy
from tertulia.orchestrator.errors import Unreachable, Unsettled
from tertulia.orchestrator.ports import Clock
from tertulia.orchestrator.room import RoomId

T = TypeVar("T")
_Slots: TypeAlias = WeakValueDictionary[tuple[str, ...], asyncio.Semaphore]

WAIT_S = (0.5, 30.0)
"""The first and the longest wait between two tries; each is twice as long as the one before."""

_SLOTS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Slots] = WeakKeyDictionary()


class Late(TimeoutError):
    """A call took longer than its terms allow; whether it has done anything is not known."""


def may_pass(error: BaseException) -> bool:
    """Whether another try may help: time ran out, a line was cut, somebody was not to be reached.

    A tool says so itself by raising ``tertulia.orchestrator.Unreachable``.
    """
    http = sys.modules.get("httpx")
    passing = (Unreachable, TimeoutError, ConnectionError)
    return isinstance(error, passing if http is None else (*passing, http.TransportError))


def in_doubt(error: BaseException) -> bool:
    """Whether a call that ended so may have happened all the same.

    It may when time ran out, or a line was cut that had been open. A tool says so itself by raising
    ``tertulia.orchestrator.Unsettled``.
    """
    if isinstance(error, ConnectionRefusedError):
        return False
    http = sys.modules.get("httpx")
    if http is not None and isinstance(error, http.TransportError):
        never = (http.ConnectError, http.ConnectTimeout, http.PoolTimeout, http.UnsupportedProtocol)
        return not isinstance(error, never)
    return isinstance(error, Unsettled | TimeoutError | ConnectionError)


async def tried(call: Callable[[], Awaitable[T]], terms: Terms, clock: Clock) -> T:
    """Call, within the time for one call, and again as the terms allow. Raises what it raises."""

    async def once() -> T:
        return await within(clock, terms.timeout_s, call)

    if terms.tries == 1 or terms.effect is EffectPolicy.AT_MOST_ONCE:
        return await once()
    try:
        return await once()
    except Exception as error:
        if not may_pass(error):
            raise
    first_s, longest_s = WAIT_S
    await clock.sleep(first_s)
    trying = AsyncRetrying(
        sleep=clock.sleep,
        stop=stop_after_attempt(terms.tries - 1),
        wait=wait_exponential(2 * first_s, longest_s),
        retry=retry_if_exception(may_pass),
        reraise=True,
    )
    return await trying(once)


async def within(clock: Clock, seconds: float, call: Callable[[], Awaitable[T]]) -> T:
    """Call, and raise ``Late`` when that takes longer. Time is the clock's."""
    task, late = asyncio.current_task(), False

    def ring() -> None:
        nonlocal late
        if task is not None:
            late = True
            task.cancel()

    cancel = clock.call_later(seconds, ring)
    try:
        return await call()
    except asyncio.CancelledError:
        if late and task is not None and not task.uncancel():
            raise Late(f"no answer within {seconds:g} s") from None
        raise
    finally:
        cancel()


@asynccontextmanager
async def slot(room: RoomId, tool: str, terms: Terms) -> AsyncIterator[None]:
    """Wait until the tool may be called here once more at the same time, and count the call."""
    kept = _SLOTS.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    limits: list[tuple[int | None, tuple[str, ...]]] = [
        (terms.per_room, (tool, room)),
        (terms.at_once, (tool,)),
    ]
    async with AsyncExitStack() as stack:
        for limit, place in limits:
            if limit is not None:
                key = (*place, str(limit))
                free: Any = kept.get(key) or asyncio.Semaphore(limit)
                kept[key] = free
                await stack.enter_async_context(free)
        yield
