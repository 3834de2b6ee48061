"""Pictures of a conversation: they are drawn whoever is there and whatever has happened."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from tests.orchestrator.metrics.logs import ANA, BO, EVE, TOM, Written

from tertulia.evaluation.looks import clock
from tertulia.evaluation.meeting import BINS, paint_answers, paint_offsets
from tertulia.evaluation.timeline import paint, paint_timeline
from tertulia.orchestrator.errors import Invalid
from tertulia.orchestrator.events import Event, Joined
from tertulia.orchestrator.metrics import Metrics, measure
from tertulia.orchestrator.room import Kind, ParticipantId, RoomId


def talk() -> Metrics:
    written = Written()
    asked = written.say(1, ANA, "Bo?", to=(BO,))
    one, two = written.grant(1, BO, asked), written.grant(3, EVE)
    written.hand(4, TOM)
    written.end(5, BO, one, "As I", reply_to=asked, cut_by=ANA)
    written.end(8, EVE, two, "Hm.", audience=(ANA, EVE))
    written.turn(8, 9, TOM)
    return measure(written.events)


def crowd(n: int) -> Metrics:
    """So many who have come in, and nobody has said anything."""
    handles = [ParticipantId(f"somebody-with-a-long-name-{place}") for place in range(n)]
    kinds = list(Kind)
    return measure(
        Event(RoomId("r"), seq, seq, 0.0, who, Joined(who.title(), kinds[seq % 3]))
        for seq, who in enumerate(handles, 1)
    )


@pytest.mark.parametrize("found", [talk(), crowd(0), crowd(1), crowd(2), crowd(30)])
@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_whoever_is_there_a_picture_is_drawn(
    found: Metrics, ending: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    drawn = paint(found, tmp_path / f"room.{ending}", "A room")
    assert drawn.stat().st_size > 1_000
    assert not recwarn.list


def test_the_legend_names_what_is_there_and_nothing_else() -> None:
    def legend(found: Metrics) -> list[str]:
        axes = Figure().subplots()
        paint_timeline(axes, found)
        named = axes.get_legend()
        return [] if named is None else [text.get_text() for text in named.get_texts()]

    assert legend(talk()) == [
        "has the floor and speaks",
        "speaks without it",
        "hand is up",
        "two or more speak",
        "cuts in for nothing",
    ]
    assert legend(crowd(3)) == []


def test_names_stand_in_the_network_and_whoever_only_watches_does_not() -> None:
    for n in (6, 30):
        axes = Figure().subplots()
        found = crowd(n)
        paint_answers(axes, found)
        speakers = [part for part in found.parts if part.kind is not Kind.OBSERVER]
        assert len(axes.texts) == len(speakers)


def test_what_is_far_out_does_not_squeeze_the_rest() -> None:
    written = Written()
    at = 0.0
    for turn, gap in enumerate([*[0.5, 1.0, 1.5] * 10, 600.0]):
        at += gap
        written.turn(at, at + 1, (BO, EVE)[turn % 2])
        at += 1
    axes = Figure().subplots()
    paint_offsets(axes, measure(written.events))
    assert max(bar.get_x() for bar in axes.patches) < 10  # type: ignore[attr-defined]
    heights = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
    assert sum(heights) == len(measure(written.events).offsets_s)
    assert len(heights) <= BINS + 3


def test_another_ending_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="a picture ends in"):
        paint(talk(), tmp_path / "room.txt")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (2.5, "2.5 s"), (59, "59 s"), (60, "1:00"), (125.2, "2:05"), (3725, "1:02:05")],
)
def test_times_are_written_as_people_do(seconds: float, told: str) -> None:
    assert clock(seconds) == told
