"""The bench of batches: each of its cases writes what it says, on a model that is small."""

import pytest

from tertulia.bench.batching import Load, Shape, bench_batching


def test_every_case_writes_all_its_tokens_and_is_beside_one_alone() -> None:
    for package in ("torch", "transformers", "accelerate"):
        pytest.importorskip(package, reason="the extra `transformers` is not installed")
    shape = Shape(vocabulary=64, width=32, inner=32, layers=2, heads=2, key_heads=1)
    told = bench_batching((1, 3), load=Load(read=8, write=4, runs=1), shape=shape)
    assert told["bench"] == "batching"
    for case in ("alone", "1_rooms", "3_rooms", "library_batcher"):
        assert told[f"tokens_per_s_{case}"] > 0
        assert told[f"tokens_per_cpu_s_{case}"] > 0
    ratio = told["tokens_per_s_3_rooms"] / told["tokens_per_s_alone"]
    assert told["speedup_3"] == pytest.approx(ratio, rel=0.01)
