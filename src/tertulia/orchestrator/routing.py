"""Routers at work: each is asked who answers what its person has said to nobody in particular."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from tertulia.orchestrator import admission
from tertulia.orchestrator.consultation import Consultation
from tertulia.orchestrator.events import Consulted, Draft, Event
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.ports import Clock
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.routes import route_of
from tertulia.orchestrator.transcript import Transcript
from tertulia.orchestrator.visibility import sight_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing(Consultation):
    """What a router is told: of ``said``, by ``me``, who of ``candidates`` answers it.

    ``view`` holds the last utterances that were for everybody, as far as the
    person was there, up to now, oldest first. After
    ``until`` (Unix seconds) it is not waited for; all its waiting goes through ``clock``.
    """

    said: Event
    until: float
    clock: Clock


Router: TypeAlias = Callable[[Routing], Awaitable[str | None]]
"""Names who answers: the handle of a candidate, ``everyone`` (the policy decides), or nobody."""


class Routers:
    """The routers of one room's persons, and the questions that they are at work on."""

    def __init__(self, clock: Clock, ask: Callable[[Prepare], object]) -> None:
        """``ask`` puts what the answers amount to into the room's inbox."""
        self.known: dict[ParticipantId, Router] = {}
        self._clock, self._ask = clock, ask
        self._at_work: dict[int, tuple[asyncio.Task[None], Callable[[], None]]] = {}

    def begin(self, asked: Consulted, floor: Floor, transcript: Transcript) -> None:
        """Ask the router; after a while it is not waited for."""
        route = route_of(floor, asked.question)
        if route is None:
            return
        number, said = asked.question, transcript.find(route.said.seq)
        router = self.known.get(route.said.by)
        if router is None or said is None:
            problem = f"no router of {route.said.by!r} is in this process"
            self._ask(partial(_failed, number, problem))
            return
        candidates = tuple(floor.members[who] for who in asked.candidates if who in floor.members)
        told = Routing(
            candidates,
            floor.members,
            transcript.public(sight_of(floor, route.said.by)),
            floor.members.get(route.said.by),
            said=said,
            until=asked.until,
            clock=self._clock,
        )
        end = partial(_ended, number)
        alarm = self._clock.call_later(asked.until - self._clock.now(), lambda: self._ask(end))
        task = asyncio.get_running_loop().create_task(self._route(number, router, told))
        self._at_work[number] = task, alarm

    def keep(self, floor: Floor) -> None:
        """Wait only for what is still asked."""
        for number in [n for n in self._at_work if route_of(floor, n) is None]:
            task, cancel_alarm = self._at_work.pop(number)
            task.cancel()
            cancel_alarm()

    def stop(self) -> None:
        """Wait for nobody any more."""
        for task, cancel_alarm in self._at_work.values():
            task.cancel()
            cancel_alarm()
        self._at_work.clear()

    async def _route(self, number: int, router: Router, told: Routing) -> None:
        try:
            name = await router(told)
        except Exception as error:  # whatever a router raises is its failure, not ours
            self._ask(partial(_failed, number, f"{type(error).__name__}: {error}"))
        else:
            self._ask(partial(_routed, number, name))


def _routed(question: int, name: object, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.routed(floor, question, name)


def _failed(question: int, problem: str, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.not_routed(floor, question, problem)


def _ended(question: int, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.end_consultation(floor, question)
