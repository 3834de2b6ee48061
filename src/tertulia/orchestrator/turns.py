"""One turn while it runs: what the agent is handed. The task that it runs in is ``turn_task``."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from tertulia.orchestrator.deeds import Deeds
from tertulia.orchestrator.errors import Misbehaved
from tertulia.orchestrator.events import Event
from tertulia.orchestrator.floor import Hold, Keepsake, Note, Seat
from tertulia.orchestrator.keepsakes import keepable
from tertulia.orchestrator.mind import Mind
from tertulia.orchestrator.parkable import Parkable
from tertulia.orchestrator.parking import Echo, joined
from tertulia.orchestrator.plans import PlanEvent
from tertulia.orchestrator.ports import Clock, Ledger, Reply
from tertulia.orchestrator.room import Audience, ParticipantId, RoomId, TurnId
from tertulia.orchestrator.spending import NOTHING, Spent, Tab
from tertulia.orchestrator.threads import thread_of
from tertulia.orchestrator.trp import next_trp


class Turn(Parkable):
    """What an agent sees and can do while it has the floor.

    ``view`` holds the utterances (events whose body is ``Said``) up to ``as_of`` that may be drawn
    on for this audience, oldest first; ``answers`` is the one that is owed an answer. ``notes`` are
    those about participants that all of this audience may know of, ``kept`` is what the agent has
    kept from earlier turns and may draw on in this one, oldest first; what else may be recalled for
    this audience, its ``mind`` tells. ``deeds`` is what it does to the world, ``waits`` what it
    waits for off the floor: hand both on to a turn that is made to stand in for this one.
    """

    __slots__ = (
        "_deliver",
        "_delivered",
        "_echo",
        "_heard",
        "_keeper",
        "_later",
        "_mark",
        "_news",
        "_over",
        "_reached",
        "_settled",
        "_tabs",
        "_yielded",
        "answers",
        "clock",
        "deeds",
        "hold",
        "kept",
        "me",
        "members",
        "mind",
        "notes",
        "tell_plan",
        "view",
    )

    def __init__(
        self,
        hold: Hold,
        members: Mapping[ParticipantId, Seat],
        view: tuple[Event, ...],
        clock: Clock,
        deliver: Callable[[str], None],
        news: Callable[[], Awaitable[None]] | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Gather what the turn needs; ``deliver`` takes each piece of the utterance.

        ``news`` has the turn told what was said meanwhile (by ``see``), if there is something.
        """
        self.members, self.clock, self.notes = members, clock, notes
        self.me = members[hold.participant]
        self.deeds = Deeds()
        self.mind = Mind()
        super().__init__()
        self._later: list[str] | None = None
        self._echo = Echo(hold.told) if hold.told else None
        self.see(hold, view)
        self._deliver, self._news = deliver, news
        self.kept: tuple[Keepsake, ...] = ()
        self._keeper: Keeper | None = None
        self.tell_plan: PlanTeller | None = None
        self._reached: Callable[[], object] | None = None
        self._mark, self._yielded = 0, False
        self._delivered: list[str] = []
        self._heard: int | None = None
        self._settled = asyncio.Event()
        self._over = False
        self._tabs: list[Tab] = []

    @property
    def id(self) -> TurnId:
        """The turn's id: also LangGraph's thread id."""
        return self.hold.turn

    @property
    def room(self) -> RoomId:
        """The room's id."""
        return RoomId(self.hold.turn.rpartition("/")[0])

    @property
    def thread(self) -> tuple[Event, ...]:
        """The utterances in view of the exchange in which this turn answers, oldest first."""
        if self.hold.thread is None or self.answers is None:
            return ()
        return tuple(event for event in self.view if thread_of(event) == self.hold.thread)

    @property
    def as_of(self) -> int:
        """The seq up to which this turn reads the log."""
        return self.hold.as_of

    @property
    def until(self) -> float:
        """When the floor is taken back, in Unix seconds."""
        return self.hold.until

    @property
    def attempt(self) -> int:
        """1, or more when earlier owners of the room ended in the middle of this turn."""
        return self.hold.attempt

    @property
    def ledger(self) -> Ledger | None:
        """Where what this turn does is written; ``None``: nowhere."""
        return self.deeds.ledger

    @property
    def epoch(self) -> int:
        """The fencing token under which this process has the room."""
        return self.deeds.epoch

    @property
    def acted(self) -> bool:
        """Whether it has begun to do things beside speaking."""
        return self.deeds.acted

    @property
    def audience(self) -> Audience:
        """Who will hear it."""
        return self.hold.audience

    @property
    def delivered(self) -> str:
        """What has been said so far."""
        return joined(self.hold.told, self._since)

    @property
    def _since(self) -> str:
        """What has been said since it last got the floor."""
        return "".join(self._delivered)

    def say(self, delta: str) -> None:
        """Say a piece of the utterance now. After the turn was cut, nothing is heard any more.

        What is said off the floor is heard when the turn is back. A turn that runs again, after it
        had been parked, is not heard again while it repeats what it said before.
        """
        if not isinstance(delta, str):
            kind = type(delta).__name__
            raise Misbehaved(who=f"agent {self.me.id!r}", what=f"said {kind}, not text")
        if delta and self._echo is not None:
            delta = self._beyond(self._echo, delta)
        if delta and self._later is not None:
            self._later.append(delta)
        elif delta and not (self._over or self._yielded):
            self._say(delta if self._reached is None else self._until_trp(delta))
            if self._yielded:
                self._yield()

    async def catch_up(self) -> tuple[Event, ...]:
        """See what was said meanwhile and may inform this turn; the new utterances in its view.

        Call it between two steps of the work. A turn that somebody has cut into ends here.
        """
        await self._end_if_cut_into()
        last = self.view[-1].seq if self.view else 0
        if self._news is not None:
            await self._news()
        return tuple(event for event in self.view if event.seq > last)

    async def act(self) -> None:
        """Say that from now on this turn does things beside speaking (it calls a tool).

        Such a turn is not started again of the room's own accord. One that somebody has cut into
        ends here instead, and while it is being decided what becomes of the turn, this waits.
        """
        while self._heard is not None:
            await self._settled.wait()
        await self._end_if_cut_into()
        self.deeds.acted = True

    async def keep(self, what: Mapping[str, Any]) -> None:
        """Keep this for later turns before the same audience, whatever becomes of this one.

        Return once it is committed; such a turn is not started again of the room's own accord.
        ``Reply(keeps=…)`` keeps it together with what is said, or not at all. Plain JSON, at most
        16,000 characters; in place of what was kept before. Raises ``Invalid``.
        """
        kept = keepable(self.me.id, what)
        await self.act()
        if self._keeper is not None:
            await self._keeper(kept)

    def equip(self, kept: tuple[Keepsake, ...], keeper: "Keeper") -> None:
        """Hand the turn what was kept for it, and what keeps more."""
        self.kept, self._keeper = kept, keeper

    def see(self, hold: Hold, view: tuple[Event, ...]) -> None:
        """Read the log up to ``hold.as_of``."""
        self.hold, self.view = hold, view
        self.answers = _find(view, hold.answers)

    def yield_at_trp(self, reached: Callable[[], object]) -> None:
        """Be heard until the next transition-relevance place; then call ``reached``, once."""
        delivered = self._since
        self._reached, self._mark = reached, len(delivered.rstrip())
        if not delivered.strip() or next_trp(delivered + " ", self._mark) is not None:
            self._yield()

    def _say(self, delta: str) -> None:
        if delta:
            self._delivered.append(delta)
            if self._heard is None:
                self._deliver(delta)

    def _until_trp(self, delta: str) -> str:
        """As much of the delta as belongs to the sentence that is being said."""
        before = self._since
        place = next_trp(before + delta, self._mark)
        if place is None:
            return delta
        self._yielded = True
        return (before + delta)[len(before) : place]

    def _yield(self) -> None:
        reached, self._reached = self._reached, None
        self._yielded = True
        if reached is not None:
            reached()

    async def _end_if_cut_into(self) -> None:
        if self._reached is not None:
            self._yield()
        if self._yielded:
            await asyncio.get_running_loop().create_future()  # until the turn is cancelled

    def put(self, question: str, *, again: bool) -> None:
        """Say a question, after what has been said; or pass over it where it was said before."""
        if not again:
            self.say(question if not self._since or self._since[-1].isspace() else f" {question}")
        elif self._echo is not None and self._echo.new(question) is not None:
            self._echo = None

    def _beyond(self, echo: Echo, delta: str) -> str:
        """What is new in it, for a turn that runs again."""
        new = echo.new(delta)
        if new is not None:
            self._echo = None
        return new or ""

    def step_off(self, hold: Hold) -> None:
        """Have no floor any more: what had been heard is committed, the rest is for later."""
        if self._later is None:
            self._later = [] if self._heard is None else self._delivered[self._heard :]
            self._delivered, self._heard, self._mark = [], None, 0
            if self._echo is not None:
                self._echo.settle()
            self._settled.set()
        self.hold = hold

    def step_on(self, hold: Hold) -> None:
        """Have the floor again."""
        later, self._later, self.hold = self._later, None, hold
        for delta in later or ():
            self._say(delta)

    def spend(self, *, tokens: int = 0, cost: float = 0.0) -> None:
        """Add to what this turn has taken: the log gets the sum with its end. Raises ``Invalid``.

        ``cost`` is in the money that prices are given in. Models called through
        ``tertulia.agents`` are added of themselves.
        """
        self.tab().comes_to(tokens, cost)

    def tab(self) -> Tab:
        """Something that the turn pays for whose price becomes known little by little."""
        tab = Tab()
        self._tabs.append(tab)
        return tab

    @property
    def spent(self) -> Spent:
        """What the turn has taken until now."""
        return sum((tab.spent for tab in self._tabs), NOTHING)

    def hush(self) -> str:
        """Let nothing more be heard until ``speak_on``; what had been heard until now."""
        if self._heard is None:
            self._heard = len(self._delivered)
            self._settled.clear()
        return "".join(self._delivered[: self._heard])

    def speak_on(self) -> None:
        """Let what was said since ``hush`` be heard after all."""
        if self._heard is not None and not self._over:
            kept, self._heard = self._delivered[self._heard :], None
            for delta in kept:
                self._deliver(delta)
            self._settled.set()

    def end(self) -> None:
        """Let nothing be said any more."""
        self._over = True
        if self.waits is not None:
            self.waits.over = True


PlanTeller: TypeAlias = Callable[[PlanEvent], Awaitable[object]]
"""Writes into the log how a plan goes, in order, whether or not that is waited for."""

Keeper: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Writes into the log what an agent keeps."""

Speaker: TypeAlias = Callable[[Turn], Awaitable[Reply | str | None]]
"""An agent: an async function (or an object called like one) from a turn to what it says.

An object may also have ``async def ended(self, turn: TurnId) -> None``: it is called once the end
of a turn has been committed, so that what was kept for resuming that turn can go; and ``async def
reached(self, turn: TurnId) -> int``: how much is kept of a turn that a crash has stopped.
"""


def _find(view: tuple[Event, ...], seq: int | None) -> Event | None:
    return next((event for event in reversed(view) if event.seq == seq), None)
