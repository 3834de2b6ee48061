"""A simulated person who acts by habit: it pauses, types, asks, waits, cuts in, leaves, comes back.

What it draws follows from the seed, its handle and how many of its messages are in the log, so that
a performance which is taken up again after a crash goes on and says nothing twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from tertulia.agents.improvisation import improvise
from tertulia.orchestrator import Clock, Event, Participant, Room, Said
from tertulia.orchestrator.errors import Refused
from tertulia.orchestrator.events import Joined, Left, TurnGranted
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.visibility import sight_of
from tertulia.simulation.habits import BACK_LATER, Habits, chance
from tertulia.simulation.hearing import Ear
from tertulia.simulation.insistence import insist

READS = 12
"""How many of the last utterances an improvising person has in mind."""

MESSAGE, NUDGE = "line-", "nudge-"
"""What the keys of its messages, and of its asking again, begin with."""


@dataclass(slots=True)
class Regular:
    """Somebody with habits, in a room. Without ``lines`` it improvises, and never comes to an end.

    ``spoken`` is how many messages it has sent already, ``nudges`` how often it has asked again.
    """

    who: Participant
    habits: Habits
    room: Room
    clock: Clock
    ear: Ear
    seed: int
    persona: str = ""
    lines: Sequence[str] = ()
    spoken: int = 0
    nudges: int = 0
    _drawn: Random = field(init=False)

    def __post_init__(self) -> None:
        """Draw on from here."""
        self._drawn = chance(self.seed, self.who.id, self.spoken + self.nudges)
        if self.habits.interrupts:
            self.ear.tempted = lambda: self._drawn.random() < self.habits.interrupts

    @property
    def id(self) -> ParticipantId:
        """Its handle."""
        return self.who.id

    def remember(self, recorded: Sequence[Event]) -> bool:
        """Go on after what the log holds; whether it is in the room, or means to come back."""
        mine = [event for event in recorded if event.by == self.id]
        keys = [event.key for event in mine if event.key is not None]
        self.spoken = sum(key.startswith(MESSAGE) for key in keys)
        self.nudges = sum(key.startswith(NUDGE) for key in keys)
        self._drawn = chance(self.seed, self.id, self.spoken + self.nudges)
        moves = [event.body for event in mine if isinstance(event.body, Joined | Left)]
        return not (moves and isinstance(moves[-1], Left)) or moves[-1].reason == BACK_LATER

    async def act(self) -> None:
        """Live in the room until all lines are said, or it has left for good."""
        if self.id not in self.room.floor.members and not await self._come_back():
            return
        while not self._finished():
            pause_s = self.habits.pause(self._drawn)
            if not await self._occasion(await self._next_occasion(pause_s)):
                return

    def _finished(self) -> bool:
        return bool(self.lines) and self.spoken >= len(self.lines)

    async def _next_occasion(self, pause_s: float) -> Event | None:
        """What makes it speak: being asked, having cut in, or else the end of its pause."""
        until = self.clock.now() + pause_s
        while (left := until - self.clock.now()) > 0:
            heard = await self.ear.listen(left)
            if heard is None:
                break
            if not isinstance(heard.body, TurnGranted) or heard.by == self.id:
                return heard
            if await self._cuts_in(heard.by, heard.body):
                return heard
        return None

    async def _occasion(self, why: Event | None) -> bool:
        """Say something, or not; whether it stays."""
        if self._drawn.random() < self.habits.leaves:
            return await self._leave()
        cutting = why is not None and isinstance(why.body, TurnGranted) and why.by != self.id
        if not cutting and self._drawn.random() < self.habits.silence:
            return True
        text = await self._words()
        before = self.room.floor.latest
        await self.clock.sleep(self.habits.typing(text))
        outdated = self.room.floor.latest != before
        if outdated and self._drawn.random() < self.habits.reconsiders:
            return True
        self.ear.forget()
        said = await self._say(text)
        if said is not None:
            await self._answered(said)
        return True

    async def _cuts_in(self, whom: ParticipantId, granted: TurnGranted) -> bool:
        await self.clock.sleep(self.habits.cuts_in_after(self._drawn))
        hold = self.room.floor.hold_of(whom)
        if hold is None or hold.turn != granted.turn:
            return False  # it has ended by itself
        try:
            cut = await insist(self.clock, partial(self.room.interrupt, self.id, whom))
        except Refused:
            return False
        return bool(cut)

    async def _words(self) -> str:
        if self.lines:
            return self.lines[self.spoken]
        mine = sight_of(self.room.floor, self.id)
        seen = self.room.live.transcript.public(mine)[-READS:]  # it speaks to everybody
        return improvise(self.seed + self.spoken, (), self._as_messages(seen))

    def _as_messages(self, seen: Sequence[Event]) -> list[BaseMessage]:
        """What was said, as every model of ours reads it."""
        read: list[BaseMessage] = [SystemMessage(self.persona or "-", name=self.who.name)]
        for event in seen:
            seat = self.room.floor.members.get(event.by)
            if isinstance(event.body, Said) and (seat or event.by == self.id):
                name = seat.name if seat else self.who.name
                kind = AIMessage if event.by == self.id else HumanMessage
                read.append(kind(event.body.text, name=name))
        return read

    async def _say(self, text: str) -> Event | None:
        key = f"{MESSAGE}{self.spoken + 1}"
        try:
            said = await insist(self.clock, partial(self.room.post, self.id, text, key=key))
        except Refused:  # it is no longer in the room, or the room is closed
            said = None
        self.spoken += 1
        return said

    async def _answered(self, said: Event) -> None:
        """Wait for an answer to a question, ask again, and at last do without."""
        body = said.body
        asked = body.addressees if isinstance(body, Said) else ()
        if not asked:
            return
        [whom, *_] = asked
        for attempt in range(self.habits.asks_again + 1):
            if await self._answer_of(whom):
                return
            if attempt < self.habits.asks_again and whom in self.room.floor.members:
                self.nudges += 1
                key = f"{NUDGE}{self.nudges}"
                ask = partial(self.room.post, self.id, f"@{whom}?", key=key)
                try:
                    await insist(self.clock, ask)
                except Refused:
                    return

    async def _answer_of(self, whom: ParticipantId) -> bool:
        """Whether ``whom`` says something while patience lasts, or somebody else asks first."""
        self.ear.awaits = whom
        until = self.clock.now() + self.habits.patience_s
        try:
            while True:
                left = until - self.clock.now()
                if left <= 0 and self.room.floor.hold_of(whom) is None:
                    return False
                heard = await self.ear.listen(max(left, 1.0))
                if heard is not None and self._asks_me(heard):
                    self.ear.put_back(heard)
                    return True
                if heard is not None and heard.by == whom and isinstance(heard.body, Said):
                    return True
        finally:
            self.ear.awaits = None

    def _asks_me(self, event: Event) -> bool:
        if isinstance(event.body, Said):
            return self.id in event.body.addressees
        return event.by == self.id and isinstance(event.body, TurnGranted)

    async def _leave(self) -> bool:
        away_s = self.habits.away(self._drawn)
        reason = "" if away_s is None else BACK_LATER
        try:
            await insist(self.clock, partial(self.room.leave, self.id, reason))
        except Refused:
            return False
        return away_s is not None and await self._return_after(away_s)

    async def _come_back(self) -> bool:
        away_s = self.habits.away(self._drawn)
        return away_s is not None and await self._return_after(away_s)

    async def _return_after(self, away_s: float) -> bool:
        await self.clock.sleep(away_s)
        self.ear.forget()
        try:
            await insist(self.clock, partial(self.room.join, self.who))
        except Refused:
            return False
        return True
