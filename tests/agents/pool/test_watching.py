"""What is seen of a pool: every call comes and ends once, and between the two nothing is hidden."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.faults import ModelFailed, ModelRefused, ModelUnreachable
from tertulia.agents.pool import (
    Allowance,
    Began,
    Caller,
    Came,
    Closed,
    Ended,
    Opened,
    Placed,
    Pooled,
    Retried,
    Sighting,
    calling,
    pooled,
)
from tertulia.agents.streaming import StreamedModel, last_piece, piece
from tertulia.simulation import VirtualLoop

ASKED: list[BaseMessage] = [HumanMessage("Where does the shelf go, then?", name="Ana")]


class Words(StreamedModel):
    """Says three words, a second each; unreachable for as long as it is down."""

    down: bool = False

    @property
    def _llm_type(self) -> str:
        return "words"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: object,
    ) -> AsyncIterator[ChatGenerationChunk]:
        if self.down:
            raise ModelUnreachable("nobody answers", model="words", where="here", hint="wait")
        for word in ("By ", "the ", "door."):
            await asyncio.sleep(1)
            yield piece(word)
        usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
        yield last_piece(usage, model="words")  # type: ignore[arg-type]


def watched(**models: Words) -> tuple[Pooled, list[Sighting]]:
    seen: list[Sighting] = []
    pool = pooled("small", models, price_in=1_000_000, price_out=2_000_000)
    pool.watch(seen.append)
    return pool, seen


def virtually(what: object) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(what)  # type: ignore[arg-type]


def test_a_call_comes_is_placed_begins_and_ends() -> None:
    pool, seen = watched(one=Words())

    async def ask() -> None:
        with calling(Caller("attic", "bo", tenant="school")):
            await pool.ainvoke(ASKED)

    virtually(ask())
    came, placed, began, ended = seen
    assert isinstance(came, Came)
    assert (came.call.pool, came.call.number, came.call.tenant) == ("small", 1, "school")
    assert came.call.caller.participant == "bo"
    assert placed == Placed(came.call, "one", 0.0)
    assert began == Began(came.call, "one", 1.0)
    assert ended == Ended(came.call, "one", 3.0, 9, 3, 15.0)


def test_who_leaves_early_is_seen_to_leave_with_what_was_heard() -> None:
    pool, seen = watched(one=Words())

    async def leave() -> None:
        async with asyncio.timeout(2.5):
            await pool.ainvoke(ASKED)

    with pytest.raises(TimeoutError):
        virtually(leave())
    ended = seen[-1]
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, asyncio.CancelledError)
    assert (ended.written, ended.seconds) == (2, 2.5)
    assert ended.read == seen[0].call.prompt_tokens > 0  # type: ignore[union-attr]


def test_a_failure_is_seen_with_the_server_and_the_breaker_that_opens_and_closes() -> None:
    bad = Words(down=True)
    pool, seen = watched(bad=bad, good=Words())

    async def ask() -> None:
        for _ in range(3):
            await pool.ainvoke(ASKED)
        bad.down = False
        await asyncio.sleep(100)
        await asyncio.gather(*(pool.ainvoke(ASKED) for _ in range(4)))

    virtually(ask())
    retried = [one for one in seen if isinstance(one, Retried)]
    assert [(one.server, type(one.error)) for one in retried] == [("bad", ModelUnreachable)] * 3
    assert [one for one in seen if isinstance(one, Opened)] == [Opened("small", "bad", 1.0)]
    assert [one for one in seen if isinstance(one, Closed)] == [Closed("small", "bad")]
    again = [one for one in seen if isinstance(one, Placed) and one.call == retried[0].call]
    assert [one.server for one in again] == ["bad", "good"]


def test_what_is_refused_at_the_door_comes_and_ends_too() -> None:
    seen: list[Sighting] = []
    pool = pooled("small", {"one": Words()}, allowances={"ana": Allowance(0)})
    pool.watch(seen.append)

    async def ask() -> None:
        with calling(Caller("attic", tenant="ana")):
            await pool.ainvoke(ASKED)

    with pytest.raises(ModelRefused):
        virtually(ask())
    came, ended = seen
    assert isinstance(came, Came)
    assert isinstance(ended, Ended)
    assert isinstance(ended.error, ModelRefused)
    assert (ended.server, ended.read, ended.written) == ("", 0, 0)


def test_a_watcher_that_fails_is_logged_and_the_call_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pool, seen = watched(one=Words())

    def fail(sighting: Sighting) -> None:
        raise ValueError("the exporter is down")

    pool.watch(fail)
    virtually(pool.ainvoke(ASKED))
    assert len(seen) == 4
    assert "the exporter is down" in caplog.text


def test_who_has_stopped_watching_sees_no_more() -> None:
    pool, seen = watched(one=Words())
    others: list[Sighting] = []
    pool.watch(others.append)()
    virtually(pool.ainvoke(ASKED))
    assert (len(seen), len(others)) == (4, 0)


def test_every_call_that_came_ends_once_whatever_happens_to_it() -> None:
    pool, seen = watched(bad=Words(down=True), good=Words())

    async def one(patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                await pool.ainvoke(ASKED)
        except (ModelFailed, TimeoutError):
            pass

    async def many() -> None:
        await asyncio.gather(*(one(n / 4) for n in range(1, 61)))

    virtually(many())
    came = [one.call.number for one in seen if isinstance(one, Came)]
    assert came == list(range(1, 61))
    assert sorted(one.call.number for one in seen if isinstance(one, Ended)) == came
