"""The tries of one call: where it may be sent again once a server has failed it, and what it tells.

Nothing is sent again of which somebody has heard the beginning.
"""

import asyncio
from dataclasses import replace

from tertulia.agents.faults import UNUSABLE, ModelFailed, ModelOverflowed, ModelUnreachable
from tertulia.agents.pool.jobs import Job
from tertulia.agents.pool.pool import FAILURES, Calls
from tertulia.agents.pool.servers import Server

TRIES = 4
"""How often one call is sent at most, beside to servers that refuse it."""

PAUSE_S = (0.2, 5.0)
"""The first and the longest pause before a call is sent again where no other server is left."""

REFUSALS = (*UNUSABLE, ModelOverflowed)
"""What a server says at once, for nothing, and would say again: no load, and no sign of any."""

ELSEWHERE = (*FAILURES, ModelOverflowed)
"""Where another server may do better."""


class Tries:
    """One call, and what it has met with by now; ``job`` is what is to be placed next."""

    __slots__ = ("_calls", "_count", "_said", "job")

    def __init__(self, calls: Calls, job: Job) -> None:
        """It was not sent yet."""
        self._calls, self.job = calls, job
        self._said: dict[str, ModelFailed] = {}
        self._count = 0

    def failed(self, error: ModelFailed, server: Server, *, heard: bool) -> None:
        """A server has failed it; raise what is to be told if it may not be sent again."""
        self._said[server.name] = error
        self._count += not isinstance(error, REFUSALS)
        again = None if heard or self._count >= TRIES else self._again(error, server)
        if again is not None:
            self.job = again
        elif (told := self._told(error)) is error:
            raise error
        else:
            raise told from error

    async def pause(self) -> None:
        """Wait a little, if no server is left but those that have failed it."""
        if self._calls.left_for(self.job.barred):
            return
        await asyncio.sleep(min(PAUSE_S[0] * 2 ** (self._count - 1), PAUSE_S[1]))
        refused = (name for name, error in self._said.items() if isinstance(error, REFUSALS))
        self.job = replace(self.job, barred=frozenset(refused))

    def _again(self, error: ModelFailed, server: Server) -> Job | None:
        calls, barred = self._calls, self.job.barred | {server.name}
        if isinstance(error, ModelOverflowed):
            barred |= {one.name for one in calls.servers if not one.may_hold_more_than(server)}
        if not isinstance(error, ModelUnreachable) and not calls.left_for(barred):
            return None  # it would fail so again
        if not isinstance(error, REFUSALS):
            budget = calls.retries.retried()
            if budget is None:
                return None
            calls.retries = budget
        return calls.again(self.job, barred)

    def _told(self, error: ModelFailed) -> ModelFailed:
        """What is told at last: where servers refuse it, what each of them said."""
        why = self._calls.health.why
        unwell = [one.name for one in self._calls.servers if one.breaker.open]
        said = {name: why[name] for name in unwell if name in why} | self._said
        if len(said) == 1 or not isinstance(error, REFUSALS):
            return error
        too_long = (one for one in said.values() if isinstance(one, ModelOverflowed))
        gravest = next(too_long, error)  # a shorter prompt may do, whatever else is wrong
        words = "; ".join(f"{name}: {one.what}" for name, one in said.items())
        return type(gravest)(
            f"no server of the pool takes this call: {words}",
            model=self._calls.name,
            where="in the pool",
            hint=gravest.hint,
        )
