"""The speed of a model, on a clock of its own: so many calls, and what they took."""

from collections.abc import AsyncIterator
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk

from tertulia.agents.models.measuring import Stopwatch, calls_of, plan
from tertulia.agents.streaming import StreamedModel, last_piece, piece


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Steady(StreamedModel):
    """Reads 100 tokens a second, then says 4 pieces, a quarter of a second each."""

    clock: Any
    asked: list[tuple[str, int]]
    tells: bool = True

    @property
    def _llm_type(self) -> str:
        return "steady"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.asked.append((str(messages[0].content), kwargs["max_tokens"]))
        read = len(str(messages[0].content).split())
        self.clock.now += read / 100
        for _ in range(4):
            yield piece("word ")
            self.clock.now += 0.25
        if self.tells:
            usage = UsageMetadata(input_tokens=read, output_tokens=4, total_tokens=read + 4)
            yield last_piece(usage, model="steady")


def steady(**fields: Any) -> Steady:
    return Steady(clock=Clock(), asked=[], **fields)


def test_calls_are_doubled_up_to_the_most() -> None:
    assert (plan(1), plan(8), plan(11)) == ([1], [1, 2, 4, 8], [1, 2, 4, 8])
    assert calls_of(8) == 1 + 5 + 14 + 3


async def test_what_it_takes_is_what_the_clock_says() -> None:
    model = steady()
    speed = await Stopwatch(model, 64, model.clock).measure(2)
    alone, together = speed.rounds
    words = len(model.asked[0][0].split())
    assert (alone.at_once, together.at_once) == (1, 2)
    assert round(alone.first_s_p50, 6) == round(alone.first_s_p95, 6) == words / 100
    assert round(alone.tokens_per_s, 6) == round(4 / (words / 100 + 1), 6)
    assert round(together.tokens_per_s, 6) == round(4 / (words / 100 + 1), 6)
    assert round(speed.read_per_s) == 100
    assert (speed.calls, speed.written, speed.counted) == (calls_of(2), 4 * calls_of(2), True)


async def test_no_prompt_is_asked_twice_and_answers_are_small() -> None:
    model = steady()
    await Stopwatch(model, 64, model.clock, salt=7).measure(8)
    prompts = [prompt for prompt, _ in model.asked]
    assert len(set(prompts)) == len(prompts) == calls_of(8)
    assert {tokens for _, tokens in model.asked} == {64, 1}


async def test_where_nothing_is_told_pieces_are_counted() -> None:
    model = steady(tells=False)
    speed = await Stopwatch(model, 64, model.clock).measure(1)
    assert not speed.counted
    assert speed.written == 4 * calls_of(1)
