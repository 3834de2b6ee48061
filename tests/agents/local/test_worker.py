"""The thread that owns a model: everybody hears his own answer, and what fails leaves nothing."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import pytest
from langchain_core.messages import HumanMessage
from tests.agents.local.spelling import Spelling
from tests.agents.pool.waiting import until

from tertulia.agents.faults import (
    ModelFailed,
    ModelMissing,
    ModelOverflowed,
    ModelRefused,
    ModelStalled,
    ModelUnreachable,
)
from tertulia.agents.local.questions import Piece, Question
from tertulia.agents.local.settings import Settings
from tertulia.agents.local.worker import Machine, Worker


def saying(text: str, room: str = "", **more: object) -> Question:
    return replace(Question([HumanMessage(text + "|")], room, most=900), **more)  # type: ignore[arg-type]


def for_ever(machine: Spelling) -> Question:
    """What is answered until somebody leaves, however fast the machine is."""
    machine.context = 10**9
    return saying("x", endless=True, most=10**9)


@pytest.fixture
async def machine() -> Spelling:
    return Spelling()


@pytest.fixture
async def worker(machine: Spelling) -> AsyncIterator[Worker]:
    worker = Worker(Settings("m", rows=4, waiting=300), lambda _: machine)
    yield worker
    machine.gate.set()
    worker.close()


async def heard(worker: Worker, question: Question) -> tuple[str, Piece]:
    pieces = [piece async for piece in worker.answer(question)]
    return "".join(piece.text for piece in pieces), pieces[-1]


async def idle(worker: Worker, machine: Spelling) -> None:
    await until(lambda: not (worker.busy or machine.seats))


async def test_everybody_hears_his_own_answer_in_one_batch(
    worker: Worker, machine: Spelling
) -> None:
    texts = [f"answer {n} " * (n + 1) for n in range(9)]
    told = await asyncio.gather(*(heard(worker, saying(text)) for text in texts))
    assert [text for text, _ in told] == texts
    assert max(map(len, machine.passes)) == 4
    assert all(last.reason == "stop" for _, last in told)
    assert [last.written for _, last in told] == [len(text) for text in texts]


async def test_it_comes_letter_by_letter(worker: Worker) -> None:
    assert [piece.text async for piece in worker.answer(saying("abc"))] == ["a", "b", "c", ""]


async def test_who_may_write_no_more_is_cut_off_and_told_so(worker: Worker) -> None:
    text, last = await heard(worker, saying("abcdef", most=3))
    assert (text, last.reason, last.written) == ("abc", "length", 3)


async def test_two_hundred_who_leave_leave_nothing(worker: Worker, machine: Spelling) -> None:
    async def leave_early(after: int) -> None:
        async with aclosing(worker.answer(for_ever(machine))) as pieces:
            async for _ in pieces:
                if not (after := after - 1):
                    return

    async def cut_off(n: int) -> None:
        task = asyncio.create_task(heard(worker, for_ever(machine)))
        await asyncio.sleep(0.001 * (n % 7))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    await asyncio.gather(
        *(leave_early(n % 5 + 1) for n in range(100)), *(cut_off(n) for n in range(100))
    )
    await idle(worker, machine)
    assert (await heard(worker, saying("still here")))[0] == "still here"


async def test_a_cancelled_row_is_free_before_the_next_token(
    worker: Worker, machine: Spelling
) -> None:
    async with aclosing(worker.answer(for_ever(machine))) as pieces:
        await anext(pieces)
        machine.gate.clear()
    machine.gate.set()
    written = len(machine.passes)
    await idle(worker, machine)
    assert len(machine.passes) <= written + 1


async def test_for_want_of_memory_fewer_are_written_at_once_and_nobody_notices(
    worker: Worker, machine: Spelling
) -> None:
    machine.memory = 1
    texts = [f"answer {n}" * 3 for n in range(4)]
    told = await asyncio.gather(*(heard(worker, saying(text)) for text in texts))
    assert [text for text, _ in told] == texts
    assert machine.relieved >= 1
    assert {len(seats) for seats in machine.passes[-10:]} == {1}


async def test_what_does_not_fit_alone_is_refused(worker: Worker, machine: Spelling) -> None:
    machine.memory = 0
    with pytest.raises(ModelRefused, match="memory does not hold"):
        await heard(worker, saying("abc"))
    machine.memory = 4
    assert (await heard(worker, saying("abc")))[0] == "abc"


async def test_a_prompt_that_is_too_long_is_refused_with_its_length(worker: Worker) -> None:
    with pytest.raises(ModelOverflowed, match="prompt of 1001 tokens leaves no room of 1000"):
        await heard(worker, saying("x" * 1_000))


async def test_an_answer_ends_where_the_context_does(worker: Worker, machine: Spelling) -> None:
    machine.context = 10
    text, last = await heard(worker, saying("abcdefg"))
    assert (text, last.reason) == ("ab", "length")


async def test_a_pass_that_fails_fails_those_in_it_and_the_next_begins_anew(
    worker: Worker, machine: Spelling
) -> None:
    machine.failures.append(RuntimeError("the device has gone"))
    with pytest.raises(ModelUnreachable, match="RuntimeError: the device has gone"):
        await heard(worker, saying("abc"))
    assert (await heard(worker, saying("abc")))[0] == "abc"


async def test_answers_are_scored_and_none_is_written(worker: Worker, machine: Spelling) -> None:
    text, last = await heard(worker, saying("abc", answers=("yes", "no")))
    assert (text, last.scores, last.written, machine.passes) == ("", (3.0, 2.0), 0, [])
    await idle(worker, machine)


async def test_a_missing_adapter_fails_nobody_else(worker: Worker) -> None:
    lost, fine = await asyncio.gather(
        heard(worker, saying("abc", adapter="gone")),
        heard(worker, saying("abc")),
        return_exceptions=True,
    )
    assert isinstance(lost, ModelMissing)
    assert isinstance(fine, tuple)
    assert fine[0] == "abc"


async def test_a_model_that_cannot_be_loaded_is_tried_again_for_the_next() -> None:
    tries = list[str]()

    def load(settings: Settings) -> Machine:
        tries.append(settings.name)
        if len(tries) == 1:
            raise ModelMissing("not there yet", model="m", where="here", hint="-")
        return Spelling()

    worker = Worker(Settings("m"), load)
    with pytest.raises(ModelMissing):
        await heard(worker, saying("abc"))
    assert (await heard(worker, saying("abc")))[0] == "abc"
    worker.close()


async def test_who_finds_no_row_in_time_is_told_so(machine: Spelling) -> None:
    worker = Worker(Settings("m", rows=1), lambda _: machine)
    machine.gate.clear()
    taken = asyncio.create_task(heard(worker, saying("abc")))
    await until(lambda: len(worker._batch.rows) == 1)
    late = asyncio.create_task(heard(worker, saying("late", patience_seconds=0.01)))
    await until(lambda: worker.busy == 2 or not worker._inbox.empty())  # it has been asked
    await asyncio.sleep(0.05)
    machine.gate.set()
    with pytest.raises(ModelStalled, match=r"no row was free within 0\.01 s"):
        await late
    assert (await taken)[0] == "abc"
    worker.close()


async def test_more_than_may_wait_are_turned_away(machine: Spelling) -> None:
    worker = Worker(Settings("m", rows=1, waiting=2), lambda _: machine)
    machine.gate.clear()
    tasks = [asyncio.create_task(heard(worker, saying("abc"))) for _ in range(9)]
    await asyncio.sleep(0.05)
    machine.gate.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    refused = [one for one in told if isinstance(one, ModelUnreachable)]
    assert 6 <= len(refused) <= 7
    assert len(refused) + sum(isinstance(one, tuple) for one in told) == 9
    worker.close()


async def test_closing_tells_everybody_who_still_listens(worker: Worker, machine: Spelling) -> None:
    machine.gate.clear()
    task = asyncio.create_task(heard(worker, for_ever(machine)))
    await until(lambda: worker.busy > 0)
    threading.Timer(0.05, machine.gate.set).start()
    await asyncio.to_thread(worker.close)
    with pytest.raises(ModelFailed, match="closed"):
        await task
    with pytest.raises(ModelUnreachable, match="closed"):
        await heard(worker, saying("abc"))


def test_event_loops_that_end_leave_nothing_behind() -> None:
    machine = Spelling()
    worker = Worker(Settings("m"), lambda _: machine)

    async def begin() -> None:
        pieces = worker.answer(for_ever(machine))
        await anext(pieces)
        await pieces.aclose()

    for _ in range(3):
        asyncio.run(begin())
    assert asyncio.run(heard(worker, saying("abc")))[0] == "abc"
    asyncio.run(idle(worker, machine))
    worker.close()
