"""Simulated people: each follows its cues, beside everybody else, and is never waited for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tertulia.orchestrator import Clock, Event, Room
from tertulia.orchestrator.approvals import Approval
from tertulia.orchestrator.errors import Refused
from tertulia.orchestrator.events import ApprovalAsked, Consulted, TurnGranted
from tertulia.orchestrator.room import ParticipantId
from tertulia.simulation.insistence import insist
from tertulia.simulation.scenario import Cue, Role


@dataclass(slots=True)
class Person:
    """A person of a scenario who acts on its cues, in their order.

    What it posts has the key ``cue-N``, so that a scenario which is taken up again after a crash
    says nothing twice.
    """

    role: Role
    room: Room
    clock: Clock
    began: float
    whom: Callable[[str], ParticipantId]
    """Whom a cue means by a name."""
    begins_to_wait: Callable[[], None]
    """Called when it begins to wait for what others do, and not for time to pass."""
    done: int = 0
    """How many cues are over."""
    waits: bool = False
    """Whether it waits for others now."""

    @property
    def id(self) -> ParticipantId:
        """Its handle."""
        return self.role.who

    async def act(self) -> None:
        """Follow all cues that are left."""
        for cue in self.role.cues[self.done :]:
            await self._moment(cue)
            await self._do(cue)
            self.done += 1

    async def _moment(self, cue: Cue) -> None:
        if cue.at is not None:
            await self.clock.sleep(self.began + cue.at + cue.wait - self.clock.now())
        elif cue.when == "quiet":
            await self._silence(cue.wait)
        else:
            if cue.when == "floor":
                await self._floor(self.id)
            elif cue.when == "vote":
                await self._vote()
            elif cue.when == "approval":
                await self._approval(cue.approve or cue.refuse)
            elif cue.speaking is not None:
                await self._floor(self.whom(cue.speaking))
            await self.clock.sleep(cue.wait)

    async def _silence(self, seconds: float) -> None:
        """Wait until nobody has said or done anything for so long."""
        while True:
            await self.room.lapse()
            head = self.room.floor.head
            await self.clock.sleep(seconds)
            if self.room.live.quiet and self.room.floor.head == head:
                return

    async def _floor(self, holder: ParticipantId) -> None:
        """Wait until somebody has the floor."""
        if self.room.floor.hold_of(holder) is None:
            await self._until(lambda event: _grants(event, holder))

    async def _vote(self) -> None:
        """Wait until something is put to the vote."""
        asked = self.room.floor.question
        if asked is None or asked.ballot is None:
            await self._until(_puts_to_the_vote)

    async def _approval(self, tool: str | None) -> None:
        """Wait until something waits for approval."""
        if _of_tool(self.room.approvals(self.id), tool) is None:
            await self._until(lambda event: _asks_for(event, tool))

    async def _until(self, happens: Callable[[Event], bool]) -> None:
        self.waits = True
        self.begins_to_wait()
        async for heard in self.room.subscribe(self.id, after=self.room.floor.head):
            if isinstance(heard, Event) and happens(heard):
                break
        self.waits = False

    async def _do(self, cue: Cue) -> None:
        try:
            await insist(self.clock, partial(self._try, cue))
        except Refused:
            # What a person tries at a bad moment comes to nothing, as it would in a real room.
            return

    async def _try(self, cue: Cue) -> None:
        me = self.id
        if cue.say is not None:
            to, whisper = map(self.whom, cue.to), map(self.whom, cue.whisper)
            key = f"cue-{self.done + 1}"
            await self.room.post(me, cue.say, key=key, to=to, whisper=whisper)
        elif cue.hand == "up":
            await self.room.request_floor(me)
        elif cue.hand == "down":
            await self.room.cancel_request(me)
        elif cue.interrupt is not None:
            await self.room.interrupt(me, self.whom(cue.interrupt))
        elif cue.vote is not None:
            await self.room.vote(me, cue.vote)
        elif cue.approve is not None or cue.refuse is not None:
            await self._decide(cue)
        else:
            await self.room.leave(me)

    async def _decide(self, cue: Cue) -> None:
        """Approve or refuse the oldest call of this tool that waits; nothing, if none does."""
        name = _of_tool(self.room.approvals(self.id), cue.approve or cue.refuse)
        if name is None:
            return
        if cue.approve is not None:
            await self.room.approve(self.id, name)
        else:
            await self.room.refuse(self.id, name)


def _of_tool(waiting: Sequence[Approval], tool: str | None) -> str | None:
    """The oldest that waits, of this tool."""
    return next((one.id for one in waiting if tool in (None, one.tool)), None)


def _asks_for(event: Event, tool: str | None) -> bool:
    return isinstance(event.body, ApprovalAsked) and tool in (None, event.body.tool)


def _puts_to_the_vote(event: Event) -> bool:
    return isinstance(event.body, Consulted) and event.body.ballot is not None


def _grants(event: Event, who: ParticipantId) -> bool:
    return event.by == who and isinstance(event.body, TurnGranted)
