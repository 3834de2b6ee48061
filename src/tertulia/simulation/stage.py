"""Put a scenario on: open its room, seat everybody, let the people act, end when it is over."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from tertulia.orchestrator import (
    Clock,
    Event,
    Kind,
    Log,
    Participant,
    Room,
    Router,
    Scheduler,
    Speaker,
    handle,
)
from tertulia.orchestrator.errors import Fenced, StoreBusy, StoreUnusable
from tertulia.orchestrator.events import Joined, RoomEnded
from tertulia.orchestrator.feed import PAGE, Delta
from tertulia.orchestrator.room import RoomId
from tertulia.simulation.clock import VirtualClock
from tertulia.simulation.habits import chance
from tertulia.simulation.hearing import Hearing
from tertulia.simulation.insistence import AGAIN_S, AT_MOST_S
from tertulia.simulation.people import Person
from tertulia.simulation.profile import Profile
from tertulia.simulation.regular import Regular
from tertulia.simulation.routers import written
from tertulia.simulation.scenario import Role, Scenario
from tertulia.simulation.spoken import Spoken
from tertulia.simulation.unsteady import Unsteady

Watch = Callable[[Event | Delta], None]
"""Called with all that happens in the room, in order, as it happens."""

SOON_S = 0.1
"""How long what is due now is given to come about."""

LOOK_ROUND_S = 1.0
"""How long everybody only waits for somebody else, in a quiet room, until the stage gives up."""


UNSET = ("adviser", "faults", "spoken", "until")
"""Fields of a scenario that came later than rooms were named."""
UNGIVEN = (
    "id",
    "habits",
    "price_in",
    "price_out",
    "about",
    "permissions",
    "roles",
    "router",
    "tools",
    "votes",
)
"""Fields of a participant that came later than rooms were named."""
LATER_DEEDS = ("vote", "approve", "refuse")
"""What a cue may say that came later."""


def room_name(scenario: Scenario, seed: int) -> RoomId:
    """The room of one performance: the same scenario and seed always have the same."""
    # What is not given must not change the names of rooms that are there already.
    nothing = {place: _absent(role) for place, role in enumerate(scenario.participants)}
    unset = {field: True for field in UNSET if getattr(scenario, field) is None}
    content = f"{scenario.model_dump_json(exclude={'participants': nothing, **unset})}|{seed}"
    digest = blake2b(content.encode(), digest_size=4).hexdigest()
    slug = re.sub(r"[^a-z0-9]+", "-", handle(scenario.title))[:40]
    return RoomId(f"{slug}-{seed}-{digest}")


class Once:
    """Shows each event once, however often a performance is taken up again."""

    def __init__(self, watch: Watch) -> None:
        """Nothing has been shown yet."""
        self._watch, self.shown = watch, 0

    def __call__(self, happening: Event | Delta) -> None:
        """Show it, unless it has been shown."""
        if isinstance(happening, Event):
            if happening.seq <= self.shown:
                return
            self.shown = happening.seq
        self._watch(happening)


def _absent(role: Role) -> dict[str, Any]:
    cues = {
        place: {deed for deed in LATER_DEEDS if getattr(cue, deed) is None}
        for place, cue in enumerate(role.cues)
    }
    fields = (field for field in UNGIVEN if getattr(role, field) in ("", None, 0, (), {}))
    return {"cues": cues, **dict.fromkeys(fields, True)}


async def perform(
    scenario: Scenario,
    seed: int,
    log: Log,
    scheduler: Scheduler,
    speakers: Mapping[str, Speaker],
    watch: Watch,
    routers: Mapping[str, Router] | None = None,
) -> RoomId:
    """Put ``scenario`` on in its room; ``speakers`` by handle. Return the room's name.

    ``routers`` are those that the scenario names and does not write out, by handle.

    A performance that the log has whole is shown from the log again; one that was broken off goes
    on where it was. Where the scenario has faults, one goes on after each failure of the database.
    """
    once = watch if isinstance(watch, Once) else Once(watch)
    own = {**written(scenario), **(routers or {})}
    if scenario.faults is None:
        return await _perform(scenario, seed, log, scheduler, speakers, once, own)
    faults = scenario.faults
    cast = {who: Unsteady(speaker, faults, seed) for who, speaker in speakers.items()}
    until = scheduler.clock.now() + scenario.limit_s + AT_MOST_S
    while True:
        try:
            return await _perform(scenario, seed, log, scheduler, cast, once, own)
        except (Fenced, StoreBusy, StoreUnusable):
            if scheduler.clock.now() > until:
                raise
        await scheduler.clock.sleep(AGAIN_S)


async def _perform(
    scenario: Scenario,
    seed: int,
    log: Log,
    scheduler: Scheduler,
    speakers: Mapping[str, Speaker],
    watch: Once,
    routers: Mapping[str, Router],
) -> RoomId:
    name = room_name(scenario, seed)
    recorded = await _recorded(log, name)
    if recorded and isinstance(recorded[-1].body, RoomEnded):
        for event in recorded:
            watch(event)
        return name
    await _when_it_was_broken_off(scheduler.clock, recorded)
    spoken = _spoken(scenario, seed, recorded, speakers)
    room = await scheduler.open(
        name,
        scenario.settings(),
        title=scenario.title,
        participants=_newcomers(scenario, recorded),
        speakers=speakers if spoken is None else spoken.speakers,
        routers=routers,
    )
    if spoken is not None:
        spoken.begin(room)
    watching = asyncio.create_task(_watch(room, watch))
    play = _Play(scenario, seed, room, log, scheduler.clock, spoken)
    acting = asyncio.create_task(_act(play, recorded))
    try:
        await asyncio.wait({acting, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not acting.done():  # nobody watches any more, or the room is live elsewhere
            await watching
        else:
            await acting
        await room.close("the scenario is over")
        await watching
    finally:
        if spoken is not None:
            spoken.end()
        for task in (acting, watching):
            task.cancel()
        await asyncio.wait({acting, watching})
    return name


def _spoken(
    scenario: Scenario, seed: int, recorded: Sequence[Event], speakers: Mapping[str, Speaker]
) -> Spoken | None:
    if scenario.spoken is None:
        return None
    return Spoken(Profile.named(scenario.spoken), chance(seed, "spoken", len(recorded)), speakers)


def _newcomers(scenario: Scenario, recorded: Iterable[Event]) -> list[Participant]:
    """Everybody who has not been in the room: whoever left it does not come back."""
    known = {event.by for event in recorded if isinstance(event.body, Joined)}
    roles = [role for role in scenario.participants if role.who not in known]
    return [role.participant for role in roles]


async def _when_it_was_broken_off(clock: Clock, recorded: Sequence[Event]) -> None:
    """Let virtual time, which begins anew with each process, go on where the log ends."""
    if recorded and isinstance(clock, VirtualClock):
        await clock.sleep(recorded[-1].at - clock.now())


@dataclass(frozen=True, slots=True)
class _Play:
    """One performance of a scenario."""

    scenario: Scenario
    seed: int
    room: Room
    log: Log
    clock: Clock
    spoken: Spoken | None


async def _act(play: _Play, recorded: Sequence[Event]) -> None:
    [opened] = await play.log.read(play.room.id, 0, 1)
    stir = asyncio.Event()
    whom = play.scenario.whom
    people = [
        Person(role, play.room, play.clock, opened.at, whom, stir.set)
        for role in play.scenario.participants
        if role.kind is Kind.HUMAN and (role.cues or role.habits is None)
    ]
    for person in people:
        await _go_on(person, play.log)
    acting: dict[asyncio.Task[None], Person | None] = {
        asyncio.create_task(person.act()): person for person in people
    }
    hearing = Hearing(play.room, play.clock)
    for regular in _regulars(play, hearing, recorded):
        acting[asyncio.create_task(regular.act())] = None
    following = [asyncio.create_task(hearing.follow())] if len(acting) > len(people) else []
    left_s = play.scenario.limit_s - (recorded[-1].at - opened.at if recorded else 0.0)
    try:
        async with asyncio.timeout(max(0.0, left_s)):
            await _follow(acting, play.room, stir)
            if play.spoken is not None:
                await play.spoken.over()
            await _rest(play.room, play.clock)
    except TimeoutError:
        return
    finally:
        for task in (*acting, *following):
            task.cancel()


def _regulars(play: _Play, hearing: Hearing, recorded: Sequence[Event]) -> Iterator[Regular]:
    """The people with habits who are in the room, or mean to come back."""
    for role in play.scenario.participants:
        if role.habits is not None:
            regular = Regular(
                role.participant,
                role.habits,
                play.room,
                play.clock,
                hearing.ear(role.who),
                play.seed,
                role.persona,
                role.lines,
            )
            if regular.remember(recorded):
                yield regular


async def _follow(
    acting: dict[asyncio.Task[None], Person | None], room: Room, stir: asyncio.Event
) -> None:
    """Wait until all have acted, or only wait for what nobody will do.

    ``stir`` is set when somebody begins to wait for others.
    """
    while acting:
        stir.clear()
        stirred = asyncio.create_task(_set(stir))
        stuck = _only_waiting(acting.values())
        patience_s = LOOK_ROUND_S if stuck else None
        done, _ = await asyncio.wait(
            {*acting, stirred}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
        )
        stirred.cancel()
        for task in done - {stirred}:
            del acting[task]
            task.result()
        if stuck and not done and room.live.quiet and room.live.due is None:
            return


async def _rest(room: Room, clock: Clock) -> None:
    """Wait until nothing is under way, and nothing comes about by time alone."""
    await room.lapse()
    while (due := room.live.due) is not None:
        await clock.sleep(max(due - clock.now(), SOON_S))
        await room.lapse()


async def _set(stir: asyncio.Event) -> None:
    await stir.wait()


def _only_waiting(people: Iterable[Person | None]) -> bool:
    """Whether nobody acts by the clock; one with habits (``None``) always does."""
    return all(person is not None and person.waits for person in people)


async def _go_on(person: Person, log: Log) -> None:
    """Skip the cues before the last one that an earlier performance of this room has posted."""
    for number in range(len(person.role.cues), 0, -1):
        if await log.keyed(person.room.id, person.id, f"cue-{number}") is not None:
            person.done = number
            return


async def _watch(room: Room, watch: Once) -> None:
    async for happening in room.subscribe(after=watch.shown):
        watch(happening)


async def _recorded(log: Log, room: RoomId) -> list[Event]:
    events: list[Event] = []
    while page := await log.read(room, len(events), PAGE):
        events += page
    return events
