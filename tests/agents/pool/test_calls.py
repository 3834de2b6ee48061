"""Calls that are placed, and called off in the very moment in which they would be."""

import asyncio
import sys
from contextlib import aclosing
from itertools import count

from langchain_core.messages import HumanMessage

from tertulia.agents.embedded import Embedded
from tertulia.agents.pool import Caller, Endpoint, calling, pooled
from tertulia.agents.pool.pool import Calls, Lease
from tertulia.agents.scripted import Scripted

BO = Caller("attic", "bo")


def calls_on_one_slot() -> Calls:
    return pooled("small", {"one": Endpoint(Scripted(["Yes."]), slots=1)}).calls


def coming(calls: Calls) -> "asyncio.Task[Lease]":
    return asyncio.create_task(calls.place(calls.job(BO, 10)))


async def test_a_call_goes_at_once_where_nobody_waits_and_a_server_is_free() -> None:
    calls = calls_on_one_slot()
    placing = calls.place(calls.job(BO, 10))
    with_no_loop_in_between = False
    try:
        placing.send(None)
    except StopIteration as ended:
        with_no_loop_in_between = True
        ended.value.end()
    assert with_no_loop_in_between
    assert not calls.servers[0].running


async def test_who_is_called_off_in_the_breath_in_which_it_is_its_turn_takes_no_place() -> None:
    calls = calls_on_one_slot()
    lease = await coming(calls)
    off, next_one = coming(calls), coming(calls)
    await asyncio.sleep(0)
    off.cancel()
    lease.end()
    async with asyncio.timeout(5):
        assert (await next_one).job.serial == 3
    assert off.cancelled()
    assert list(calls.servers[0].running) == [3]


async def test_who_is_called_off_once_placed_gives_its_place_to_the_next() -> None:
    calls = calls_on_one_slot()
    lease = await coming(calls)
    off, next_one = coming(calls), coming(calls)
    await asyncio.sleep(0)
    lease.end()
    off.cancel()
    async with asyncio.timeout(5):
        assert (await next_one).job.serial == 3
    assert list(calls.servers[0].running) == [3]
    assert not len(calls.queue)


async def test_a_server_that_knows_its_slots_is_sent_as_many_calls_from_the_beginning() -> None:
    said = Scripted(["Yes."])
    pool = pooled(
        "small",
        {
            "told": Endpoint(said, slots=6),
            "bounded": Endpoint(said, slots=6, most=5),
            "embedded": Embedded(slots=7),
            "learned": Endpoint(said, most=3),
        },
    )
    limits = {one.name: (one.capacity.calls, one.capacity.told) for one in pool.calls.servers}
    assert limits == {
        "told": (6, True),
        "bounded": (5, True),
        "embedded": (7, True),
        "learned": (3, False),
    }


async def steps(waiting: int) -> int:
    """How many functions are called from a call's end to the hundredth after it."""
    pool, made, ends = pooled("small", {"one": Endpoint(Scripted(), slots=1)}), 0, count(-waiting)
    over = asyncio.Event()

    def see(frame: object, event: str, arg: object) -> None:
        nonlocal made
        made += event == "call" or event == "c_call"

    async def call_again(number: int) -> None:
        while not over.is_set():
            with calling(Caller(f"room-{number % 100}", tenant=f"tenant-{number % 10}")):
                async with aclosing(pool._astream([HumanMessage("Where to?")])) as chunks:  # type: ignore[type-var]
                    async for _ in chunks:
                        await asyncio.sleep(0)
            match next(ends):
                case 0:
                    sys.setprofile(see)
                case 100:
                    sys.setprofile(None)
                    over.set()

    tasks = [asyncio.create_task(call_again(number)) for number in range(waiting + 1)]
    try:
        await over.wait()
    finally:
        sys.setprofile(None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return made


async def test_a_call_takes_as_many_steps_while_a_thousand_wait_as_while_ten_do() -> None:
    few, many = [await steps(waiting) for waiting in (10, 1_000)]
    assert many <= 1.1 * few
