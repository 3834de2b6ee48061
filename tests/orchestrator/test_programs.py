"""Whole lives of a room, drawn at random: people, agents, crashes and a store that fails."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from random import Random
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
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

from tertulia.orchestrator import Event, Outcome, Policy, Reply, Room, Said, Turn
from tertulia.orchestrator.errors import Refused, StoreBusy, Unreachable
from tertulia.orchestrator.events import RoomEnded, TurnEnded, TurnGranted, TurnResumed
from tertulia.orchestrator.floor import Floor, Phase
from tertulia.orchestrator.policies import specify
from tertulia.orchestrator.room import ParticipantId
from tertulia.orchestrator.transitions import fold
from tertulia.simulation import VirtualLoop
from tertulia.storage import MemoryLog
from tertulia.storage.memory import Memory

T = TypeVar("T")

PEOPLE, AGENTS = ("ana", "cy", "dov"), ("bo", "eve", "flo")
people, anybody = st.sampled_from(PEOPLE), st.sampled_from(sorted(CAST))
texts = st.sampled_from(["Well.", "@bo?", "Eve and Flo, both of you?", "@cy @bo?", "Dov: hm."])


class Moody:
    """An agent whose every turn goes another way, the same way for the same seed and turn."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    async def __call__(self, turn: Turn) -> Any:
        chance = Random(f"{self.seed} {turn.id} {turn.attempt}")
        await turn.clock.sleep(chance.choice([0, 0, 1, 7]))
        for _ in range(chance.choice([0, 0, 3])):
            turn.say("word ")
            await turn.clock.sleep(chance.random())
        match chance.randrange(8):
            case 0:
                raise RuntimeError("out of sorts")
            case 1:
                await asyncio.Event().wait()
            case 2:
                return Reply("Your turn.", addressees=(ParticipantId(chance.choice(AGENTS)),))
            case 3:
                return f"@{chance.choice(PEOPLE)}?"
            case 4:
                return Reply("And another thing.", more=True)
            case 5:
                return 42
        return None


class Life(RuleBasedStateMachine):
    """A room from its opening to its end, with the people's own account of what they said."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.memory = Memory()
        self.serial = 0
        self.kept: dict[str, Event] = {}
        self.unsure: dict[str, tuple[str, str, tuple[str, ...]]] = {}
        self.under_way: list[asyncio.Task[None]] = []
        self.readers: list[Reader] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize(
        policy=policies,
        capacity=st.none() | st.integers(1, 3),
        seed=st.integers(0, 1_000),
        turn_limit=st.integers(0, 40),
    )
    def open(self, policy: Policy, capacity: int | None, seed: int, turn_limit: int) -> None:
        self.speakers = {who: Moody(seed) for who in AGENTS}
        self.limits: dict[str, Any] = {
            "policy": specify(policy),
            "capacity": capacity,
            "turn_limit": turn_limit,
            "lease_s": 30.0,
        }
        self.do(self.reopen())

    async def reopen(self) -> None:
        self.log = Faltering(self.memory)
        self.house = House(self.memory, self.log)
        self.room: Room = await self.house.room(" ".join(CAST), self.speakers, **self.limits)
        self.readers.append(Reader(self.room, after=0))

    # ---- what people do

    async def post(self, key: str) -> None:
        if key not in self.unsure:
            return
        who, text, whisper = self.unsure[key]
        try:
            event = await self.room.post(who, text, key=key, whisper=whisper)
        except Unreachable:
            return
        except Refused:
            self.unsure.pop(key, None)
            return
        assert self.kept.setdefault(key, event) == event
        self.unsure.pop(key, None)

    @rule(who=people, text=texts, whisper=st.just(()) | st.lists(people, max_size=1).map(tuple))
    def say(self, who: str, text: str, whisper: tuple[str, ...]) -> None:
        self.do(self.post(self.note(who, text, whisper)))

    @rule(who=people, text=texts, many=st.integers(1, 5))
    def say_several_things_at_once(self, who: str, text: str, many: int) -> None:
        async def begin() -> None:
            for _ in range(many):
                task = asyncio.ensure_future(self.post(self.note(who, text, ())))
                self.under_way.append(task)
                task.add_done_callback(self.under_way.remove)

        self.do(begin())

    def note(self, who: str, text: str, whisper: tuple[str, ...]) -> str:
        self.serial += 1
        key = f"{self.serial}"
        self.unsure[key] = (who, f"{text} ({key})", whisper)
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
        assert isinstance(event.body, Said)
        others = tuple(who for who in event.audience or () if who != event.by) or event.audience
        again = self.room.post(event.by, event.body.text, key=event.key, whisper=others or ())
        assert self.do(again) == event

    @rule(who=anybody, whom=st.none() | st.sampled_from(AGENTS))
    def interrupt(self, who: str, whom: str | None) -> None:
        self.attempt(self.room.interrupt(who, whom))

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

    # ---- what happens to them

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 50.0]))
    def time_passes(self, seconds: float) -> None:
        self.do(settle(seconds))

    @rule(times=st.integers(1, 4))
    def the_store_fails(self, times: int) -> None:
        self.log.errors = [StoreBusy(where="x") for _ in range(times)]

    @rule(zombie=st.booleans())
    def the_process_dies_and_another_takes_over(self, zombie: bool) -> None:
        async def take_over() -> None:
            old, dead = self.room, self.house
            dead.crash()
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

    # ---- the end

    def teardown(self) -> None:
        try:
            if hasattr(self, "room"):
                self.do(self.end())
        finally:
            self.runner.close()

    async def end(self) -> None:
        self.log.errors = []
        while self.under_way:
            await asyncio.wait(self.under_way)
        for key in sorted(self.unsure):
            await self.post(key)
        assert not self.unsure
        if self.room.floor.phase is Phase.PAUSED:
            await self.room.resume()
        await asyncio.wait_for(self.room.lapse(), 10_000)
        await self.room.close("the end")
        await settle(200)  # time for zombies to find out
        last = self.readers[-1]
        await asyncio.wait_for(last.task, 1)
        await self.house.scheduler.aclose()
        for reader in self.readers:  # one in a process that died would wait for ever
            reader.task.cancel()
        await asyncio.sleep(0)
        assert [t for t in asyncio.all_tasks() if t is not asyncio.current_task()] == []
        await self.account(last)

    async def account(self, last: Reader) -> None:
        events = await log_of(MemoryLog(self.memory))
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert isinstance(events[-1].body, RoomEnded)
        # Everything acknowledged is there once, as it was acknowledged.
        assert sorted(self.kept, key=int) == sorted((e.key for e in events if e.key), key=int)
        assert all(events[event.seq - 1] == event for event in self.kept.values())
        # The log, decided again, agrees; and readers read a part of the one order.
        assert await replays(MemoryLog(self.memory))
        assert fold(Floor(KITCHEN), events) == self.room.floor
        assert last.events == events
        for reader in self.readers:
            assert reader.events == events[: len(reader.events)]
        # Every turn that was granted ended once, whatever became of its process.
        granted = [e.body.turn for e in events if isinstance(e.body, TurnGranted)]
        ended = [e.body.turn for e in events if isinstance(e.body, TurnEnded)]
        resumed = {e.body.turn for e in events if isinstance(e.body, TurnResumed)}
        assert sorted(granted) == sorted(ended)
        assert resumed <= set(granted)
        said = [e.body.turn for e in events if isinstance(e.body, Said) and e.body.turn]
        assert len(said) == len(set(said))
        for event in events:
            cut = isinstance(event.body, Said) and event.body.interrupted_by
            assert not cut or isinstance(events[event.seq].body, TurnEnded)
            if isinstance(event.body, TurnEnded) and event.body.outcome is Outcome.FAILED:
                assert event.body.problem


TestLives = Life.TestCase
TestLives.settings = settings(max_examples=30, stateful_step_count=30)
