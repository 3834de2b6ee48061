"""What a policy asks before it decides, while advisers and bidders are at work on it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from tertulia.orchestrator import admission
from tertulia.orchestrator.ballots import Ballot
from tertulia.orchestrator.events import Draft, Event
from tertulia.orchestrator.floor import Floor, Question, Seat
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.ports import Bid, Clock
from tertulia.orchestrator.room import Kind, ParticipantId
from tertulia.orchestrator.transcript import Transcript
from tertulia.orchestrator.visibility import sight_of


@dataclass(frozen=True, slots=True)
class Consultation:
    """What is told to an adviser, or to an agent that bids or votes (``me``).

    ``view`` holds the last utterances that were for everybody, oldest first; an agent that bids or
    votes is shown those that it was there for. ``ballot`` is what is put to the vote.
    """

    candidates: tuple[Seat, ...]
    members: Mapping[ParticipantId, Seat]
    view: tuple[Event, ...]
    me: Seat | None = None
    ballot: Ballot | None = None


Adviser: TypeAlias = Callable[[Consultation], Awaitable[str | None]]
"""Names the handle of a candidate, or nobody."""
Bidder: TypeAlias = Callable[[Consultation], Awaitable[Bid | float]]
"""How much an agent wishes to speak: an agent that is an object may have it as ``bid``."""
Voter: TypeAlias = Callable[[Consultation], Awaitable[str | None]]
"""Which option an agent votes for, or ``None``; an agent may have it as ``vote``."""


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
        asked: Question,
        floor: Floor,
        transcript: Transcript,
        speakers: Mapping[ParticipantId, object],
    ) -> None:
        """Ask those who can answer and have not; after a while nobody is waited for.

        ``speakers`` speak for the agents, and may bid and vote for them.
        """
        self.stop()
        candidates = tuple(floor.members[who] for who in asked.candidates if who in floor.members)
        whole = Consultation(candidates, floor.members, transcript.public(), ballot=asked.ballot)
        left = asked.until - self._clock.now()
        end = partial(_ended, asked.number)
        self._cancel_alarm = self._clock.call_later(max(0.0, left), lambda: self._ask(end))
        if asked.kind == "select":
            self._tasks.append(asyncio.create_task(self._select(asked.number, whole)))
            return
        voted = {who for who, _ in asked.votes}
        for seat in candidates:
            if asked.kind != "bid" and (seat.kind is not Kind.AGENT or seat.id in voted):
                continue  # a person votes when it likes
            view = transcript.public(sight_of(floor, seat.id))
            own, speaker = replace(whole, view=view, me=seat), speakers.get(seat.id)
            answering = (
                self._bid(asked.number, own, seat, getattr(speaker, "bid", _eager))
                if asked.kind == "bid"
                else self._vote(asked.number, own, seat, getattr(speaker, "vote", _undecided))
            )
            self._tasks.append(asyncio.create_task(answering))

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

    async def _vote(self, question: int, told: Consultation, seat: Seat, voter: Voter) -> None:
        answer, problem = None, None
        try:
            answer = await voter(told)
        except Exception as error:  # an agent that cannot say what it prefers abstains
            problem = f"could not vote: {type(error).__name__}: {error}"
        self._ask(partial(_voted, question, seat.id, answer, problem))


async def _undecided(told: Consultation) -> None:
    """What an agent votes that has no vote of its own: it abstains."""


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


def _voted(
    question: int,
    who: ParticipantId,
    answer: object,
    problem: str | None,
    floor: Floor,
    now: float,
) -> tuple[Draft, ...]:
    return admission.vote_of_agent(floor, question, who, answer, problem)


def _ended(question: int, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.end_consultation(floor, question)
