"""How fast a model is: the first token's wait, tokens a second alone and several at once.

A fixed number of small calls, each with a prompt that no server has read before.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from langchain_core.messages import HumanMessage

from tertulia.agents.streaming import StreamedModel

Clock = Callable[[], float]

ALONE = 5
"""How many calls are made one after the other, after one that is not counted."""
LONG = 3
LONG_WORDS = 600
TICK_S = 1e-6
SHORT = "Number {serial}. Tell at length how a small boat comes home through a storm at night."
FILLING = ("sea", "tide", "lamp", "window", "house", "rope", "wind", "rain", "star", "bell", "oar")


@dataclass(frozen=True, slots=True)
class Call:
    """One call: seconds to its first text and to its end, and its tokens."""

    first_s: float
    whole_s: float
    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Round:
    """So many calls at once: tokens a second of all together, seconds to the first text of each."""

    at_once: int
    tokens_per_s: float
    first_s_p50: float
    first_s_p95: float


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured. ``read_per_s`` are tokens of a long prompt over its first text's wait."""

    rounds: tuple[Round, ...]
    read_per_s: float
    calls: int
    read: int
    written: int
    counted: bool
    """Whether the model told its tokens; else pieces were counted."""


def plan(at_once: int) -> list[int]:
    """How many calls are made at a time: 1, then 2, 4, … up to ``at_once``."""
    steps = [1]
    while steps[-1] * 2 <= at_once:
        steps.append(steps[-1] * 2)
    return steps


def calls_of(at_once: int) -> int:
    """How many calls it takes altogether."""
    return 1 + ALONE + sum(plan(at_once)[1:]) + LONG


class Stopwatch:
    """Makes calls to one model and takes their time."""

    def __init__(
        self, model: StreamedModel, tokens: int, clock: Clock = time.perf_counter, salt: int = 0
    ) -> None:
        """Each answer has ``tokens`` at most; with another ``salt`` all prompts are other ones."""
        self._model, self._tokens, self._clock = model, tokens, clock
        self._serial, self.counted = salt * 10_000, True
        self.calls: list[Call] = []

    async def measure(self, at_once: int) -> Speed:
        """Measure. Raises ``ModelFailed``."""
        await self.call()
        rounds = [self._round(1, [await self.call() for _ in range(ALONE)])]
        rounds += [await self._together(size) for size in plan(at_once)[1:]]
        long = [await self.call(LONG_WORDS) for _ in range(LONG)]
        read_per_s = median(call.read / max(call.first_s, TICK_S) for call in long)
        read, written = (sum(getattr(one, of) for one in self.calls) for of in ("read", "written"))
        return Speed(tuple(rounds), read_per_s, len(self.calls), read, written, self.counted)

    async def call(self, words: int = 0) -> Call:
        """One call, whose prompt has so many ``words`` more."""
        self._serial += 1
        asked = " ".join(
            [SHORT.format(serial=self._serial)]
            + [FILLING[(place * self._serial) % len(FILLING)] for place in range(words)]
        )
        tokens = self._tokens if not words else 1
        begun, first, pieces, usage = self._clock(), None, 0, None
        async for chunk in self._model.astream([HumanMessage(asked)], max_tokens=tokens):
            if first is None and (chunk.text or chunk.additional_kwargs):
                first = self._clock() - begun
            pieces += bool(chunk.text)
            usage = chunk.usage_metadata or usage
        whole = self._clock() - begun
        self.counted = self.counted and usage is not None
        read: Any = usage["input_tokens"] if usage else len(asked.split())
        written: Any = usage["output_tokens"] if usage else pieces
        self.calls.append(Call(whole if first is None else first, whole, read, written))
        return self.calls[-1]

    async def _together(self, size: int) -> Round:
        begun = self._clock()
        calls = await asyncio.gather(*(self.call() for _ in range(size)))
        return self._round(size, calls, self._clock() - begun)

    def _round(self, size: int, calls: Sequence[Call], took: float | None = None) -> Round:
        seconds = sum(call.whole_s for call in calls) if took is None else took
        first = sorted(call.first_s for call in calls)
        rate = sum(call.written for call in calls) / seconds if seconds else 0.0
        return Round(size, rate, median(first), first[min(len(first) - 1, int(0.95 * len(first)))])
