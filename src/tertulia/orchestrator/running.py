"""The turns of one room that run in this process. What begins and ends one stands in the log."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

from tertulia.orchestrator import admission
from tertulia.orchestrator.admission import Progress
from tertulia.orchestrator.deeds import Deeds
from tertulia.orchestrator.effects import SETTLED
from tertulia.orchestrator.errors import TertuliaError
from tertulia.orchestrator.events import Draft, Event, Outcome
from tertulia.orchestrator.feed import Delta, Feed
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.inbox import Prepare
from tertulia.orchestrator.mind import Mind
from tertulia.orchestrator.plans import PlanEvent
from tertulia.orchestrator.ports import Clock, Ledger, Reply
from tertulia.orchestrator.powers import Powers
from tertulia.orchestrator.recollection import Recollection
from tertulia.orchestrator.room import ROOM, InputPolicy, Kind, ParticipantId, TurnId
from tertulia.orchestrator.spending import NOTHING, Spent
from tertulia.orchestrator.transcript import Transcript
from tertulia.orchestrator.turn_task import RunningTurn
from tertulia.orchestrator.turns import Speaker, Turn
from tertulia.orchestrator.visibility import in_mind, kept_by, sight_of
from tertulia.orchestrator.waits import Outside, Waits

STUBBORN_S = 5.0
"""How long leaving waits for agents that will not be cancelled."""

Deliver: TypeAlias = Callable[[str], None]
"""Takes a piece of an utterance."""
Escort: TypeAlias = Callable[[Hold, Speaker, Deliver], tuple[Speaker, Deliver]]
"""Goes along with an agent's turn that begins here: what takes the place of its speaker, and of
what its words are said to. It decides nothing."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the turns of a room need of it.

    ``owe`` puts what the room owes itself into its inbox, and promises what becomes of it;
    ``recall`` finds an event by its seq.
    """

    floor: Callable[[], Floor]
    owe: Callable[[Prepare], "asyncio.Future[tuple[Event, ...]]"]
    clock: Clock
    feed: Feed
    transcript: Transcript
    recall: Callable[[int], Awaitable[Event | None]]


class RunningTurns:
    """Begins turns, hears them, and ends them; ``speakers`` says who speaks for which agent.

    What turns do is written in ``ledger``, under ``epoch``.
    """

    def __init__(self, room: Surroundings) -> None:
        """No turn runs yet."""
        self.speakers: dict[ParticipantId, Speaker] = {}
        self.ledger: Ledger | None = None
        self.epoch = 0
        self.inherited: set[TurnId] = set()
        """The turns that earlier owners of the room began."""
        self.recollection: Recollection | None = None
        self.powers: Powers | None = None
        self.doubted: Callable[[], object] = _nothing
        """What is called when a turn has ended in which something is in doubt."""
        self.escort: Escort | None = None
        self._room = room
        self._running: dict[TurnId, RunningTurn] = {}
        self._alarms: dict[TurnId, Callable[[], None]] = {}
        self._chores: set[asyncio.Task[None]] = set()
        self._deeds: set[asyncio.Task[Any]] = set()

    @property
    def busy(self) -> list[asyncio.Task[None]]:
        """The tasks of turns that are at work, and not parked."""
        away = {hold.turn for hold in self._room.floor().parked}
        return [
            running.task
            for turn, running in self._running.items()
            if not running.task.done() and turn not in away
        ]

    async def done(self) -> Mapping[TurnId, int]:
        """How much is kept of each turn that has the floor: calls that are settled, steps.

        A speaker tells its steps by ``async def reached(turn) -> int``, which only grows.
        """
        return {hold.turn: await self._kept_of(hold) for hold in self._room.floor().holds}

    async def _kept_of(self, hold: Hold) -> int:
        known = () if self.ledger is None else await self.ledger.of_turn(hold.turn)
        settled = sum(effect.state in SETTLED for effect in known)
        reached = getattr(self.speakers.get(hold.participant), "reached", None)
        if reached is None:
            return settled
        try:
            return settled + int(await reached(hold.turn))
        except Exception:  # it breaks when it runs, for all to see
            return settled

    # ---- as the log says

    def begin(self, turn: TurnId) -> None:
        """Let the holder speak; a person is waited for. Until the lease ends, at most."""
        hold = self._hold(turn)
        if hold is None or turn in self._room.floor().ending:
            return
        self._alarm(turn, hold.until - self._room.clock.now(), self._cutting(hold, Outcome.EXPIRED))
        floor = self._room.floor()
        if floor.members[hold.participant].kind is Kind.HUMAN:
            return
        speaker = self.speakers.get(hold.participant)
        if speaker is None:
            problem = f"no program speaks for {hold.participant!r} in this process"
            self._room.owe(self._cutting(hold, Outcome.FAILED, problem=problem))
            return
        deliver: Deliver = partial(self._deliver, hold)
        if self.escort is not None:
            speaker, deliver = self.escort(hold, speaker, deliver)
        seen = Turn(
            hold,
            floor.members,
            self._room.transcript.view(hold, sight_of(floor, hold.participant)),
            self._room.clock,
            deliver,
            partial(self._news, turn),
            in_mind(chain(*floor.notes.values()), sight_of(floor, hold.participant), hold.audience),
        )
        seen.equip(kept_by(floor, hold.participant, hold.audience), partial(self._keep, hold))
        seen.tell_plan = partial(self._tell_plan, hold)
        seen.deeds = Deeds(self.ledger, self.epoch, self._see_out, self.doubted)
        if self.recollection is not None:
            seen.mind = Mind(self.recollection, lambda: seen.hold)
        seen.waits = Waits(hold, self._outside)
        seen.deeds.powers = self.powers
        self._running[turn] = RunningTurn(seen, speaker, partial(self._done, hold))

    def park(self, turn: TurnId) -> None:
        """Let nothing be heard of a turn that is off the floor; wait for it as long as it said."""
        hold = next((h for h in self._room.floor().parked if h.turn == turn), None)
        if hold is not None:
            if turn in self._running:
                self._running[turn].turn.step_off(hold)
            late = partial(_expire_parked, hold)
            self._alarm(turn, hold.until - self._room.clock.now(), late)

    def come_back(self, turn: TurnId) -> None:
        """Let a turn that was parked go on; or run again, if it ran in another process."""
        hold, running = self._hold(turn), self._running.get(turn)
        if hold is None:
            return
        if running is None:
            self.begin(turn)
            return
        left_s = hold.until - self._room.clock.now()
        self._alarm(turn, left_s, self._cutting(hold, Outcome.EXPIRED))
        running.turn.step_on(hold)

    def stir(self) -> None:
        """Let the turns that wait for something look whether it has come."""
        for running in self._running.values():
            if running.turn.waits is not None:
                running.turn.waits.stir()

    def end(self, who: ParticipantId, turn: TurnId) -> None:
        """Stop a turn that has ended, and tell its agent that this is committed, if it asks."""
        self._cancel_alarm(turn)
        running = self._running.pop(turn, None)
        if running is not None and not running.task.done():
            running.stop()
        if turn in self.inherited:
            self.inherited.discard(turn)
            self._chore(self._leave(turn, None if running is None else running.turn.deeds))
        elif running is not None and running.turn.deeds.doubtful:
            self.doubted()
        ended = getattr(self.speakers.get(who), "ended", None)
        if ended is not None:
            self._chore(_tidied(ended, turn))

    def cut(self, hold: Hold, outcome: Outcome) -> None:
        """End a turn before its time, with what it has delivered."""
        self._room.owe(self._cutting(hold, outcome))

    def yield_at_trp(self, turn: TurnId, by: ParticipantId) -> None:
        """Cut a turn at its next transition-relevance place, or after a while."""
        hold, running = self._hold(turn), self._running.get(turn)
        if hold is None or running is None:
            return
        cutting = self._cutting(hold, Outcome.INTERRUPTED, by)
        left_s = min(self._room.floor().settings.trp_s, hold.until - self._room.clock.now())
        self._alarm(turn, left_s, cutting)
        running.turn.yield_at_trp(lambda: self._room.owe(cutting))

    def inform(self, turn: TurnId) -> None:
        """Show a turn what it has been told of."""
        hold, running = self._hold(turn), self._running.get(turn)
        if hold is not None and running is not None:
            sight = sight_of(self._room.floor(), hold.participant)
            running.turn.see(hold, self._room.transcript.view(hold, sight))

    def resume_later(self, turn: TurnId) -> None:
        """If nobody follows the interruption of this turn, let its speaker go on."""
        resume_s = self._room.floor().settings.resume_s
        if resume_s is not None:
            self._alarm(turn, resume_s, lambda floor, now: admission.go_on(floor, turn))

    # ---- what a step asks about turns

    def look(self, hold: Hold) -> Progress:
        """How far a turn has got; it is silent until the step that asks is settled."""
        running = self._running.get(hold.turn)
        if running is None:
            return Progress()
        return Progress(running.turn.hush(), running.turn.acted)

    def spent(self, turn: TurnId) -> Spent:
        """What a turn has taken until now; nothing, if it does not run here."""
        running = self._running.get(turn)
        return NOTHING if running is None else running.turn.spent

    def speak_on(self) -> None:
        """Let be heard what turns have said since somebody looked at them."""
        for running in self._running.values():
            running.turn.speak_on()

    # ---- leaving

    def silence(self) -> list[asyncio.Task[None]]:
        """Cancel every alarm and every turn; the tasks that have to end now."""
        for cancel in self._alarms.values():
            cancel()
        for running in self._running.values():
            running.stop()
        return [running.task for running in self._running.values()]

    async def gone(self, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for them; one that will not be cancelled is left to itself: nobody hears it."""
        for waited in (tasks, list(self._chores), list(self._deeds)):
            if waited:
                await asyncio.wait(waited, timeout=STUBBORN_S)
        for deed in self._deeds:  # its outcome is not waited for: it is uncertain
            deed.cancel()
        if self._deeds:
            await asyncio.wait(self._deeds, timeout=STUBBORN_S)

    # ---- what turns do

    async def _leave(self, turn: TurnId, deeds: Deeds | None) -> None:
        """Settle what earlier owners of the room left open in a turn that is over."""
        with suppress(TertuliaError):  # then whoever opens the room next does it
            if deeds is None:
                deeds = Deeds(self.ledger, self.epoch)
                await deeds.recall(turn)
            deeds.leave(self._room.clock)
            await deeds.durable()
            if deeds.doubtful:
                self.doubted()

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        chore = asyncio.get_running_loop().create_task(work)
        self._chores.add(chore)
        chore.add_done_callback(self._chores.discard)

    def _see_out(self, deed: asyncio.Task[Any]) -> None:
        self._deeds.add(deed)
        deed.add_done_callback(self._deeds.discard)

    @property
    def _outside(self) -> Outside:
        room = self._room
        return Outside(
            room.floor, room.owe, room.clock, lambda h: self.look(h).delivered, room.recall
        )

    def _hold(self, turn: TurnId) -> Hold | None:
        return next((h for h in self._room.floor().holds if h.turn == turn), None)

    def _alarm(self, turn: TurnId, seconds: float, then: Prepare) -> None:
        def ring() -> None:
            self._alarms.pop(turn, None)
            self._room.owe(then)

        self._cancel_alarm(turn)
        self._alarms[turn] = self._room.clock.call_later(seconds, ring)

    def _cancel_alarm(self, turn: TurnId) -> None:
        cancel = self._alarms.pop(turn, None)
        if cancel is not None:
            cancel()

    def _cutting(
        self,
        hold: Hold,
        outcome: Outcome,
        by: ParticipantId = ROOM,
        problem: str | None = None,
    ) -> Prepare:
        def prepare(floor: Floor, now: float) -> tuple[Draft, ...]:
            heard = self.look(hold).delivered
            return admission.cut(floor, hold, outcome, by, heard, problem)

        return prepare

    def _done(self, hold: Hold, reply: Reply | str) -> None:
        if isinstance(reply, str):
            self._room.owe(self._cutting(hold, Outcome.FAILED, problem=reply))
        else:
            self._room.owe(lambda floor, now: admission.finish(floor, hold, reply))

    def _deliver(self, hold: Hold, text: str) -> None:
        if self._room.feed.heard:
            head = self._room.floor().head
            self._room.feed.deliver(Delta(hold.turn, hold.participant, text, hold.audience, head))

    async def _keep(self, hold: Hold, what: Mapping[str, Any]) -> None:
        told = self._room.owe(lambda floor, now: admission.keep(floor, hold, what))
        await asyncio.shield(told)

    def _tell_plan(self, hold: Hold, told: PlanEvent) -> asyncio.Future[tuple[Event, ...]]:
        return self._room.owe(lambda floor, now: admission.planned(floor, hold, told))

    async def _news(self, turn: TurnId) -> None:
        """Tell a turn, in the log, what was said meanwhile by those whose messages inform."""
        hold, settings = self._hold(turn), self._room.floor().settings
        if hold is None:
            return
        heard = self._room.transcript.since(hold, sight_of(self._room.floor(), hold.participant))
        if any(settings.input_by(event.by) is InputPolicy.INFORM for event in heard):
            told = self._room.owe(lambda floor, now: admission.inform(floor, hold))
            await asyncio.shield(told)


def _nothing() -> None:
    """Nobody wants to know."""


def _expire_parked(hold: Hold, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.expire_parked(floor, hold, now)


async def _tidied(ended: Callable[[TurnId], Awaitable[None]], turn: TurnId) -> None:
    await ended(turn)
