"""A room that is live in this process: read, step, append, commit, carry out.

It owns the room's inbox and its running turns, and is the only writer of its log. It decides
nothing: ``admission`` words what was asked for, ``arbiter`` decides, and the loop below carries out
what has been committed.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tertulia.orchestrator import admission
from tertulia.orchestrator.arbiter import step
from tertulia.orchestrator.consultation import Consultations
from tertulia.orchestrator.curfew import Curfew
from tertulia.orchestrator.deadlines import Deadlines
from tertulia.orchestrator.errors import Fenced, ShuttingDown, StoreUnusable, Unreachable
from tertulia.orchestrator.events import (
    ApprovalSettled,
    BargedIn,
    Concluded,
    Consulted,
    Draft,
    Event,
    Outcome,
    RoomEnded,
    TurnEnded,
    TurnGranted,
    TurnInformed,
    TurnParked,
    TurnResumed,
    TurnReturned,
)
from tertulia.orchestrator.feed import Feed
from tertulia.orchestrator.floor import Floor, Hold, Phase
from tertulia.orchestrator.hearing import Hearing
from tertulia.orchestrator.inbox import Asked, Inbox, Prepare
from tertulia.orchestrator.inquiries import Inquiries
from tertulia.orchestrator.off_floor import waits_for_people
from tertulia.orchestrator.outcomes import Outcomes
from tertulia.orchestrator.phase_timer import PhaseTimer
from tertulia.orchestrator.policies import build, policy_after
from tertulia.orchestrator.ports import Batch, Clock, Log, Policy, Tenure
from tertulia.orchestrator.room import TurnId
from tertulia.orchestrator.routing import Routers
from tertulia.orchestrator.running import STUBBORN_S, RunningTurns, Surroundings
from tertulia.orchestrator.spending import billed
from tertulia.orchestrator.transcript import Transcript

SNAPSHOT_EVERY = 512
"""Events between two snapshots: what opening a room reads at most, beside the snapshot."""

RETRY_S = (0.1, 5.0)
"""The first and the longest wait before a commit that failed is tried again."""


@dataclass(slots=True)
class _Arbitrated:
    """What a stretch of the inbox came to, before it is committed."""

    floor: Floor
    policy: Policy
    events: list[Event]
    answers: list[tuple[Asked, tuple[Event, ...]]]


class Conversation:
    """One live room. ``floor`` is the state after the last committed event."""

    def __init__(
        self,
        floor: Floor,
        tenure: Tenure,
        said: Sequence[Event],
        log: Log,
        clock: Clock,
        lost: Callable[["Conversation"], None],
    ) -> None:
        """Take the room as its log left it; ``lost`` is called when another owner takes it."""
        self.floor, self.epoch = floor, tenure.epoch
        self.feed = Feed(floor.room, log, floor)
        self.transcript = Transcript(said)
        self.hearing = Hearing(said)
        self.inbox = Inbox(self._arrived)
        surroundings = Surroundings(
            lambda: self.floor, self._owe, clock, self.feed, self.transcript, self._recall
        )
        self.turns = RunningTurns(surroundings)
        self.outcomes = Outcomes(surroundings, self.turns)
        self.turns.doubted = self.outcomes.look
        self._policy = build(floor.settings.policy)
        self._log, self._clock, self._lost = log, clock, lost
        self._kept = tenure.snapshot.head
        self.consultations = Consultations(clock, self._owe)
        self.inquiries = Inquiries(clock, self._owe)
        self._curfew = Curfew(clock, lambda: self._owe(admission.elapse))
        self.routers = Routers(clock, self._owe)
        self.phase_timer = PhaseTimer(clock, self._expire)
        self.deadlines = Deadlines(clock, lambda: self._owe(_too_late))
        self._loop: asyncio.Task[None] | None = None
        self._quiet: list[asyncio.Future[None]] = []
        self._leaving = self._left = False
        self._gone: Unreachable | None = None
        self._wait_s = RETRY_S[0]
        if floor.phase is Phase.CLOSED:
            self.feed.end()

    # ---- what the scheduler asks of it

    def take_up(self, done: Mapping[TurnId, int] | None = None) -> None:
        """Go on with the turns that an earlier owner left; ``done`` counts what is kept of each."""
        self._curfew.set(self.floor)
        if self.floor.parked:  # before anything can give one of them the floor
            self._owe(lambda floor, now: admission.take_back(floor))
        for hold in self.floor.holds:
            self._owe(partial(_take_up, hold, (done or {}).get(hold.turn, 0)))
        self.phase_timer.set(self.floor)
        self.deadlines.set(self.floor)
        asked = [r.question for r in self.floor.routes if r.question is not None]
        if self.floor.question is not None and self.floor.question.ballot is not None:
            self._put_the_question()  # what has been voted stands
        elif self.floor.question is not None:
            asked.append(self.floor.question.number)
        for number in asked:  # whoever was asked is no longer at it
            self._owe(partial(_ask_again, number))
        for cut_off in self.floor.cut_off:
            self.turns.resume_later(cut_off.turn)

    @property
    def quiet(self) -> bool:
        """Whether nobody holds the floor and nothing waits to be done, but for what persons say.

        A turn that is parked until a person has answered or approved something is no reason to
        wait; nor is one that cannot come back, because the room rests.
        """
        resuming = self.floor.cut_off and self.floor.settings.resume_s is not None
        routing = any(route.question is not None for route in self.floor.routes)
        asking = self._asking or routing or self.inquiries.open
        waiting = any(self._waits_for(hold) for hold in self.floor.parked)
        busy = self.floor.holds or waiting or asking or resuming or len(self.inbox)
        return not busy and self._loop is None

    def _waits_for(self, hold: Hold) -> bool:
        """Whether a parked turn is one to wait for."""
        rests = hold.returns is not None and self.floor.phase is not Phase.OPEN
        return not rests and not waits_for_people(self.floor, hold)

    @property
    def _asking(self) -> bool:
        """Whether the policy's question is still open."""
        return self.floor.question is not None and not self.floor.question.over

    @property
    def due(self) -> float | None:
        """When something comes about by time alone that nobody waits for (Unix seconds)."""
        times = (self.phase_timer.at, self.deadlines.at)
        return min((at for at in times if at is not None), default=None)

    async def lapse(self) -> None:
        """Wait until the room is quiet, or no longer live here."""
        if not self.quiet and self._gone is None:
            waiting = asyncio.get_running_loop().create_future()
            self._quiet.append(waiting)
            await waiting

    async def turns_ended(self) -> None:
        """Start no more turns, and wait until those that run have ended."""
        self._leaving = True
        while busy := [*self.turns.busy, *([] if self._loop is None else [self._loop])]:
            await asyncio.wait(busy)

    async def leave(self, why: Unreachable) -> None:
        """Stop being live: unfinished turns stay in the log for the next owner."""
        self._leaving = self._left = True
        await self.turns.gone(self._silence())
        if self._loop is not None:
            await asyncio.wait([self._loop], timeout=STUBBORN_S)
        self._gone = why  # from now on nothing new is begun
        self.inbox.refuse_all(why)
        if self._loop is not None:
            await asyncio.wait([self._loop])
        self._go(why)

    # ---- the loop

    def _arrived(self) -> None:
        if self._gone is not None:
            self.inbox.refuse_all(self._gone)
        elif self._loop is None:
            self._loop = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while len(self.inbox):
                await self._settle(self.inbox.take())
        finally:
            self._loop = None
        if self.quiet:
            self._wake_the_patient()

    async def _settle(self, asked: list[Asked]) -> None:
        done = self._arbitrate(asked)
        try:
            if done.events:
                await self._log.append(self._batch(done))
        except Fenced as error:
            self._give_up(asked, error)
        except (Unreachable, StoreUnusable) as error:  # nothing was written
            await self._put_off(asked, error)
        except Exception as error:  # one of them cannot be written: the others shall not pay for it
            if len(asked) == 1:
                await self._put_off(asked, error)
            for one in asked if len(asked) > 1 else ():
                await self._settle([one])
        else:
            self._wait_s = RETRY_S[0]
            self._commit(done)
        self.turns.speak_on()

    async def _put_off(self, asked: list[Asked], error: Exception) -> None:
        """Refuse what was asked for, and keep what is owed for later."""
        self.inbox.take_back([one for one in asked if one.owed])
        for one in asked:
            if not one.owed:
                one.refuse(error)
        if self._left:  # what is owed stays in the log as unfinished, for the next owner
            self.inbox.refuse_all(ShuttingDown())
            return
        self.turns.speak_on()
        await self._clock.sleep(self._wait_s)
        self._wait_s = min(2 * self._wait_s, RETRY_S[1])

    def _arbitrate(self, asked: list[Asked]) -> _Arbitrated:
        done = _Arbitrated(self.floor, self._policy, [], [])
        self.hearing.rewind(self.floor.head, self.transcript.all)
        for one in asked:
            try:
                self._arbitrate_one(one, done)
            except Exception as error:  # refused, or our own fault: told to whoever asked
                one.refuse(error)
        return done

    def _arbitrate_one(self, one: Asked, done: _Arbitrated) -> None:
        now = self._clock.now()
        drafts = billed(one.prepare(done.floor, now), self.turns.spent)
        policy = policy_after(drafts, done.policy)
        outcome = step(done.floor, drafts, now, policy)
        self.hearing.hear(outcome.events)
        done.policy, done.floor = policy, outcome.floor
        done.events += outcome.events
        done.answers.append((one, outcome.events[: len(drafts)]))

    def _batch(self, done: _Arbitrated) -> Batch:
        due = done.floor.head - self._kept >= SNAPSHOT_EVERY
        return Batch(done.floor.room, self.epoch, tuple(done.events), done.floor if due else None)

    def _commit(self, done: _Arbitrated) -> None:
        self.floor, self._policy = done.floor, done.policy
        if done.floor.head - self._kept >= SNAPSHOT_EVERY:
            self._kept = done.floor.head
        try:
            if done.events:
                self.transcript.add(done.events)
                self._carry_out(done.events)
                self._inquire(done.events)
                self.routers.keep(self.floor)
                self.turns.stir()
                if not self._asking:
                    self.consultations.stop()
        finally:  # whatever breaks in carrying out, this has been committed
            if done.events:
                self.feed.publish(done.events, done.floor)
            self._curfew.set(done.floor)
            self.deadlines.set(done.floor)
            if not self._leaving:
                self.phase_timer.set(done.floor)
            for asked, events in done.answers:
                asked.answer(events)

    def _carry_out(self, events: Sequence[Event]) -> None:
        for event in events:
            match event.body:
                case TurnEnded(turn=turn, outcome=outcome):
                    self.turns.end(event.by, turn)
                    if outcome is Outcome.INTERRUPTED and not self._leaving:
                        self.turns.resume_later(turn)
                case Consulted() as asked if not self._leaving:
                    self._consult(asked)
                case Concluded():
                    self._end_what_runs()
                case RoomEnded():
                    self.feed.end()
                case _:
                    self._go_on_with(event)

    def _go_on_with(self, event: Event) -> None:
        """What happens to a turn that has not ended."""
        match event.body:
            case TurnGranted(turn=turn) | TurnResumed(turn=turn) if not self._leaving:
                self.turns.begin(turn)
            case TurnReturned(turn=turn) if not self._leaving:
                self.turns.come_back(turn)
            case TurnParked(turn=turn):
                self.turns.park(turn)
            case TurnInformed(turn=turn):
                self.turns.inform(turn)
            case BargedIn(turn=turn):
                self.turns.yield_at_trp(turn, event.by)
            case ApprovalSettled():
                self.outcomes.settled()

    def _inquire(self, events: Sequence[Event]) -> None:
        """Ask whom the last utterance is for, if that is not clear."""
        for event in events if self.inquiries.addresser is not None else ():
            if isinstance(event.body, RoomEnded):
                self.inquiries.stop()
            elif not self._leaving:
                self.inquiries.hear(event, self.floor, self.transcript.public())

    def _end_what_runs(self) -> None:
        """Cut the turns that the room's condition ends, with what they have delivered."""
        for hold in (*self.floor.holds, *self.floor.parked):
            if hold.turn in self.floor.ending:
                self.turns.cut(hold, Outcome.INTERRUPTED)

    def _give_up(self, asked: list[Asked], error: Fenced) -> None:
        for one in asked:
            one.refuse(error)
        self._leaving = True
        self._silence()
        self._go(error)
        self._lost(self)

    def _silence(self) -> list[asyncio.Task[None]]:
        """Cancel every alarm, every running turn, and every question."""
        self.consultations.stop()
        self.inquiries.stop()
        self.outcomes.stop()
        self._curfew.lift()
        self.deadlines.stop()
        self.routers.stop()
        self.phase_timer.stop()
        return self.turns.silence()

    def _go(self, why: Unreachable) -> None:
        """Be live no longer; whoever still asks is told why."""
        self._gone = why
        self.inbox.refuse_all(why)
        self._wake_the_patient()
        self.feed.end()

    def _wake_the_patient(self) -> None:
        patient, self._quiet = self._quiet, []
        for waiting in patient:
            if not waiting.done():
                waiting.set_result(None)

    def _owe(self, prepare: Prepare) -> asyncio.Future[tuple[Event, ...]]:
        """Put in what the room owes itself."""
        return self.inbox.put(prepare, owed=True)

    def _expire(self, phase: int) -> None:
        """The time of a phase is up."""
        self._owe(lambda floor, now: admission.expire(floor, phase))

    async def _recall(self, seq: int) -> Event | None:
        """An event by its seq."""
        recent = self.transcript.find(seq)
        if recent is not None:
            return recent
        return next(iter(await self._log.read(self.floor.room, seq - 1, 1)), None)

    def _consult(self, asked: Consulted) -> None:
        """Put a question that is still open."""
        latest = self.floor.question
        if asked.about is not None:
            self.routers.begin(asked, self.floor, self.transcript)
        elif latest is not None and latest.number == asked.question and not latest.over:
            self._put_the_question()

    def _put_the_question(self) -> None:
        """Ask those who can answer what the floor wants to know."""
        if self.floor.question is not None:
            speakers = self.turns.speakers
            self.consultations.begin(self.floor.question, self.floor, self.transcript, speakers)


def _too_late(floor: Floor, now: float) -> tuple[Draft, ...]:
    return (*admission.expire_approvals(floor, now), *admission.miss(floor, now))


def _ask_again(number: int, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.end_consultation(floor, number, again=True)


def _take_up(hold: Hold, done: int, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.take_up(floor, hold, now, done)
