"""The scripted model: the same words every time, at the pace it was given."""

import asyncio
import os
import subprocess
import sys

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
)
from tests.orchestrator.rooms import in_no_time

from tertulia.agents.scripted import Hang, Scripted

ASKED: list[BaseMessage] = [
    SystemMessage("You plan trips.", name="Bo"),
    HumanMessage("Shall we go to Lisbon or to Porto in the spring?", name="Ana"),
    HumanMessage("Porto, because of the bridges.", name="Cy"),
]


async def streamed(model: Scripted) -> list[AIMessageChunk]:
    return [chunk async for chunk in model.astream(ASKED)]


async def test_lines_are_said_in_order_and_then_it_is_silent() -> None:
    model = Scripted(["Good morning.", "Goodbye."])
    said = [(await model.ainvoke(ASKED)).content for _ in range(3)]
    assert said == ["Good morning.", "Goodbye.", ""]


async def test_an_answer_comes_word_by_word_and_says_what_it_cost() -> None:
    chunks = await streamed(Scripted(["Porto  it is,\nthen."]))
    assert [str(chunk.content) for chunk in chunks] == ["Porto", "  it", " is,", "\nthen.", ""]
    assert chunks[-1].usage_metadata == {
        "input_tokens": 19,
        "output_tokens": 4,
        "total_tokens": 23,
    }


async def test_silence_is_one_empty_answer() -> None:
    assert (await Scripted([""]).ainvoke(ASKED)).content == ""


async def test_an_exception_in_the_script_is_raised_and_the_next_line_still_comes() -> None:
    model = Scripted([OSError("the line is cut"), "Here again."])
    with pytest.raises(OSError, match="the line is cut"):
        await model.ainvoke(ASKED)
    assert (await model.ainvoke(ASKED)).content == "Here again."


async def test_a_hang_says_its_words_and_then_waits_until_it_is_cancelled() -> None:
    heard: list[str] = []

    async def listen() -> None:
        async for chunk in Scripted([Hang(after="I was about")]).astream(ASKED):
            heard.append(str(chunk.content))  # noqa: PERF401 - heard also when cut short

    task = asyncio.create_task(listen())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "".join(heard) == "I was about"


async def test_tool_calls_come_from_the_script_whatever_tools_are_bound() -> None:
    call = {"name": "book", "args": {"city": "Porto"}, "id": "call-1"}
    model = Scripted([AIMessage("One moment.", tool_calls=[call])])
    answer = await model.bind_tools([]).ainvoke(ASKED)
    assert answer.content == "One moment."
    assert answer.tool_calls == [{**call, "type": "tool_call"}]


@in_no_time
async def test_its_pace_is_in_tokens_a_second_after_a_first_wait() -> None:
    model = Scripted(["One two three four."], tokens_per_second=100, first_token_seconds=0.05)
    loop = asyncio.get_running_loop()
    before = loop.time()
    await model.ainvoke(ASKED)
    assert loop.time() - before == pytest.approx(0.05 + 4 * 0.01)


async def test_improvised_words_follow_from_the_messages_alone() -> None:
    one, other = Scripted.improvising(7, "the trams"), Scripted.improvising(7, "the trams")
    assert (await one.ainvoke(ASKED)).content == (await other.ainvoke(ASKED)).content
    assert (await one.ainvoke(ASKED)).content == (await one.ainvoke(ASKED)).content


async def test_seeds_and_speakers_and_messages_each_change_what_is_improvised() -> None:
    renamed = [SystemMessage("You plan trips.", name="Di"), *ASKED[1:]]
    by_seed = {await improvised(seed, ASKED) for seed in range(20)}
    assert len(by_seed) > 12
    assert {await improvised(n, renamed) for n in range(5)} != {
        await improvised(n, ASKED) for n in range(5)
    }
    assert {await improvised(n, ASKED[:-1]) for n in range(5)} != {
        await improvised(n, ASKED) for n in range(5)
    }


async def test_improvised_words_sometimes_turn_to_somebody_who_is_there() -> None:
    said = " ".join([await improvised(seed, ASKED) for seed in range(60)])
    assert "@Ana" in said
    assert "@Cy" in said
    assert "Bo" not in said


async def improvised(seed: int, messages: list[BaseMessage]) -> str:
    return str((await Scripted.improvising(seed).ainvoke(messages)).content)


def test_another_process_with_another_hash_seed_improvises_the_same() -> None:
    code = (
        "from langchain_core.messages import HumanMessage, SystemMessage\n"
        "from tertulia.agents.scripted import Scripted\n"
        "asked = [SystemMessage('p', name='Bo'), HumanMessage('Where to go?', name='Ana')]\n"
        "print(Scripted.improvising(3).invoke(asked).content)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


async def test_inside_an_event_loop_the_blocking_call_says_what_to_await() -> None:
    with pytest.raises(RuntimeError, match="ainvoke"):
        Scripted(["Never."]).invoke(ASKED)
