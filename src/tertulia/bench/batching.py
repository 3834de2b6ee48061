"""Tokens a second of a model in this process: so many rooms in one batch, beside one at a time.

The floor is the library alone: ``generate``, one room after the other. Beside it stands the
library's own continuous batcher. The model has random weights in the shape of SmolLM2-135M, unless
a folder is given: what it says means nothing, what it takes is the same.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import median
from typing import Any

from tertulia.agents.local.questions import Question
from tertulia.agents.local.sampling import Sampling
from tertulia.agents.local.settings import Quantised, Settings
from tertulia.agents.local.worker import Worker


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama's measures; SmolLM2-135M's unless others are given."""

    vocabulary: int = 49_152
    width: int = 576
    inner: int = 1_536
    layers: int = 30
    heads: int = 9
    key_heads: int = 3


@dataclass(frozen=True, slots=True)
class Load:
    """What each room asks, in tokens to read and to write, and how often all is measured."""

    read: int = 64
    write: int = 32
    runs: int = 1


@dataclass(frozen=True, slots=True)
class Took:
    """What so many written tokens took, reading the prompts included, in seconds."""

    tokens: int
    wall_s: float
    cpu_s: float


def bench_batching(
    rooms: Sequence[int] = (1, 2, 4, 8),
    *,
    path: str = "",
    quantise: Quantised | None = None,
    threads: int = 1,
    load: Load | None = None,
    shape: Shape | None = None,
) -> dict[str, Any]:
    """Measure tokens a second for each number of rooms at once, and the floors. Medians of runs.

    ``speedup`` is over ``generate`` alone, one room after the other, in the same run.
    """
    import torch

    load = load or Load()
    settings = Settings(
        path or "random",
        quantise=quantise,
        rows=max(rooms),
        kept_tokens=0,
        context_tokens=load.read + load.write,
    )
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        loaded = _loaded(settings, shape or Shape())
        runs = [_run(loaded, rooms, load) for _ in range(load.runs)]
    finally:
        torch.set_num_threads(before)
    told: dict[str, Any] = {
        "bench": "batching",
        "device": str(loaded.device),
        "dtype": str(loaded.model.dtype).removeprefix("torch."),
        "quantise": quantise,
        "threads": threads,
        "read": load.read,
        "write": load.write,
    }
    for name in runs[0]:
        told[f"tokens_per_s_{name}"] = _median(run[name].tokens / run[name].wall_s for run in runs)
        told[f"tokens_per_cpu_s_{name}"] = _median(
            run[name].tokens / run[name].cpu_s for run in runs
        )
    for count in rooms:
        told[f"speedup_{count}"] = _median(_speedup(run, count) for run in runs)
    return told


def _speedup(run: dict[str, Took], count: int) -> float:
    alone, together = run["alone"], run[f"{count}_rooms"]
    return (together.tokens / together.wall_s) / (alone.tokens / alone.wall_s)


def _median(values: Any) -> float:
    return round(float(median(values)), 3)


def _run(loaded: Any, rooms: Sequence[int], load: Load) -> dict[str, Took]:
    """One of each, one after the other, so that a busy minute meets them all."""
    prompts = [
        _prompt(seed, load.read, loaded.model.config.vocab_size) for seed in range(max(rooms))
    ]
    took = {"alone": _took(lambda: _alone(loaded, prompts[:1], load.write))}
    for count in rooms:
        took[f"{count}_rooms"] = _took(partial(_together, loaded, count, load))
    took["library_batcher"] = _took(lambda: _library(loaded, prompts, load.write))
    return took


def _took(work: Callable[[], int]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    tokens = work()
    return Took(tokens, time.perf_counter() - wall, time.process_time() - cpu)


def _prompt(seed: int, length: int, vocabulary: int) -> list[int]:
    chance = Random(seed)  # noqa: S311 - a benchmark
    return [chance.randrange(3, vocabulary) for _ in range(length)]


def _alone(loaded: Any, prompts: Sequence[Sequence[int]], most: int) -> int:
    """The library's ``generate``, one prompt after the other."""
    import torch

    for prompt in prompts:
        ids = torch.tensor([prompt], device=loaded.device)
        loaded.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=most,
            min_new_tokens=most,
            do_sample=False,
            pad_token_id=0,
        )
    return most * len(prompts)


def _together(loaded: Any, rooms: int, load: Load) -> int:
    """So many rooms at once, through the worker."""
    from tertulia.agents.local.machine import Transformer

    class Bare(Transformer):
        def prompt(self, question: Question) -> list[int]:
            return _prompt(question.seed, load.read, loaded.model.config.vocab_size)

        def decoder(self) -> Callable[[int], str]:
            return lambda _: "x"

    worker = Worker(loaded.settings, lambda settings: Bare(settings, loaded))

    async def written(room: int) -> int:
        greedy = Sampling(temperature=0.0)
        question = Question(
            (), f"room {room}", most=load.write, sampling=greedy, seed=room, endless=True
        )
        return [piece async for piece in worker.answer(question)][-1].written

    async def all_of_them() -> int:
        return sum(await asyncio.gather(*map(written, range(rooms))))

    try:
        return asyncio.run(all_of_them())
    finally:
        worker.close()


def _library(loaded: Any, prompts: Sequence[list[int]], most: int) -> int:
    """The library's continuous batcher, with all prompts at once."""
    from transformers import GenerationConfig
    from transformers.generation.configuration_utils import ContinuousBatchingConfig

    tokens = len(prompts) * (len(prompts[0]) + most)
    how = ContinuousBatchingConfig(
        page_size=64, num_blocks=tokens // 64 + 64, max_batch_tokens=1024
    )
    ends = GenerationConfig(max_new_tokens=most, do_sample=False, eos_token_id=-1, pad_token_id=0)
    told = loaded.model.generate_batch(
        list(prompts), generation_config=ends, continuous_batching_config=how, warmup=False
    )
    return sum(len(one.generated_tokens) for one in told.values())


def _loaded(settings: Settings, shape: Shape) -> Any:
    from tertulia.agents.local.weights import Loaded, chosen_device, load

    if settings.path != "random":
        return load(settings)
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_heads,
        tie_word_embeddings=True,
    )
    device = chosen_device(settings)
    model = LlamaForCausalLM(config).eval().to(device)
    return Loaded(settings, model, None, device, settings.context_tokens, frozenset())
