"""Which recorded call a task of a plan is: what makes a plan go on where it was. Pure.

A call is named by the plan, the number of the plan in which it was begun, the task, and a digest of
executor and arguments. So a task that comes back unchanged, in another plan or after a crash, is
the call that was made; one that failed in an earlier plan is called anew.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from tertulia.agents.planning.plan import ExecutorId, TaskId
from tertulia.orchestrator.effects import Effect, EffectState

FAILED = frozenset({EffectState.FAILED, EffectState.REFUSED})
"""How calls end that may be made again, if another plan wants it. (Not: uncertain, given up.)"""

_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a task: begun in the plan of this ``number``, with what ``digest`` is of."""

    number: int
    task: TaskId
    digest: str


def digest_of(executor: ExecutorId, arguments: Mapping[str, Any]) -> str:
    """The digest of who is to do what."""
    told = _SORTED.encode([executor, arguments])
    return blake2b(told.encode(errors="replace"), digest_size=6).hexdigest()


class Calls:
    """The calls of one plan in one turn, those of earlier attempts at the turn among them."""

    def __init__(self, plan: str, effects: Iterable[Effect] = ()) -> None:
        """``plan`` is the plan's name, ``effects`` what the turn has done until now."""
        self._plan = plan
        self._states: dict[Call, EffectState] = {}
        self._alike: dict[str, list[Call]] = {}
        self._claimed: set[Call] = set()
        self.proposals: dict[int, Effect] = {}
        """The plans that were proposed, by number."""
        for effect in effects:
            name = effect.id.removeprefix(f"{effect.turn}/").split(".")
            if name[0] == plan and len(name) == 2 and name[1].isdecimal():
                self.proposals[int(name[1])] = effect
            elif name[0] == plan and len(name) == 4 and name[1].isdecimal():
                call = Call(int(name[1]), TaskId(name[2]), name[3])
                self._know(call, effect.state)

    def proposal(self, number: int) -> str:
        """The name of the call that asks for a plan."""
        return f"{self._plan}.{number}"

    def name(self, call: Call) -> str:
        """The name of a task's call."""
        return f"{self._plan}.{call.number}.{call.task}.{call.digest}"

    def begin_anew(self) -> None:
        """Another plan is carried out: its tasks may claim all that has been called."""
        self._claimed.clear()

    def claim(self, task: TaskId, digest: str, number: int, others: Collection[TaskId]) -> Call:
        """The call of a task in the plan of this ``number``: one that was made, or a new one.

        A task may have got another name, but not that of ``others``, which are in the plan too.
        """
        known = [call for call in self._alike.get(digest, ()) if self._fits(call, number)]
        own = [call for call in known if call.task == task]
        renamed = [call for call in known if call.task != task and call.task not in others]
        call = next(iter([*reversed(own), *renamed]), Call(number, task, digest))
        if call not in self._states:
            self._know(call, EffectState.RUNNING)
        self._claimed.add(call)
        return call

    def settle(self, call: Call, state: EffectState) -> None:
        """This has come of a call."""
        self._states[call] = state

    def _know(self, call: Call, state: EffectState) -> None:
        self._states[call] = state
        self._alike.setdefault(call.digest, []).append(call)

    def _fits(self, call: Call, number: int) -> bool:
        if call in self._claimed:
            return False
        return call.number == number or self._states[call] not in FAILED
