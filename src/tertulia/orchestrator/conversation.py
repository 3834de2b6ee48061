"""A room that is live in this process: read, step, append, commit, carry out.

It owns the room's inbox and its running turns, and is the only writer of its log. It decides
nothing: ``admission`` words what was asked for, ``arbiter`` decides, and the loop below carries out
what has been committed.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from tertulia.orchestrator import admission
from tertulia.orchestrator.arbiter import step
from tertulia.orchestrator.errors import Fenced, Unreachable
from tertulia.orchestrator.events import (
    Draft,
    Event,
    Outcome,
    RoomEnded,
    RoomOpened,
    TurnEnded,
    TurnGranted,
    TurnResumed,
)
from tertulia.orchestrator.feed import Delta, Feed
from tertulia.orchestrator.floor import Floor, Hold
from tertulia.orchestrator.inbox import Asked, Inbox
from tertulia.orchestrator.policies import build
from tertulia.orchestrator.ports import Batch, Clock, Log, Policy, Reply, Tenure
from tertulia.orchestrator.room import ROOM, Kind, ParticipantId, TurnId
from tertulia.orchestrator.transcript import Transcript
from tertulia.orchestrator.turns import RunningTurn, Speaker, Turn

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
        lost: Callable[[], None],
    ) -> None:
        """Take the room as its log left it; ``lost`` is called when another owner takes it."""
        self.floor, self.epoch = floor, tenure.epoch
        self.feed = Feed(floor.room, log, floor.head)
        self.transcript = Transcript(said)
        self.speakers: dict[ParticipantId, Speaker] = {}
        self.inbox = Inbox(self._arrived)
        self._policy = build(floor.settings.policy)
        self._log, self._clock, self._lost = log, clock, lost
        self._kept = tenure.snapshot.head
        self._running: dict[TurnId, RunningTurn] = {}
        self._alarms: dict[TurnId, Callable[[], None]] = {}
        self._loop: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._quiet: list[asyncio.Future[None]] = []
        self._leaving = self._left = False

    # ---- what the scheduler asks of it

    def take_up(self) -> None:
        """Go on with the turns that an earlier owner of the room left unfinished."""
        for hold in self.floor.holds:
            self.inbox.put(partial(_take_up, hold), owed=True)

    def cut(
        self, hold: Hold, outcome: Outcome, by: ParticipantId, problem: str | None = None
    ) -> None:
        """End a turn before its time, with what it has delivered."""
        self.inbox.put(lambda floor, now: self._cut(floor, hold, outcome, by, problem), owed=True)

    def delivered(self, hold: Hold | None) -> str:
        """Silence a running turn, and say what it had delivered."""
        running = None if hold is None else self._running.get(hold.turn)
        return "" if running is None else running.stop()

    @property
    def quiet(self) -> bool:
        """Whether nobody holds the floor and nothing waits to be done."""
        return not self.floor.holds and not len(self.inbox) and self._loop is None

    async def lapse(self) -> None:
        """Wait until the room is quiet."""
        if not self.quiet:
            waiting = asyncio.get_running_loop().create_future()
            self._quiet.append(waiting)
            await waiting

    async def turns_ended(self) -> None:
        """Start no more turns, and wait until those that run have ended."""
        self._leaving = True
        while self._running or self._loop is not None:
            tasks = [running.task for running in self._running.values()]
            await asyncio.wait([*tasks, *([self._loop] if self._loop else [])])

    async def leave(self, why: Unreachable) -> None:
        """Stop being live: unfinished turns stay in the log for the next owner."""
        self._leaving = self._left = True
        for cancel in self._alarms.values():
            cancel()
        tasks = [running.task for running in self._running.values()]
        for running in self._running.values():
            running.stop()
        if tasks:
            await asyncio.wait(tasks)
        if self._loop is not None and self._loop is not asyncio.current_task():
            await asyncio.wait([self._loop])
        if self._chores:
            await asyncio.wait(self._chores)
        self.inbox.refuse_all(why)
        self._wake_the_patient()
        self.feed.end()

    # ---- the loop

    def _arrived(self) -> None:
        if self._loop is None:
            self._loop = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        wait = RETRY_S[0]
        try:
            while len(self.inbox):
                asked = self.inbox.take()
                done = self._arbitrate(asked)
                try:
                    if done.events:
                        await self._log.append(self._batch(done))
                except Fenced as error:
                    self._give_up(asked, error)
                    return
                except Exception as error:  # the store failed: nothing was written
                    self.inbox.take_back([a for a in asked if a.owed])
                    for refused in asked:
                        if not refused.owed:
                            refused.refuse(error)
                    if self._left:
                        return  # what is owed stays in the log as unfinished, for the next owner
                    await self._clock.sleep(wait)
                    wait = min(2 * wait, RETRY_S[1])
                    continue
                wait = RETRY_S[0]
                self._commit(done)
        finally:
            self._loop = None
        if self.quiet:
            self._wake_the_patient()

    def _arbitrate(self, asked: list[Asked]) -> _Arbitrated:
        done = _Arbitrated(self.floor, self._policy, [], [])
        for one in asked:
            try:
                self._arbitrate_one(one, done)
            except Exception as error:  # refused, or our own fault: told to whoever asked
                one.refuse(error)
        return done

    def _arbitrate_one(self, one: Asked, done: _Arbitrated) -> None:
        now = self._clock.now()
        drafts = one.prepare(done.floor, now)
        for draft in drafts:
            if isinstance(draft.body, RoomOpened):
                done.policy = build(draft.body.settings.policy)
        outcome = step(done.floor, drafts, now, done.policy)
        done.floor = outcome.floor
        done.events += outcome.events
        done.answers.append((one, outcome.events[: len(drafts)]))

    def _batch(self, done: _Arbitrated) -> Batch:
        due = done.floor.head - self._kept >= SNAPSHOT_EVERY
        return Batch(done.floor.room, self.epoch, tuple(done.events), done.floor if due else None)

    def _commit(self, done: _Arbitrated) -> None:
        self.floor, self._policy = done.floor, done.policy
        if done.floor.head - self._kept >= SNAPSHOT_EVERY:
            self._kept = done.floor.head
        if done.events:
            self.transcript.add(done.events)
            self._carry_out(done.events)
            self.feed.publish(done.events)
        for asked, events in done.answers:
            asked.answer(events)

    def _carry_out(self, events: Sequence[Event]) -> None:
        for event in events:
            match event.body:
                case TurnGranted(turn=turn) | TurnResumed(turn=turn):
                    self._start(turn)
                case TurnEnded(turn=turn):
                    self._stop(turn)
                    self._tidy(event.by, turn)
                case RoomEnded():
                    self.feed.end()

    def _give_up(self, asked: list[Asked], error: Fenced) -> None:
        for one in asked:
            one.refuse(error)
        self.inbox.refuse_all(error)
        for turn in list(self._running):
            self._stop(turn)
        self._wake_the_patient()
        self.feed.end()
        self._lost()

    def _wake_the_patient(self) -> None:
        patient, self._quiet = self._quiet, []
        for waiting in patient:
            if not waiting.done():
                waiting.set_result(None)

    # ---- turns

    def _start(self, turn: TurnId) -> None:
        hold = next((h for h in self.floor.holds if h.turn == turn), None)
        if hold is None or self._leaving:
            return
        alarm = self._alarms.pop(turn, None)
        if alarm is not None:
            alarm()
        left = hold.until - self._clock.now()
        self._alarms[turn] = self._clock.call_later(left, lambda: self._expire(hold))
        if self.floor.members[hold.participant].kind is Kind.HUMAN:
            return
        speaker = self.speakers.get(hold.participant)
        if speaker is None:
            problem = f"no program speaks for {hold.participant!r} in this process"
            self.cut(hold, Outcome.FAILED, ROOM, problem)
            return
        view = self.transcript.view(hold)
        seen = Turn(
            hold, self.floor.members, view, self._clock, lambda text: self._deliver(hold, text)
        )
        self._running[turn] = RunningTurn(seen, speaker, lambda reply: self._done(hold, reply))

    def _stop(self, turn: TurnId) -> None:
        alarm = self._alarms.pop(turn, None)
        if alarm is not None:
            alarm()
        running = self._running.pop(turn, None)
        if running is not None and not running.task.done():
            running.stop()

    def _tidy(self, who: ParticipantId, turn: TurnId) -> None:
        """Tell the agent that its turn has been committed, if it wants to know."""
        ended = getattr(self.speakers.get(who), "ended", None)
        if ended is not None:
            chore = asyncio.get_running_loop().create_task(ended(turn))
            self._chores.add(chore)
            chore.add_done_callback(self._chores.discard)

    def _done(self, hold: Hold, reply: Reply | str) -> None:
        if isinstance(reply, str):
            self.cut(hold, Outcome.FAILED, ROOM, reply)
        else:
            self.inbox.put(lambda floor, now: admission.finish(floor, hold, reply), owed=True)

    def _expire(self, hold: Hold) -> None:
        self.cut(hold, Outcome.EXPIRED, ROOM)

    def _cut(
        self, floor: Floor, hold: Hold, outcome: Outcome, by: ParticipantId, problem: str | None
    ) -> tuple[Draft, ...]:
        return admission.cut(floor, hold, outcome, by, self.delivered(hold), problem)

    def _deliver(self, hold: Hold, text: str) -> None:
        if self.feed.heard:
            who = hold.participant
            self.feed.deliver(Delta(hold.turn, who, text, hold.audience, self.floor.head))


def _take_up(hold: Hold, floor: Floor, now: float) -> tuple[Draft, ...]:
    return admission.take_up(floor, hold, now)
