"""The task in which an agent's turn runs, and what the agent may answer. It commits nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.keepsakes import keepable
from tertulia.orchestrator.ports import Reply
from tertulia.orchestrator.present import PRESENT
from tertulia.orchestrator.turns import Speaker, Turn

_PROBLEM_LIMIT = 500


class RunningTurn:
    """An agent's turn in a task of its own; ``done`` is called once, unless it is stopped."""

    __slots__ = ("_done", "_stopped", "task", "turn")

    def __init__(self, turn: Turn, speaker: Speaker, done: Callable[[Reply | str], None]) -> None:
        """Start; ``done`` gets the reply, or as a text the problem that the agent broke with."""
        self.turn, self._done, self._stopped = turn, done, False
        self.task = asyncio.get_running_loop().create_task(self._run(speaker), name=turn.id)

    def stop(self) -> None:
        """Cancel it, and let it say nothing more."""
        self._stopped = True
        self.task.cancel()
        self.turn.end()

    async def _run(self, speaker: Speaker) -> None:
        PRESENT.set(self.turn)
        try:
            if self.turn.attempt > 1:
                await self.turn.deeds.recall(self.turn.id)
            reply = _as_reply(await speaker(self.turn), self.turn)
        except asyncio.CancelledError:
            if self._stopped:
                raise
            self._done("the agent cancelled its own work")
        except Exception as error:  # whatever an agent raises is its failed turn, not ours
            self._done(f"{type(error).__name__}: {error}"[:_PROBLEM_LIMIT])
        else:
            self._done(reply)


def _as_reply(answer: object, turn: Turn) -> Reply:
    if isinstance(answer, Reply):
        _check(answer, turn)
        if answer.keeps is not None:
            keepable(turn.me.id, answer.keeps)
        turn.spend(tokens=answer.tokens, cost=answer.cost)
        return answer
    if answer is None:
        return Reply(turn.delivered)
    if isinstance(answer, str):
        return Reply(answer)
    kind = type(answer).__name__
    raise Misbehaved(who=f"agent {turn.me.id!r}", what=f"answered with {kind}, not text or Reply")


def _check(reply: Reply, turn: Turn) -> None:
    names: Any = reply.addressees
    fits = {
        "text": isinstance(reply.text, str),
        "addressees": not isinstance(names, str) and all(isinstance(who, str) for who in names),
        "problem": reply.problem is None or isinstance(reply.problem, str),
    }
    wrong = ", ".join(field for field, well in fits.items() if not well)
    if wrong:
        raise Misbehaved(who=f"agent {turn.me.id!r}", what=f"gave a Reply with a wrong {wrong}")
