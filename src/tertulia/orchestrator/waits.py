"""What one turn waits for off the floor: a while, an approval, an answer. It decides nothing.

All that it waits for stands on the floor, so that a turn which runs again after a crash asks for
nothing twice, and may find that its answer has come.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from tertulia.orchestrator import admission
from tertulia.orchestrator.admission import Wait
from tertulia.orchestrator.approvals import LONGEST_S, Asking, Verdict
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.events import Draft, Event
from tertulia.orchestrator.floor import Approval, Floor, Hold, Query
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.ports import Clock
from tertulia.orchestrator.room import ParticipantId

LATER_S = 60.0
"""How much longer a turn may be parked than what it waits for takes, in seconds."""


class Say(Protocol):
    """Says a question, or passes over one that was said before a crash."""

    def __call__(self, question: str, *, again: bool) -> None:
        """Do so."""
        ...


@dataclass(frozen=True, slots=True)
class Outside:
    """What a turn needs of its room while it is off the floor.

    ``owe`` puts what the room owes itself into its inbox; ``delivered`` is what the turn has said
    since it last got the floor; ``recall`` finds an event by its seq.
    """

    floor: Callable[[], Floor]
    owe: Callable[[Prepare], "asyncio.Future[tuple[Event, ...]]"]
    clock: Clock
    delivered: Callable[[Hold], str]
    recall: Callable[[int], Awaitable[Event | None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a participant; ``number`` tells those of one turn apart."""

    number: int
    who: ParticipantId
    text: str


class Waits:
    """The waiting of one turn, alone or several times at once."""

    def __init__(self, hold: Hold, outside: Outside) -> None:
        """It is on the floor."""
        self._hold, self._outside = hold, outside
        self._inside = 0
        self._waiting: list[asyncio.Future[None]] = []
        self.over = False
        """Whether the turn does not run here any more."""

    @property
    def floor(self) -> Floor:
        """The room's floor after the last committed event."""
        return self._outside.floor()

    @property
    def away(self) -> bool:
        """Whether the turn is off the floor."""
        return any(hold.turn == self._hold.turn for hold in self.floor.parked)

    def stir(self) -> None:
        """Something has been committed: whoever waits may look again."""
        waiting, self._waiting = self._waiting, []
        for waited in waiting:
            if not waited.done():
                waited.set_result(None)

    @asynccontextmanager
    async def parked(self, until_s: float) -> AsyncIterator[None]:
        """Leave the floor to others for at most ``until_s`` seconds, and come back to it."""
        if not 0 < until_s <= LONGEST_S:
            what = f"parked for {until_s!r} seconds; from now on, at most {LONGEST_S:,.0f}"
            raise Misbehaved(who=f"agent {self._hold.participant!r}", what=what)
        until = round(self._outside.clock.now() + until_s, 6)
        async with self._off(until, lambda floor: Wait(until)):
            yield

    async def approval(self, asking: Asking) -> Verdict:
        """Wait for what persons decide about a call. Raises ``Misbehaved``."""
        known = self._approval(asking)
        if known is not None and known.verdict is not None:
            return known.verdict
        until = None if known is None else known.until
        until = self._until(asking.within_s) if until is None else until

        def wanted(floor: Floor) -> Wait:
            asks = admission.ask_approval(floor, self._hold, asking, until)
            return Wait(until + LATER_S, asks=asks)

        async with self._off(until + LATER_S, wanted):
            while True:
                known = self._approval(asking)
                if known is not None and known.verdict is not None:
                    break
                await self._stirred()
        return known.verdict

    async def answer(
        self, number: int, who: str, text: str, within_s: float, say: Say
    ) -> Event | None:
        """Ask somebody something, unless that has been done, and wait for the answer."""
        query = self._query(number)
        if query is None:
            to = admission.asked(self.floor, self._hold, who, text)
            say(text, again=False)
            until = self._until(within_s)
        else:
            say(text, again=True)
            to, until = query.to, query.until

        def wanted(floor: Floor) -> Wait:
            known = any(q.turn == self._hold.turn and q.number == number for q in floor.queries)
            asks = () if known else (admission.awaited(self._hold, number, to, until),)
            return Wait(until + LATER_S, asks=asks, to=() if known else (to,))

        if query is None or query.open:
            async with self._off(until + LATER_S, wanted):
                while (query := self._query(number)) is not None and query.open:
                    await self._stirred()
        if query is None or query.answer is None:
            return None
        return await self._outside.recall(query.answer)

    def askable(self, who: str, text: str) -> None:
        """Raise ``Unknown``, ``NotAllowed`` or ``BadContent`` for what cannot be asked."""
        admission.asked(self.floor, self._hold, who, text)

    @asynccontextmanager
    async def asking(
        self, questions: Sequence[Asked], within_s: float, say: Say
    ) -> AsyncIterator[None]:
        """Ask several participants in one utterance, and be off the floor meanwhile.

        What has been asked before, in an earlier attempt at the turn, is not asked again.
        """
        known = {one.number: self._query(one.number) for one in questions}
        fresh = [one for one in questions if known[one.number] is None]
        for one in questions:
            say(one.text, again=one not in fresh)
        until = self._until(within_s)
        last = max([until, *(query.until for query in known.values() if query is not None)])

        def wanted(floor: Floor) -> Wait:
            new = [one for one in fresh if self._query(one.number) is None]
            asks = tuple(admission.awaited(self._hold, o.number, o.who, until) for o in new)
            return Wait(last + LATER_S, asks=asks, to=tuple(one.who for one in new))

        async with self._off(last + LATER_S, wanted):
            yield

    async def answer_to(self, number: int) -> Event | None:
        """The utterance that answers a question of this turn; ``None`` if none came in time."""
        while (query := self._query(number)) is None or query.open:
            await self._stirred()
        return None if query.answer is None else await self._outside.recall(query.answer)

    async def back(self) -> None:
        """Wait until the turn has the floor."""
        while self.away:
            await self._stirred()

    # ---- off the floor, and back

    @asynccontextmanager
    async def _off(self, until: float, wanted: Callable[[Floor], Wait]) -> AsyncIterator[None]:
        self._inside += 1
        try:
            await self._leave(wanted)
            yield
        except asyncio.CancelledError:  # whoever catches it goes on; the floor comes when it can
            self._inside -= 1
            if not (self._inside or self.over) and self.away:
                self._outside.owe(self._asking_back)
            raise
        except BaseException:
            await self._come_back()
            raise
        await self._come_back()

    async def _leave(self, wanted: Callable[[Floor], Wait]) -> None:
        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            asked = wanted(floor)
            said = self._outside.delivered(self._hold)
            return admission.park(floor, self._hold, Wait(asked.until, said, asked.asks, asked.to))

        self.stir()  # whoever waits to come back need not, since the turn is away again
        await asyncio.shield(self._outside.owe(prepare))
        if not self.away:  # it is over
            await asyncio.get_running_loop().create_future()

    async def _come_back(self) -> None:
        self._inside -= 1
        if self._inside:
            return
        await asyncio.shield(self._outside.owe(self._asking_back))
        while self.away and not self._inside:
            await self._stirred()

    def _asking_back(self, floor: Floor, now: float) -> tuple[Draft, ...]:
        return () if self._inside else admission.ask_back(floor, self._hold.turn)

    async def _stirred(self) -> None:
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    # ---- what stands on the floor

    def _approval(self, asking: Asking) -> Approval | None:
        for known in self.floor.approvals:
            if known.id == asking.id and known.turn == self._hold.turn:
                return known
        return None

    def _query(self, number: int) -> Query | None:
        for query in self.floor.queries:
            if (query.turn, query.number) == (self._hold.turn, number):
                return query
        return None

    def _until(self, seconds: float) -> float:
        return round(self._outside.clock.now() + seconds, 6)
