"""Benchmarks run and say what they measured; how fast it was is nobody's business here."""

import json
from functools import partial
from typing import Any

import pytest
from tests.cli.commands import lines, tertulia

from tertulia.bench import plan
from tertulia.bench.ledger import ledger_cpu_ms_per_call
from tertulia.bench.meter import Meter

pytestmark = [pytest.mark.db, pytest.mark.slow]

KEYS = {
    "case",
    "cpu_ms_per_turn",
    "wall_ms_per_turn",
    "growth",
    "bytes_per_turn",
    "kb_per_room",
    "floor_cpu_ms_per_turn",
    "ratio",
}
TURNS = ("bench", "turns", "--agents", "2", "--turns", "20")
ROOMS = ("bench", "rooms", "--rooms", "2", "--agents", "2", "--turns", "3", "--delay-ms", "1")


@pytest.fixture(scope="module", params=[TURNS, ROOMS], ids=["turns", "rooms"])
def measured(request: pytest.FixtureRequest) -> dict[str, Any]:
    [found] = lines(tertulia(*request.param, "--json"))
    return found


def test_each_case_has_all_its_keys(measured: dict[str, Any]) -> None:
    assert measured["bench"] in ("turns", "rooms")
    assert all(case.keys() >= KEYS for case in measured["cases"])
    assert len({case["case"] for case in measured["cases"]}) == len(measured["cases"])


def test_what_is_measured_is_a_number(measured: dict[str, Any]) -> None:
    for case in measured["cases"]:
        assert case["cpu_ms_per_turn"] > 0
        assert case["wall_ms_per_turn"] > 0


def test_each_figure_stands_beside_its_floor(measured: dict[str, Any]) -> None:
    for case in measured["cases"]:
        is_floor = case["case"].startswith("floor: ")
        assert (case["ratio"] is None) == is_floor
        assert (case["floor_cpu_ms_per_turn"] is None) == is_floor


def test_what_is_durable_has_bytes(measured: dict[str, Any]) -> None:
    for case in measured["cases"]:
        if case["case"].endswith(", SQLite"):
            assert case["bytes_per_turn"] > 0


def test_it_can_be_read_as_json_alone(measured: dict[str, Any]) -> None:
    assert json.loads(json.dumps(measured)) == measured


def test_a_table_fits_a_terminal() -> None:
    shown = tertulia(*ROOMS)
    assert shown.exit_code == 0
    assert "ratio" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    "words",
    [
        ("bench", "turns", "--turns", "19"),
        ("bench", "turns", "--agents", "0"),
        ("bench", "rooms", "--rooms", "0"),
        ("bench", "rooms", "--delay-ms", "-1"),
        ("bench", "rooms", "--delay-ms", "inf"),
        ("bench", "rooms", "--delay-ms", "nan"),
        ("bench", "sleep"),
    ],
)
def test_what_cannot_be_measured_is_refused(words: tuple[str, ...]) -> None:
    assert tertulia(*words).exit_code == 2


def test_growth_needs_enough_turns() -> None:
    meter = Meter()
    for _ in range(19):
        meter.mark()
    assert meter.case("few", 19).growth is None


def test_searches_are_measured_beside_plain_fts5() -> None:
    [found] = lines(tertulia("bench", "memory", "--utterances", "400", "--json"))
    assert found["bench"] == "memory"
    figures = [name for name in found if name.endswith(("_ms", "_s", "_ratio"))]
    assert len(figures) == 10
    assert all(found[name] >= 0 for name in figures)
    assert found["rare_ms"] > found["floor_rare_ms"] > 0


def test_a_plan_takes_no_less_than_its_longest_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "ROUNDS", 2)
    few = partial(ledger_cpu_ms_per_call, rooms=2, calls=5, rounds=1)
    monkeypatch.setattr(plan, "ledger_cpu_ms_per_call", few)
    command = ("bench", "plan", "--tasks", "6", "--width", "2", "--json")
    [found] = lines(tertulia(*command))
    assert found["ideal_ms"] == 60
    ratios = [value for name, value in found.items() if "ratio" in name]
    assert len(ratios) == 6
    assert all(ratio >= 0.99 for ratio in ratios)
