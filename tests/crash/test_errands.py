"""Whatever dies, and when: what may be done once is done once (the short run).

The long one: ``python -m tests.crash.errands --kills 200``.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.crash.errands import Nursery, Run, killed_at, killed_at_random

pytestmark = [pytest.mark.db]

KILLED = -9

FEW = [
    ("book running 1 before",),
    ("book running 1 durable",),
    ("book at work after",),
    ("book at work before", "person resolve after"),
    ("pay at work after",),
    ("look at work after",),
    ("sign asked 1 durable",),
    ("person approve after",),
]
"""A death in each state of an effect."""

TOOLS = ("look", "pay", "book", "sign")
STATES = [
    f"{tool} {point}"
    for tool in TOOLS
    for point in (
        "running 1 before",
        "running 1 durable",
        "at work before",
        "at work after",
        "succeeded 1 before",
        "succeeded 1 durable",
    )
]
ASKED = ["sign asked 1 before", "sign asked 1 durable", "person approve before"]
IN_DOUBT = [
    f"{first}, {second}"
    for first in ("book at work before", "sign at work before")
    for second in (
        f"{first.split()[0]} uncertain 1 before",
        f"{first.split()[0]} uncertain 1 durable",
        "person resolve before",
        "person resolve after",
        f"{first.split()[0]} running 2 before",
        f"{first.split()[0]} running 2 durable",
        f"{first.split()[0]} at work after",
    )
]
MANY = [tuple(points.split(", ")) for points in STATES + ASKED + IN_DOUBT]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with closing(Nursery()) as opened:
        yield opened


def nothing_is_wrong(run: Run, deaths: int) -> None:
    assert run.endings == [KILLED] * deaths + [0]
    assert run.figures.faults == 0, run.figures
    assert run.figures.turns == 1
    assert run.figures.effects == 4


@pytest.mark.parametrize("points", FEW, ids=", ".join)
def test_a_death_at_a_state_of_the_ledger_does_nothing_twice(
    nursery: Nursery, tmp_path: Path, points: tuple[str, ...]
) -> None:
    nothing_is_wrong(killed_at(nursery, tmp_path, points), len(points))


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("points", MANY, ids=", ".join)
def test_a_death_at_any_state_of_the_ledger_does_nothing_twice(
    nursery: Nursery, tmp_path: Path, points: tuple[str, ...]
) -> None:
    nothing_is_wrong(killed_at(nursery, tmp_path, points), len(points))


def test_what_a_person_has_done_again_is_done_again_once(nursery: Nursery, tmp_path: Path) -> None:
    run = killed_at(nursery, tmp_path, ("book at work after",), wrong=1.0)
    nothing_is_wrong(run, 1)
    assert run.figures.again == 1


def test_deaths_at_random_moments_do_nothing_twice(nursery: Nursery, tmp_path: Path) -> None:
    run = killed_at_random(nursery, tmp_path, kills=5, seed=1, wrong=0.1)
    assert run.kills == 5
    assert run.figures.turns > 5
    assert run.figures.faults == 0, run.figures


@pytest.mark.parametrize(
    ("point", "doubled"), [("book at work after", 1), ("sign at work after", 2)]
)
def test_without_a_ledger_things_are_done_twice(
    nursery: Nursery, tmp_path: Path, point: str, doubled: int
) -> None:
    run = killed_at(nursery, tmp_path, (point,), ledger=False)
    assert run.endings == [KILLED, 0]
    assert run.figures.doubled == doubled
