"""What a policy asks before it decides, while advisers and bidders are at work on it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from tertulia.orchestrator import admission
from tertulia.orchestrator.events import Consulted, Draft, Event
from tertulia.orchestrator.floor import Floor, Seat
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.ports import Bid, Clock
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.transcript import Transcript
from tertulia.orchestrator.visibility import sight_of


@dataclass(frozen=True, slots=True)
class Consultation:
    """What an adviser, or an agent that bids, is told. ``me`` is the agent that is asked to bid.

    ``view`` holds the last utterances that were for everybody, oldest first; an agent that bids is
    shown those that it was there for.
    """

    candidates: tuple[Seat, ...]
    members: Mapping[ParticipantId, Seat]
    view: tuple[Event, ...]
    me: Seat | None = None


Adviser: TypeAlias = Callable[[Consultation], Awaitable[str | None]]
"""Names the handle of a candidate, or nobody."""
Bidder: TypeAlias = Callable[[Consultation], Awaitable[Bid | float]]
"""How much an agent wishes to speak: an agent that is an object may have it as ``bid``."""


class Consultations:
    """The question of one room that is being answered, if there is one."""

    def __init__(self, clock: Clock, ask: Callable[[Prepare], object]) -> None:
        """``ask`` puts what the answers amount to into the room's inbox."""
        self.adviser: Adviser | None = None
        self._clock, self._ask = clock, ask
        self._tasks: list[asyncio.Task[None]] = []
        self._cancel_alarm: Callable[[], None] | None = None

    def begin(
        self,
        asked: Consulted,
        floor: Floor,
        transcript: Transcript,
        bidders: Mapping[ParticipantId, Bidder],
    ) -> None:
        """Ask those who can answer; after a while nobody is waited for."""
        self.stop()
        candidates = tuple(floor.members[who] for who in asked.candidates if who in floor.members)
        whole = Consultation(candidates, floor.members, transcript.public())
        left = asked.until - self._clock.now()
        end = partial(_ended, asked.question)
        self._cancel_alarm = self._clock.call_later(left, lambda: self._ask(end))
        if asked.kind == "select":
            self._tasks.append(asyncio.create_task(self._select(asked.question, whole)))
            return
        for seat in candidates:
            view = transcript.public(sight_of(floor, seat.id))
            own = Consultation(candidates, floor.members, view, seat)
            bidder = bidders.get(seat.id, _eager)
            self._tasks.append(asyncio.create_task(self._bid(asked.question, own, seat, bidder)))

    def stop(self) -> None:
        """Wait for nobody any more."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        if self._cancel_alarm is not None:
            self._cancel_alarm()
            self._cancel_alarm = None

    async def _select(self, question: int, told: Consultation) -> None:
        if self.adviser is None:
            problem = "nobody advises this room; give it an adviser with Room.consult"
            self._ask(partial(_failed, question, problem))
            return
        try:
            name = await self.adviser(told)
        except Exception as error:  # whatever an adviser raises is its failure, not ours
            self._ask(partial(_failed, question, f"{type(error).__name__}: {error}"))
        else:
            self._ask(partial(_advised, question, name))

    async def _bid(self, question: int, told: Consultation, seat: Seat, bidder: Bidder) -> None:
        try:
            answer = await bidder(told)
            bid = answer if isinstance(answer, Bid) else Bid(float(answer))
        except Exception as error:  # an agent that cannot say what it wishes does not wish
            bid = Bid(0.0, f"could not bid: {type(error).__name__}: {error}")
        self._ask(partial(_bid, question, seat.id, bid))


async def _eager(told: Consultation) -> float:
    """What an agent bids that has no bids of its own: it will speak if nobody wishes more."""
    return 0.5


def _advised(question: int, name: str | None, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.advise(floor, question, name)


def _failed(question: int, problem: str, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.unadvised(floor, question, problem)


def _bid(
    question: int, who: ParticipantId, bid: Bid, floor: Floor, now: float
) -> tuple[Draft, ...]:
    return admission.bid(floor, question, who, bid.score, bid.thought)


def _ended(question: int, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.end_consultation(floor, question)
