"""Whatever dies, what was acknowledged is in the log, once and in order (the short run).

The long one: ``python -m tests.crash.driver --kills 200``.
"""

from pathlib import Path

import pytest
from tests.crash.checker import Figures, Post, check
from tests.crash.driver import Plan, play
from tests.storage.recorded import record

pytestmark = [pytest.mark.db, pytest.mark.net, pytest.mark.slow]


async def test_nothing_acknowledged_is_lost_doubled_or_reordered(tmp_path: Path) -> None:
    run = await play(Plan(kills=20, seed=1, rooms=4), tmp_path / "talk.db")
    assert run.kills == 20
    assert run.refused == []
    assert run.figures.acknowledged == run.figures.posts > 20
    assert run.figures == Figures(run.figures.posts, run.figures.posts, run.figures.events)


async def test_who_was_taken_for_dead_and_lives_on_does_no_harm(tmp_path: Path) -> None:
    run = await play(Plan(kills=2, seed=2, rooms=4, freezes=1.0), tmp_path / "talk.db")
    assert run.freezes > 0
    assert run.takeovers > 0
    assert run.refused == []
    assert run.figures == Figures(run.figures.posts, run.figures.posts, run.figures.events)


async def test_without_keys_what_is_retried_is_doubled(tmp_path: Path) -> None:
    plan = Plan(kills=2, seed=3, freezes=0.0, keys=False)
    figures = (await play(plan, tmp_path / "talk.db")).figures
    assert figures.doubled > 0
    assert figures.lost == 0


async def test_without_a_fence_two_owners_spoil_the_log(tmp_path: Path) -> None:
    plan = Plan(kills=1, seed=4, rooms=4, freezes=1.0, fence=False, patience_s=3.0)
    figures = (await play(plan, tmp_path / "talk.db")).figures
    assert figures.violations > 0
    assert {"turn", "replay"} & figures.rules.keys()


# ---- the checker itself, on a room that was recorded without a fault


async def checked(path: Path, *posts: Post) -> Figures:
    await record(path, rounds=1)
    return check(path, posts)


def as_sent(**changed: object) -> tuple[Post, ...]:
    """What the recorded people sent, except for one change to Ana's post."""
    ana = {"key": "a0", "text": "question 0, @bo?", "seq": 6} | changed
    return (
        Post("kitchen", "ana", **ana),  # type: ignore[arg-type]
        Post("kitchen", "ben", "b0", "between us 0", ("bo",)),
        Post("kitchen", "ben", "none", "@cy and 0?"),
    )


async def test_the_checker_finds_nothing_where_nothing_is(tmp_path: Path) -> None:
    assert (await checked(tmp_path / "talk.db", *as_sent())).faults == 0


@pytest.mark.parametrize(
    ("posts", "fault"),
    [
        (as_sent(text="another question"), "lost"),
        (as_sent(seq=7), "altered"),
        (as_sent(key="other"), "altered"),
        (as_sent(whisper=("bo",)), "altered"),
        (as_sent()[1:], "altered"),
        ((as_sent()[0], as_sent()[2], as_sent()[1]), "reordered"),
    ],
)
async def test_the_checker_finds_what_is_wrong(
    tmp_path: Path, posts: tuple[Post, ...], fault: str
) -> None:
    figures = await checked(tmp_path / "talk.db", *posts)
    assert getattr(figures, fault) > 0
    assert figures.faults > 0
