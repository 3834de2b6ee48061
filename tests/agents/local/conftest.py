"""The tiny model of these tests, made once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

WHY = "the extra `transformers` is not installed (`make transformers`)"


@dataclass(frozen=True)
class Made:
    """Where the model and its adapters lie."""

    model: str
    adapters: dict[str, str]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A model, and two adapters of it."""
    for package in ("torch", "transformers", "peft", "accelerate"):
        pytest.importorskip(package, reason=WHY)
    import torch
    from tests.agents.local.tiny import ADAPTED, make, make_adapter

    from tertulia.agents.local import close_workers

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    make(folder / "tiny")
    for name, sentence in ADAPTED.items():
        make_adapter(folder / "tiny", folder / name, sentence)
    yield Made(str(folder / "tiny"), {name: str(folder / name) for name in ADAPTED})
    close_workers()
    torch.set_num_threads(threads)
