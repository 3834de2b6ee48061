"""Looks after the servers of a pool: who was left alone is asked how he is, and called again.

Nothing runs while all is well, unless the user wants servers to be asked at intervals; nothing runs
while nobody uses the pool; and nothing is left when it is closed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from functools import partial
from math import inf

from tertulia.agents.faults import (
    UNUSABLE,
    ModelFailed,
    ModelRateLimited,
    ModelRefused,
    ModelUnreachable,
)
from tertulia.agents.pool.probing import PROBE_S
from tertulia.agents.pool.servers import Server
from tertulia.agents.pool.watching import Closed, Opened, Probed, Watchers

IDLE_S = 60.0
"""How long servers are asked after the last call has come."""

Probe = Callable[[str], Awaitable[None]]
"""Asks the server of that name whether it is well, and raises ``ModelFailed`` if not."""

Introduce = Callable[[Server], Awaitable[None]]
"""Learns of a server what it says of itself, if it says anything."""


def due_at(server: Server, every_s: float) -> float:
    """When a server is to be asked next how it is; ``inf``: never, as long as it is well."""
    return server.breaker.until if server.breaker.open else server.heard_at + every_s


class Health:
    """Asks the servers of one event loop's calls, each in a task of its own."""

    def __init__(
        self,
        name: str,
        servers: Sequence[Server],
        now: Callable[[], float],
        watchers: Watchers,
        probe: Probe,
        introduce: Introduce,
        every_s: float = inf,
    ) -> None:
        """Nothing runs. ``every_s`` is after how many seconds of silence a server is asked."""
        self._introduce, self._known = introduce, set[str]()
        self._name, self._servers, self._now = name, servers, now
        self._watchers, self._probe, self._every_s = watchers, probe, every_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.asleep = every_s < inf
        self.used_at = now()
        self.recovered: Callable[[], None] = lambda: None
        self.why: dict[str, ModelFailed] = {}

    def wake(self) -> None:
        """Somebody uses the pool again."""
        self.asleep = False
        for server in self._servers:
            self._tend(server)

    def failed(self, server: Server, error: ModelFailed) -> None:
        """A call has failed there in a way that is the server's fault."""
        was_open, now = server.breaker.open, self._now()
        self.why[server.name] = error
        if not isinstance(error, UNUSABLE):
            server.failed(now)
        elif any(not one.breaker.open for one in self._servers if one is not server):
            server.refused(now)  # the last one may as well say no at once
        if server.breaker.open and not was_open:
            self._tell(Opened(self._name, server.name, server.breaker.rest_s))
            self._leave(server.name)  # it may sleep for longer
            self._tend(server)

    def answered(self, server: Server) -> None:
        """A server that was left alone has answered: it is well."""
        self.why.pop(server.name, None)
        self._tell(Closed(self._name, server.name))

    async def close(self) -> None:
        """Leave nothing running."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tend(self, server: Server) -> None:
        if server.name not in self._tasks and due_at(server, self._every_s) < inf:
            loop = asyncio.get_running_loop()  # with no caller's context: it is on nobody's behalf
            task = loop.create_task(self._tending(server), context=Context())
            self._tasks[server.name] = task
            task.add_done_callback(partial(self._over, server.name))

    def _leave(self, name: str) -> None:
        if (task := self._tasks.pop(name, None)) is not None:
            task.cancel()

    def _over(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]

    async def _tending(self, server: Server) -> None:
        while (due := due_at(server, self._every_s)) < inf:
            now = self._now()
            if now - self.used_at > IDLE_S:
                self.asleep = True
                return
            if due > now:
                await asyncio.sleep(due - now)
            else:
                await self._ask(server)

    async def _ask(self, server: Server) -> None:
        was_open, error = server.breaker.open, await self._wrong(server)
        if error is None and (was_open or server.name not in self._known):
            self._known.add(server.name)  # it may have been started anew, with other settings
            await self._introduce(server)
        server.probed(self._now(), well=error is None)
        self._tell(Probed(self._name, server.name, error))
        if error is not None:
            self.why.setdefault(server.name, error)  # what a call has met with says more
        if was_open != server.breaker.open:
            if was_open:
                self.answered(server)
                self.recovered()
            else:
                self._tell(Opened(self._name, server.name, server.breaker.rest_s))

    async def _wrong(self, server: Server) -> ModelFailed | None:
        try:
            async with asyncio.timeout(PROBE_S):
                await self._probe(server.name)
        except UNUSABLE as error:
            return error
        except (ModelRefused, ModelRateLimited):  # who turns us away is there
            return None
        except ModelFailed as error:
            return error
        except Exception as error:  # it may be any model's code
            what = f"it did not say that it is well: {type(error).__name__} {error}"
            hint = "see whether it is overloaded"
            return ModelUnreachable(what, model=self._name, where=server.name, hint=hint)
        return None

    def _tell(self, sighting: Opened | Closed | Probed) -> None:
        if self._watchers:
            self._watchers.tell(sighting)
