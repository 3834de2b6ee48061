"""Virtual time: an hour takes no time, the order is always the same, and a deadlock is an error."""

import asyncio
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from tertulia.orchestrator.errors import Misbehaved
from tertulia.simulation import VirtualClock, VirtualLoop, run
from tertulia.simulation.clock import EPOCH


def the_loop() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def test_a_year_takes_no_time() -> None:
    async def wait() -> float:
        clock = VirtualClock()
        began = clock.now()
        await clock.sleep(365 * 24 * 3600)
        return clock.now() - began

    assert run(wait()) == 365 * 24 * 3600


def test_time_begins_where_it_is_said_to_begin() -> None:
    async def now() -> float:
        return VirtualClock().now()

    assert run(now()) == EPOCH == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_time_stands_still_while_anybody_has_something_to_do() -> None:
    async def work() -> float:
        for _ in range(1_000):
            await asyncio.sleep(0)
        return VirtualClock().now() - EPOCH

    assert run(work()) == 0


def test_sleepers_wake_at_their_times_and_in_the_order_of_their_times() -> None:
    async def sleep() -> list[tuple[int, float]]:
        clock, woken = VirtualClock(), list[tuple[int, float]]()

        async def one(number: int, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append((number, clock.now() - EPOCH))

        await asyncio.gather(one(1, 3), one(2, 1), one(3, 2), one(4, -5), one(5, 0))
        return woken

    assert run(sleep()) == [(4, 0), (5, 0), (2, 1), (3, 2), (1, 3)]


def test_the_same_program_runs_the_same_way_every_time() -> None:
    async def program() -> list[tuple[int, float]]:
        clock, trace = VirtualClock(), list[tuple[int, float]]()

        async def walk(number: int) -> None:
            for step in range(20):
                await clock.sleep(((number * 7 + step * 13) % 11) / 10)
                trace.append((number, clock.now()))

        await asyncio.gather(*(walk(number) for number in range(30)))
        return trace

    first = run(program())
    assert all(run(program()) == first for _ in range(3))
    assert [at for _, at in first] == sorted(at for _, at in first)


def test_a_call_later_comes_on_time_and_can_be_cancelled() -> None:
    async def calls() -> list[str]:
        clock, made = VirtualClock(), list[str]()
        clock.call_later(2, lambda: made.append(f"two at {clock.now() - EPOCH:.0f}"))
        cancel = clock.call_later(1, lambda: made.append("one"))
        clock.call_later(-1, lambda: made.append(f"late at {clock.now() - EPOCH:.0f}"))
        cancel()
        await clock.sleep(10)
        cancel()  # once more does no harm
        return made

    assert run(calls()) == ["late at 0", "two at 2"]


def test_other_people_s_timeouts_keep_virtual_time_too() -> None:
    async def too_long() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.sleep(7200), 3600)
        return VirtualClock().now() - EPOCH

    assert run(too_long()) == 7200


def test_fractions_of_a_second_neither_hang_nor_drift() -> None:
    async def tick() -> float:
        for _ in range(10_000):
            await asyncio.sleep(1 / 3)
        return VirtualClock().now() - EPOCH

    assert run(tick()) == pytest.approx(10_000 / 3, abs=1e-4)


# ---- work for other threads


def test_work_for_a_thread_is_done_on_the_spot() -> None:
    async def work() -> tuple[list[threading.Thread], float]:
        loop = the_loop()
        threads = [
            await loop.run_in_executor(None, threading.current_thread),
            await asyncio.to_thread(threading.current_thread),
        ]
        return threads, VirtualClock().now() - EPOCH

    threads, took = run(work())
    assert threads == [threading.main_thread()] * 2
    assert took == 0


def test_work_for_a_thread_that_fails_fails_where_it_is_awaited() -> None:
    async def work() -> None:
        failing = the_loop().run_in_executor(None, int, "not a number")
        await asyncio.sleep(1)
        with pytest.raises(ValueError, match="not a number"):
            await failing

    run(work())


# ---- what is really outside


def test_time_stands_still_while_something_real_is_waited_for() -> None:
    async def ask() -> tuple[bytes, float]:
        loop, clock = the_loop(), VirtualClock()
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            answer = threading.Timer(0.05, there.sendall, [b"an answer"])
            impatient = asyncio.ensure_future(clock.sleep(1))
            answer.start()
            with loop.outside():
                got = await loop.sock_recv(here, 100)
            assert not impatient.done()
            await impatient
            answer.join()
            return got, clock.now() - EPOCH

    assert run(ask()) == (b"an answer", 1)


def test_one_may_be_outside_while_another_comes_back() -> None:
    async def ask() -> float:
        loop = the_loop()
        with loop.outside():
            with loop.outside():
                pass
            come = loop.create_future()
            timer = threading.Timer(0.05, loop.call_soon_threadsafe, [come.set_result, None])
            timer.start()
            asyncio.ensure_future(asyncio.sleep(5))  # noqa: RUF006
            await come
            timer.join()
        return VirtualClock().now() - EPOCH

    assert run(ask()) == 0


def test_nobody_is_outside_any_more_after_an_error_there() -> None:
    async def fail() -> None:
        with pytest.raises(OSError, match="cut"), the_loop().outside():
            raise OSError("the line is cut")
        await asyncio.sleep(1)

    run(fail())


# ---- deadlocks and errors


def test_a_deadlock_is_an_error_and_not_a_hang() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Misbehaved, match="everybody waits for somebody else, and no deadline"):
        run(wait())


def test_a_deadlock_of_several_is_one_error_and_ends_them_all() -> None:
    ended: list[int] = []

    async def wait(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    async def all_wait() -> None:
        await asyncio.gather(*(wait(number) for number in range(3)))

    with pytest.raises(Misbehaved):
        run(all_wait())
    assert sorted(ended) == [0, 1, 2]


def test_a_deadlock_is_told_though_somebody_will_not_be_cancelled() -> None:
    async def stubborn() -> None:
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    with pytest.raises(Misbehaved, match="everybody waits"):
        run(stubborn())


def test_an_error_comes_out_as_it_was() -> None:
    async def fail() -> None:
        await asyncio.sleep(5)
        raise LookupError("nowhere")

    with pytest.raises(LookupError, match="nowhere"):
        run(fail())


def test_a_result_comes_out_and_what_was_left_running_is_ended() -> None:
    ended: list[str] = []

    async def left() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            ended.append("left")

    async def main() -> int:
        asyncio.ensure_future(left())  # noqa: RUF006
        await asyncio.sleep(1)
        return 7

    assert run(main()) == 7
    assert ended == ["left"]
