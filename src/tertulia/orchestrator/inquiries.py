"""Asking a model whom an utterance is for, where nothing else could tell; nobody waits for it.

The answer is an event of its own, after the utterance, and obliges agents only while nobody has
said anything since. One inquiry at a time: what somebody says next makes the last one moot.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TypeAlias

from tertulia.orchestrator import admission
from tertulia.orchestrator.consultation import Consultation
from tertulia.orchestrator.events import Draft, Event, Found, Said, Uptake
from tertulia.orchestrator.floor import Floor
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.ports import Clock
from tertulia.orchestrator.room import Addressing, ParticipantId

Addresser: TypeAlias = Callable[[Consultation], Awaitable[Iterable[str]]]
"""Names the handles of those whom the last utterance in view is for; none of them is nobody."""


class Inquiries:
    """The inquiry of one room that is under way, if there is one."""

    def __init__(self, clock: Clock, ask: Callable[[Prepare], object]) -> None:
        """``ask`` puts what the answer amounts to into the room's inbox."""
        self.addresser: Addresser | None = None
        self._clock, self._ask = clock, ask
        self._task: asyncio.Task[None] | None = None
        self._cancel_alarm: Callable[[], None] | None = None

    @property
    def open(self) -> bool:
        """Whether an answer is waited for."""
        return self._task is not None

    def hear(self, event: Event, floor: Floor, view: tuple[Event, ...]) -> None:
        """Ask about an utterance, if it is not clear whom it is for."""
        said = event.body
        if not isinstance(said, Said) or said.uptake is not Uptake.TAKEN or event.audience:
            return
        self.stop()
        unclear = floor.settings.addressing is Addressing.MODEL and said.found is Found.LEARNED
        agents = tuple(seat for seat in floor.agents() if seat.id != event.by)
        taken = any(hold.as_of >= event.seq for hold in floor.holds)
        if self.addresser is None or not unclear or said.addressees or taken or not agents:
            return
        told = Consultation(agents, floor.members, tuple(e for e in view if e.seq <= event.seq))
        late = partial(self._late, event.seq)
        self._cancel_alarm = self._clock.call_later(floor.settings.addressing_s, late)
        self._task = asyncio.create_task(self._inquire(self.addresser, event.seq, told))

    def stop(self) -> None:
        """Wait for nobody any more."""
        if self._task is not None:
            self._task.cancel()
        self._end()

    def _end(self) -> None:
        self._task = None
        if self._cancel_alarm is not None:
            self._cancel_alarm()
            self._cancel_alarm = None

    def _late(self, seq: int) -> None:
        self.stop()
        self._ask(partial(_found, seq, (), "whom it was for was not said in time"))

    async def _inquire(self, addresser: Addresser, seq: int, told: Consultation) -> None:
        try:
            names = tuple(await addresser(told))
        except Exception as error:  # whatever a model raises is its failure, not ours
            told_of = f"whom it was for is not known: {type(error).__name__}: {error}"
            self._ask(partial(_found, seq, (), told_of))
        else:
            self._ask(partial(_found, seq, names, None))
        self._end()


def _found(
    seq: int, names: tuple[str, ...], problem: str | None, floor: Floor, now: float
) -> tuple[Draft, ...]:
    return admission.addressee_found(floor, seq, tuple(map(ParticipantId, names)), problem)
