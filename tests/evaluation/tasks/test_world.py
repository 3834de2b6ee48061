"""A world dies with its process; what has happened in it does not, and happens once."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.tasks.shop import Till

from tertulia.evaluation.tasks.world import Backend, Entry, Journal, rebuilt
from tertulia.orchestrator.errors import Misbehaved

pytestmark = pytest.mark.db


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12))
def test_each_key_happens_once_however_often_it_is_asked_and_whenever_the_process_ends(
    asked: list[tuple[int, bool]],
) -> None:
    with TemporaryDirectory() as folder, Journal(Path(folder) / "world.db") as journal:
        backend = Backend("sale", Till, journal)
        answers: dict[int, str] = {}
        for number, ends in asked:
            said = backend.write(f"key-{number}", "clerk", "add", {"cents": 10**number})
            assert answers.setdefault(number, said) == said
            if ends:
                backend = Backend("sale", Till, journal)
        cents = sum(10**number for number in answers)
        assert backend.read("clerk", "look", {}) == f"{cents} cents"
        assert sum(entry.times for entry in journal.of("sale")) == len(asked)


def test_what_only_looks_is_not_written_down(tmp_path: Path) -> None:
    with Journal(tmp_path / "world.db") as journal:
        assert Backend("sale", Till, journal).read("clerk", "look", {}) == "0 cents"
        assert journal.of("sale") == []


def test_tasks_do_not_share_a_world(tmp_path: Path) -> None:
    with Journal(tmp_path / "world.db") as journal:
        for task in ("one", "two"):
            said = Backend(task, Till, journal).write("same key", "clerk", "add", {"cents": 3})
            assert said == "3 cents"


def test_a_world_that_comes_out_otherwise_is_not_trusted() -> None:
    with pytest.raises(Misbehaved, match="answered add with '3 cents', and '4 cents' before"):
        rebuilt(Till(), [Entry("key", "clerk", "add", {"cents": 3}, "4 cents")])
