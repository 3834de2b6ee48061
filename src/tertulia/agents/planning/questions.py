"""What a plan asks agents and persons: each question is a call that the ledger remembers.

Questions that are ready at the same time are put in one utterance, and the turn is parked once for
all of them. A new one waits until the turn has the floor again, which it asks for at once; and
nobody is asked two things at a time.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from langchain_core.tools import BaseTool

from tertulia.agents.planning.conduct import recorded
from tertulia.agents.planning.plan import ExecutorKind, Task, kind_of
from tertulia.orchestrator.effects import Effect, EffectState
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.turns import Turn
from tertulia.orchestrator.waits import Asked, Waits

OPEN = "ask:"
"""What the calls of questions are named by in the ledger."""


class Unanswered(Exception):
    """Nobody has answered in time."""


@dataclass(slots=True, eq=False)
class _Question:
    number: int
    who: ParticipantId
    text: str
    answer: "asyncio.Future[Event | None]"


class Questions:
    """The questions of one turn. ``answers`` are the utterances (seq) that answered some."""

    def __init__(self, turn: Turn, within_s: float) -> None:
        """An answer is waited for ``within_s`` seconds."""
        self._turn, self._within_s = turn, within_s
        self._tools: dict[str, BaseTool] = {}
        self._queue: list[_Question] = []
        self._open: dict[asyncio.Task[Event | None], _Question] = {}
        self._arrived = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None
        self.answers = set(_answers(turn.deeds.earlier))

    def to(self, who: str) -> BaseTool:
        """What asks this participant."""
        if who not in self._tools:

            async def put(ask: str) -> dict[str, Any]:
                """Ask somebody."""
                answer = await self._put(ParticipantId(who), ask)
                if answer is None:
                    raise Unanswered(f"{who} has not answered within {self._within_s:g} seconds")
                self.answers.add(answer.seq)
                return {"text": answer.text, "seq": answer.seq}

            self._tools[who] = recorded(f"{OPEN}{who}", put)
        return self._tools[who]

    def result(self, task: Task, value: Any) -> Any:
        """The result of a task: of a question, the words of the answer."""
        if kind_of(task.executor) is ExecutorKind.TOOL or not isinstance(value, Mapping):
            return value
        return value["text"]

    def asks(self, who: str) -> bool:
        """Whether this participant is being asked something."""
        return any(one.who == who for one in (*self._queue, *self._open.values()))

    async def stop(self) -> None:
        """Wait for no more answers."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    # ---- one utterance for what is ready

    async def _put(self, who: ParticipantId, text: str) -> Event | None:
        waits = self._turn.waits
        if waits is None:
            raise Misbehaved(who=f"agent {self._turn.me.id!r}", what="cannot ask in this turn")
        waits.askable(who, text)
        promise: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
        question = _Question(_number(who, text), who, text, promise)
        self._queue.append(question)
        self._arrived.set()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.ensure_future(self._ask(waits))
        try:
            return await promise
        finally:
            if question in self._queue:
                self._queue.remove(question)

    async def _ask(self, waits: Waits) -> None:
        try:
            while self._queue or self._open:
                await asyncio.sleep(0)  # what is ready now is asked together
                await waits.back()
                fresh = self._next()
                asked = [Asked(one.number, one.who, self._worded(one, fresh)) for one in fresh]
                async with waits.asking(asked, self._within_s, self._turn.put):
                    for one in fresh:
                        answer = waits.answer_to(one.number)
                        self._open[asyncio.ensure_future(answer)] = one
                    last = await self._answered()
                for one, answer_given in last:  # with the floor again, it may have heard more
                    _tell(one, answer_given)
        except Exception as error:  # whoever waits is told
            for one in (*self._queue, *self._open.values()):
                if not one.answer.done():
                    one.answer.set_exception(error)
            self._queue.clear()
        finally:
            for waiting in self._open:
                waiting.cancel()
            self._open.clear()

    async def _answered(self) -> list[tuple[_Question, Event | None]]:
        """Until nobody is asked any more, or somebody else is to be asked; what came last."""
        came: list[tuple[_Question, Event | None]] = []
        while self._open and not self._next(taking=False):
            self._arrived.clear()
            arrived = asyncio.ensure_future(self._arrived.wait())
            waited = [*self._open, arrived]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            arrived.cancel()
            came = [(self._open.pop(one), one.result()) for one in [*self._open] if one.done()]
            for question, answer in came if self._open else ():
                _tell(question, answer)
        return came if not self._open else []

    def _next(self, *, taking: bool = True) -> list[_Question]:
        """The questions that can be put now, one for each participant who is not being asked."""
        found: dict[ParticipantId, _Question] = {}
        busy = {one.who for one in self._open.values()}
        for one in self._queue:
            if one.who not in busy:
                found.setdefault(one.who, one)
        if taking:
            self._queue = [one for one in self._queue if one not in found.values()]
        return list(found.values())

    def _worded(self, one: _Question, together: list[_Question]) -> str:
        """A question; among others with the name of whom it is for."""
        seat = self._turn.members.get(one.who)
        name = one.who if seat is None else seat.name
        named = len(together) == 1 or name.casefold() in one.text.casefold()
        return one.text if named else f"{name}: {one.text}"


def _tell(question: _Question, answer: Event | None) -> None:
    if not question.answer.done():
        question.answer.set_result(answer)


def _number(who: str, text: str) -> int:
    """The number of a question: the same after a crash, in whatever order they are put then."""
    digest = blake2b(f"{who}\n{text}".encode(errors="replace"), digest_size=6).hexdigest()
    return int(digest, 16)


def _answers(earlier: Iterable[Effect]) -> Iterator[int]:
    """The utterances that answered questions of earlier attempts at the turn."""
    for effect in earlier:
        if effect.tool.startswith(OPEN) and effect.state is EffectState.SUCCEEDED:
            yield json.loads(effect.result)["seq"]
