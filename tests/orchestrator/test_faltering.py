"""A store that fails for a while: callers may try again, and what is owed is not forgotten."""

import asyncio
from collections.abc import Callable

import pytest
from tests.orchestrator.programs import BO
from tests.orchestrator.rooms import (
    Faltering,
    House,
    Reader,
    after,
    echo,
    endings,
    gather,
    hang,
    in_no_time,
    log_of,
    replays,
    settle,
    streams,
    texts,
)

from tertulia.orchestrator import Event, Outcome, Said
from tertulia.orchestrator.errors import Misbehaved, StoreBusy, StoreUnusable
from tertulia.orchestrator.ports import Batch


def busy(times: int) -> list[Exception]:
    return [StoreBusy(where="talk.db") for _ in range(times)]


def full(times: int) -> list[Exception]:
    return [StoreUnusable(where="x", what="the disk is full", hint="make room")] * times


@pytest.mark.parametrize("fail", [busy, full])
@in_no_time
async def test_a_post_that_could_not_be_kept_is_refused_and_can_be_sent_again(
    fail: Callable[[int], list[Exception]],
) -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room()
    store.errors = fail(2)
    for _ in range(2):
        with pytest.raises((StoreBusy, StoreUnusable)):
            await room.post("ana", "Is this on?", key="k")
    event = await room.post("ana", "Is this on?", key="k")
    assert await room.post("ana", "Is this on?", key="k") == event
    assert await texts(store) == ["ana: Is this on?"]
    await house.scheduler.aclose()


@in_no_time
async def test_a_finished_turn_is_kept_until_the_store_takes_it() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room(speakers={"bo": after(5, echo)})
    await room.post("ana", "@bo?")
    store.errors = busy(7)
    began = house.scheduler.clock.now()
    await room.lapse()
    assert 5 < house.scheduler.clock.now() - began < 60
    assert await texts(store) == ["ana: @bo?", "bo: You said: bo?"]
    assert await endings(store) == [("bo", Outcome.COMMITTED, None)]
    assert await replays(store)
    await house.scheduler.aclose()


@in_no_time
async def test_a_deadline_that_the_store_missed_is_kept_later() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room("ana bo eve", {"bo": hang, "eve": echo}, lease_s=10)
    await room.post("ana", "@bo @eve?")
    store.errors = busy(5)
    await room.lapse()
    assert [outcome for _, outcome, _ in await endings(store)] == [
        Outcome.EXPIRED,
        Outcome.COMMITTED,
    ]
    await house.scheduler.aclose()


@in_no_time
async def test_an_interruption_that_could_not_be_kept_leaves_the_agent_speaking() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room(speakers={"bo": streams("One, ", "two, ", "three.")})
    reader = Reader(room)
    await room.post("ana", "@bo?")
    await asyncio.sleep(0.5)
    store.errors = busy(1)
    with pytest.raises(StoreBusy):
        await room.interrupt("cy")
    await room.lapse()
    await settle()
    assert await texts(store) == ["ana: @bo?", "bo: One, two, three."]
    assert reader.heard == "One, two, three."
    assert await endings(store) == [("bo", Outcome.COMMITTED, None)]
    await house.scheduler.aclose()


@in_no_time
async def test_an_agent_whose_interruption_failed_is_heard_while_the_store_recovers() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room(speakers={"bo": streams(*"abcdefghijklmnopqrstuvwxyz")})
    reader = Reader(room)
    await room.post("ana", "@bo?")
    store.errors = busy(7)
    failed = await gather(*[room.post("ana", "Hello?")])
    for _ in range(6):  # each failure makes the next wait longer
        failed = [*failed, *await gather(room.interrupt("cy"))]
    assert [type(one) for one in failed] == [StoreBusy] * 7
    heard = len(reader.heard)
    await asyncio.sleep(2.5)
    assert len(reader.heard) >= heard + 2
    await room.lapse()
    assert reader.heard == "abcdefghijklmnopqrstuvwxyz"
    await house.scheduler.aclose()


@in_no_time
async def test_what_an_agent_says_while_its_interruption_is_being_kept_is_not_heard() -> None:
    store = Faltering(slow_s=2.5)
    house = House(log=store)
    room = await house.room(speakers={"bo": streams("One, ", "two, ", "three, ", *"456789")})
    reader = Reader(room)
    await room.post("ana", "@bo?")
    await asyncio.sleep(1.5)
    await room.interrupt("cy")
    await settle(10)
    assert (await texts(store))[-1] == "bo: One, two,"
    assert reader.heard == "One, two, "
    await house.scheduler.aclose()


@in_no_time
async def test_while_the_store_is_slow_what_is_asked_is_kept_together_and_in_order() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room()
    store.slow_s, before = 1.0, len(store.appends)
    posts = [asyncio.ensure_future(room.post("ana", "0"))]
    await asyncio.sleep(0.5)
    posts += [asyncio.ensure_future(room.post("ana", f"{i}")) for i in range(1, 50)]
    said = await asyncio.gather(*posts)
    assert [e.body.text for e in said if isinstance(e.body, Said)] == [f"{i}" for i in range(50)]
    assert len(store.appends) - before == 2
    await house.scheduler.aclose()


class Picky(Faltering):
    """A log that cannot write one certain text."""

    async def append(self, batch: Batch) -> None:
        if any(isinstance(e.body, Said) and e.body.text == "poison" for e in batch.events):
            raise Misbehaved(who="the writer", what="wrote what cannot be written")
        await super().append(batch)


@in_no_time
async def test_one_who_asks_for_what_cannot_be_written_spoils_it_for_nobody_else() -> None:
    store = Picky()
    house = House(log=store)
    room = await house.room("ana cy dov bo", {"bo": echo})
    results = await gather(
        room.post("ana", "One."),
        room.post("cy", "poison"),
        room.post("dov", "Two."),
        room.post("cy", "@bo, three?"),
    )
    assert [type(one) for one in results] == [Event, Misbehaved, Event, Event]
    await room.lapse()
    assert await texts(store) == [
        "ana: One.",
        "dov: Two.",
        "cy: @bo, three?",
        "bo: You said: bo, three?",
    ]
    assert await replays(store)
    await house.scheduler.aclose()


@in_no_time
async def test_a_turn_that_cannot_be_written_stops_nobody_else() -> None:
    async def poisons(turn: object) -> str:
        return "poison"

    store = Picky()
    house = House(log=store)
    room = await house.room("ana cy bo eve", {"bo": poisons}, lease_s=30)
    await room.post("ana", "@bo?")
    await settle(1)
    for i in range(3):
        await room.post("cy", f"{i}")
    assert (await texts(store))[1:] == ["cy: 0", "cy: 1", "cy: 2"]
    await room.lapse()  # the lease ends it
    assert await endings(store) == [("bo", Outcome.EXPIRED, None)]
    await house.scheduler.aclose()


@in_no_time
async def test_people_lose_nothing_however_often_the_store_fails() -> None:
    store = Faltering()
    house = House(log=store)
    room = await house.room(speakers={"bo": echo})
    fails = [bool(i % 3) for i in range(60)]

    async def insist(who: str, text: str) -> Event:
        while True:
            try:
                return await room.post(who, text, key=text)
            except StoreBusy:
                await asyncio.sleep(0.3)

    async def disturb() -> None:
        for fail in fails:
            store.errors = busy(1) if fail else []
            await asyncio.sleep(0.1)
        store.errors = []

    people = [insist("ana" if i % 2 else "cy", f"@bo {i}?") for i in range(30)]
    said, _ = await asyncio.gather(asyncio.gather(*people), disturb())
    await room.lapse()
    kept = await log_of(store)
    assert sorted(e.seq for e in said) == [e.seq for e in kept if e.key]
    assert all(event in kept for event in said)
    assert not room.floor.holds
    assert any(event.by == BO and isinstance(event.body, Said) for event in kept)
    assert await replays(store)
    await house.scheduler.aclose()
