"""Whole lives of a room, drawn at random: people, agents, crashes and a store that fails.

The whole scheduler runs, in virtual time. What must be true is looked at after every rule
(``accounts``), and once more at the end, when the room has come to rest.
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.orchestrator.accounts import (
    Account,
    check_performances,
    check_secrets,
    check_turns,
)
from tests.orchestrator.moods import AGENTS, Moody, Performance
from tests.orchestrator.programs import CAST, policies
from tests.orchestrator.rooms import (
    KITCHEN,
    Faltering,
    House,
    Reader,
    log_of,
    replays,
    settle,
)

from tertulia.orchestrator import Event, Policy, Room, Said, Speaker
from tertulia.orchestrator.conditions import said as kept_as
from tertulia.orchestrator.errors import Refused, ShuttingDown, StoreBusy, Unreachable
from tertulia.orchestrator.floor import Phase
from tertulia.orchestrator.policies import specify
from tertulia.orchestrator.room import Addressing, Audience, CutAt, InputPolicy, ParticipantId
from tertulia.orchestrator.visibility import audience_of, seen_by
from tertulia.simulation import VirtualLoop
from tertulia.storage import MemoryLog
from tertulia.storage.memory import Memory

T = TypeVar("T")

people = st.sampled_from(["ana", "cy", "dov"])
agents, anybody = st.sampled_from(AGENTS), st.sampled_from(sorted(CAST))
texts = st.sampled_from(["Well.", "@bo?", "Eve and Flo, both of you?", "@cy @bo?", "Dov: hm."])
inputs = st.sampled_from(InputPolicy)
rooms = st.fixed_dictionaries(
    {
        "capacity": st.none() | st.integers(1, 3),
        "turn_limit": st.integers(0, 40),
        "input": inputs,
        "input_of": st.dictionaries(people, inputs, max_size=1),
        "cut_at": st.sampled_from(CutAt),
        "trp_s": st.sampled_from([0.0, 3.0]),
        "coalesce_s": st.sampled_from([0.0, 1.5, 20.0]),
        "resume_s": st.none() | st.sampled_from([0.0, 4.0]),
        "until": st.none()
        | st.none()
        | st.sampled_from([{"turns": 5}, {"seconds": 60}, {"stop_word": "Well"}]).map(kept_as),
        "addressing": st.none() | st.sampled_from([Addressing.EXPLICIT, Addressing.PAIRS]),
    }
)

LEASE_S, REST_S = 30.0, 120.0
"""How long an agent may hold the floor; and what one grant takes at most until the next: a lease, a
person's patience, or a question to advisers, a while off the floor and for what is resumed."""


@dataclass(frozen=True)
class Post:
    """What somebody is about to say."""

    by: ParticipantId
    text: str
    whisper: tuple[str, ...] = ()
    reply_to: int | None = None
    passing: bool = False

    @property
    def audience(self) -> Audience:
        return audience_of(self.by, self.whisper) if self.whisper else None

    async def to(self, room: Room, key: str) -> Event:
        if self.passing:
            return await room.backchannel(self.by, self.text, key=key)
        whisper, reply_to = self.whisper, self.reply_to
        return await room.post(self.by, self.text, key=key, whisper=whisper, reply_to=reply_to)


class Life(RuleBasedStateMachine):
    """A room from its opening to its end, with the people's own account of what they said."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.memory = Memory()
        self.serial = 0
        self.kept: dict[str, Event] = {}
        self.unsure: dict[str, Post] = {}
        self.whispers: dict[str, Audience] = {}
        self.under_way: list[asyncio.Task[None]] = []
        self.readers: list[Reader] = []  # one for each process, who reads everything
        self.listeners: list[dict[str, Reader]] = []  # and one for each participant
        self.performances: list[Performance] = []
        self.account = Account(KITCHEN)
        self.zombies: list[Room] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(policy=policies, seed=st.integers(0, 1_000), limits=rooms)
    def open(self, policy: Policy, seed: int, limits: dict[str, Any]) -> None:
        self.seed = seed
        self.limits = {"policy": specify(policy), "lease_s": LEASE_S, **limits}
        self.do(self.reopen())

    async def reopen(self) -> None:
        self.log = Faltering(self.memory)
        self.house = House(self.memory, self.log)
        process = partial(self.process, len(self.readers))
        speakers: dict[str, Speaker] = {
            who: Moody(self.seed, process, self.performances) for who in AGENTS
        }
        self.room: Room = await self.house.room(" ".join(CAST), speakers, **self.limits)
        self.readers.append(Reader(self.room))
        self.listeners.append({who: Reader(self.room, who) for who in CAST})
        await asyncio.sleep(0)

    def process(self, number: int) -> int | None:
        """The process of that number, once its readers can hear everything that is said in it."""
        hears = len(self.readers) == number + 1 and self.room.live.feed.heard
        return number if hears else None

    # ---- what people do

    async def post(self, key: str) -> None:
        if key not in self.unsure:
            return
        post = self.unsure[key]
        concerned = {post.by, *map(ParticipantId, post.whisper)}
        present = concerned <= set(self.room.floor.members)
        try:
            event = await post.to(self.room, key)
        except Unreachable:
            return
        except Refused:
            assert not present or not concerned <= set(self.room.floor.members)
            self.unsure.pop(key, None)
            return
        assert (event.by, event.text, event.audience) == (post.by, post.text, post.audience)
        assert self.kept.setdefault(key, event) == event
        self.unsure.pop(key, None)

    @rule(who=people, text=texts, back=st.none() | st.integers(0, 9))
    def say(self, who: str, text: str, back: int | None) -> None:
        head = self.room.floor.head
        event = None if back is None else self.memory.rooms[KITCHEN].events[max(0, head - 1 - back)]
        heard = event is not None and (event.audience is None or who in event.audience)
        self.do(self.post(self.note(who, text, reply_to=event.seq if event and heard else None)))

    @rule(who=people, text=texts, whisper=st.lists(anybody, min_size=1, max_size=2).map(tuple))
    def whisper(self, who: str, text: str, whisper: tuple[str, ...]) -> None:
        if set(whisper) <= set(self.room.floor.members):
            self.do(self.post(self.note(who, text, whisper, mark="(w{})")))

    @rule(who=people, text=st.sampled_from(["mm-hm", "👍", "No!"]), outright=st.booleans())
    def say_in_passing(self, who: str, text: str, outright: bool) -> None:
        self.do(self.post(self.note(who, text, passing=outright, mark="")))

    @rule(who=people, text=texts, many=st.integers(1, 5))
    def say_several_things_at_once(self, who: str, text: str, many: int) -> None:
        async def begin() -> None:
            for _ in range(many):
                task = asyncio.ensure_future(self.post(self.note(who, text)))
                self.under_way.append(task)
                task.add_done_callback(self.under_way.remove)

        self.do(begin())

    def note(
        self,
        who: str,
        text: str,
        whisper: tuple[str, ...] = (),
        *,
        reply_to: int | None = None,
        passing: bool = False,
        mark: str = "({})",
    ) -> str:
        self.serial += 1
        key = f"{self.serial}"
        marked = f"{text} {mark.format(key)}".strip()
        self.unsure[key] = Post(ParticipantId(who), marked, whisper, reply_to, passing)
        if whisper:
            self.whispers[mark.format(key)] = self.unsure[key].audience
        return key

    @precondition(lambda self: self.under_way)
    @rule()
    def lose_patience(self) -> None:
        async def cancel() -> None:
            for task in self.under_way[:2]:
                task.cancel()
            await asyncio.sleep(0)

        self.do(cancel())

    @precondition(lambda self: self.unsure)
    @rule(data=st.data(), twice=st.booleans())
    def try_again(self, data: st.DataObject, twice: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.unsure)))

        async def both() -> None:
            tasks = [asyncio.ensure_future(self.post(key)) for _ in range(1 + twice)]
            await asyncio.gather(*tasks)

        self.do(both())

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def say_again_what_was_kept(self, data: st.DataObject) -> None:
        event = self.kept[data.draw(st.sampled_from(sorted(self.kept)))]
        again = self.room.post(event.by, event.text, key=event.key, whisper=event.audience or ())
        assert self.do(again) == event

    @rule(who=anybody, whom=st.none() | anybody, at=st.none() | st.sampled_from(CutAt))
    def interrupt(self, who: str, whom: str | None, at: str | None) -> None:
        self.attempt(self.room.interrupt(who, whom, at=at))

    @rule(policy=inputs, of=st.none() | people)
    def change_what_messages_do(self, policy: str, of: str | None) -> None:
        self.attempt(self.room.change_input(policy, of))

    @rule(policy=policies)
    def change_the_policy(self, policy: Policy) -> None:
        self.attempt(self.room.change_policy(policy))

    @rule(who=anybody, up=st.booleans())
    def raise_or_lower_a_hand(self, who: str, up: bool) -> None:
        self.attempt(self.room.request_floor(who) if up else self.room.cancel_request(who))

    @rule(who=anybody, come=st.booleans())
    def come_or_go(self, who: str, come: bool) -> None:
        newcomer = CAST[ParticipantId(who)]
        self.attempt(self.room.join(newcomer) if come else self.room.leave(who))

    @rule(pause=st.booleans())
    def pause_or_resume(self, pause: bool) -> None:
        self.attempt(self.room.pause() if pause else self.room.resume())

    def attempt(self, request: Coroutine[Any, Any, object]) -> None:
        async def tried() -> None:
            with suppress(Refused, Unreachable):
                await request

        self.do(tried())

    @precondition(lambda self: self.readers and self.room.approvals())
    @rule(who=people, place=st.integers(0, 9), answer=st.sampled_from(["approve", "refuse"]))
    def decide_about_what_waits(self, who: str, place: int, answer: str) -> None:
        waiting = self.room.approvals()
        name = waiting[place % len(waiting)].id
        self.attempt(getattr(self.room, answer)(who, name))

    @rule(who=anybody, roles=st.sampled_from([[], ["supervisor"]]))
    def make_somebody_a_supervisor(self, who: str, roles: list[str]) -> None:
        self.attempt(self.room.describe(who, roles=roles))

    # ---- what happens to them

    @rule(seconds=st.sampled_from([0.3, 1.0, 3.0, 10.0, 50.0]))
    def time_passes(self, seconds: float) -> None:
        self.do(settle(seconds))

    @rule(times=st.integers(1, 4))
    def the_store_fails(self, times: int) -> None:
        self.log.errors = [StoreBusy(where="x") for _ in range(times)]
        self.account.lateness_s += 5 * times

    @rule(slow_s=st.sampled_from([0.0, 0.3, 2.0]))
    def the_store_is_slow(self, slow_s: float) -> None:
        self.log.slow_s = slow_s
        self.account.lateness_s += 2 * slow_s

    @rule(zombie=st.booleans())
    def the_process_dies_and_another_takes_over(self, zombie: bool) -> None:
        async def take_over() -> None:
            old, dead = self.room, self.house
            dead.crash()
            self.zombies.append(old)
            self.log.errors = []
            await self.reopen()
            if zombie:
                try:
                    await old.post("ana", "I am still alive!")
                except (Unreachable, Refused):
                    return
                raise AssertionError("a zombie was acknowledged")

        self.do(take_over())

    @rule(grace_s=st.sampled_from([0.0, 5.0]))
    def the_process_leaves_and_another_takes_over(self, grace_s: float) -> None:
        async def take_over() -> None:
            await self.house.scheduler.aclose(grace_s)
            await self.reopen()

        self.do(take_over())

    # ---- what is true after every rule

    @invariant()
    def the_log_and_the_floor_are_in_order(self) -> None:
        if not self.readers:
            return
        kept = self.memory.rooms[KITCHEN].events
        self.account.take(kept[self.account.floor.head :])
        floor = self.room.floor
        assert floor == self.account.floor
        now = self.do(self.now())
        away = (hold for hold in floor.parked if hold.returns is None)
        late = self.account.lateness_s
        assert all(now <= hold.until + late for hold in (*floor.holds, *away))

    async def now(self) -> float:
        return self.house.scheduler.clock.now()

    # ---- the end

    def teardown(self) -> None:
        try:
            if self.readers:
                self.do(self.end())
        finally:
            self.runner.close()

    async def end(self) -> None:
        self.log.errors, self.log.slow_s = [], 0.0
        while self.under_way:
            await asyncio.wait(self.under_way)
        for key in sorted(self.unsure):
            await self.post(key)
        assert not self.unsure
        if self.room.floor.phase is Phase.PAUSED:
            await self.room.resume()
        await self.come_to_rest()
        await self.room.close("the end")
        await settle(200)  # time for zombies to find out
        for room in self.zombies:  # one in whose room a turn waited to come back may never do so
            await room.live.leave(ShuttingDown())
        last = self.readers[-1]
        await asyncio.wait_for(last.task, 1)
        said: dict[str, Sequence[Event]] = {who: await self.room.said(who) for who in CAST}
        await self.house.scheduler.aclose()
        for reader in (*self.readers, *(r for each in self.listeners for r in each.values())):
            reader.task.cancel()  # one in a process that died would wait for ever
        await asyncio.sleep(0)
        assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []
        await self.settle_accounts(said)

    async def come_to_rest(self) -> None:
        """Once nobody outside says anything more, the room lapses after a bounded time."""
        await settle()
        kept = self.memory.rooms[KITCHEN].events
        self.account.take(kept[self.account.floor.head :])
        bound, before = self.account.grants_to_come(), self.account.floor
        await asyncio.wait_for(self.room.lapse(), (bound + 1) * REST_S)
        assert self.room.floor.grants - before.grants <= bound

    async def settle_accounts(self, said: Mapping[str, Sequence[Event]]) -> None:
        events = await log_of(MemoryLog(self.memory))
        self.account.take(events[self.account.floor.head :])
        assert self.account.floor == self.room.floor
        check_turns(events)
        # Everything acknowledged is there once, as it was acknowledged.
        assert sorted(self.kept, key=int) == sorted((e.key for e in events if e.key), key=int)
        assert all(events[event.seq - 1] == event for event in self.kept.values())
        # The log, decided again, agrees; and readers read a part of the one order.
        assert await replays(MemoryLog(self.memory))
        assert self.readers[-1].events == events
        for reader in self.readers:
            assert reader.events == events[: len(reader.events)]
        self.check_who_saw_what(events, said)
        heard: dict[tuple[int, str], str] = {}
        for number, reader in enumerate(self.readers):
            for delta in reader.deltas:
                heard[number, delta.turn] = heard.get((number, delta.turn), "") + delta.text
        written = {
            event.seq: number
            for number, reader in reversed(list(enumerate(self.readers)))
            for event in reader.events
        }
        check_performances(events, self.performances, heard, written)

    def check_who_saw_what(self, events: list[Event], said: Mapping[str, Sequence[Event]]) -> None:
        check_secrets(events, self.whispers)
        for who in CAST:
            theirs = list(seen_by(events, who))
            assert list(said[who]) == [e for e in theirs if isinstance(e.body, Said)][-100:]
            assert self.listeners[-1][who].events == theirs
            for readers in self.listeners:
                assert readers[who].events == theirs[: len(readers[who].events)]
                for delta in readers[who].deltas:
                    assert delta.audience is None or who in delta.audience


TestLives = Life.TestCase
TestLives.settings = settings(max_examples=30, stateful_step_count=30)
