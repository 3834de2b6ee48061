"""Overlaps and gaps are measured alike in recorded rooms and in simulated ones."""

from pathlib import Path

import pytest

from tertulia.evaluation import corpora
from tertulia.evaluation.corpora import Meeting
from tertulia.evaluation.overlaps import distance, of_meetings, of_simulated, overlaps_beside
from tertulia.orchestrator.scoring import Utterance

DATA = Path(__file__).parents[2].parent / "shared" / "data"
recorded = pytest.mark.skipif(
    not (DATA / "ami_turns" / "dev.jsonl.gz").is_file(),
    reason="the recorded rooms are not beside this checkout (../shared/data)",
)


def meeting(*stretches: tuple[str, float, float]) -> Meeting:
    return Meeting("small", tuple(Utterance(who, start, end) for who, start, end in stretches))


def test_a_small_room_is_measured_by_hand() -> None:
    timing = of_meetings([meeting(("a", 0, 4), ("b", 1, 2), ("b", 3, 6), ("a", 7, 10))])
    assert timing.overlap == pytest.approx(2 / 9)  # b within a, and b before a has ended
    assert timing.offsets == (-1, 1)
    assert timing.transfers_overlap == 0.5


def test_rooms_weigh_by_how_much_is_said_in_them() -> None:
    short, long = meeting(("a", 0, 1), ("b", 0, 1)), meeting(("a", 0, 9), ("b", 10, 19))
    assert of_meetings([short, long]).overlap == pytest.approx(1 / 19)


def test_a_distance_is_0_between_the_same_and_1_between_strangers() -> None:
    assert distance([1, 2, 3], [3, 2, 1]) == 0
    assert distance([1, 2], [3, 4]) == 1
    assert distance([1, 2, 3, 4], [3, 4, 5, 6]) == 0.5


def test_a_simulated_room_is_the_same_each_time_and_overlaps() -> None:
    once, again = (of_simulated("meeting", 3, rooms=1, room_s=300) for _ in range(2))
    assert once == again
    assert once.overlap > 0
    assert 0 < once.transfers_overlap < 1


def test_without_meetings_there_are_no_figures() -> None:
    figures = overlaps_beside("ami", [], "meeting")
    assert set(figures.values()) == {None}
    assert {"ami_overlap", "ami_simulated_overlap", "ami_simulated_ks"} <= figures.keys()


@recorded
def test_recorded_rooms_have_their_known_timing_and_simulated_ones_come_near() -> None:
    for name, read, profile, overlap, transfers, middle in (
        ("ami", corpora.ami, "meeting", 0.141, 0.43, 0.16),
        ("icsi", corpora.icsi, "discussion", 0.101, 0.41, 0.11),
    ):
        figures = overlaps_beside(name, read(DATA, "dev"), profile)
        assert round(figures[f"{name}_overlap"], 3) == overlap
        assert round(figures[f"{name}_transfers_overlap"], 2) == transfers
        assert figures[f"{name}_offset_s"][1] == middle
        assert figures[f"{name}_simulated_ks"] < 0.1
        assert abs(figures[f"{name}_simulated_overlap"] - overlap) < 0.05
