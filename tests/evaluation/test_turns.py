"""The evaluation asks what was asked before it: the rules' known figures come out to the digit."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tertulia.cli import app
from tertulia.evaluation import LEARNED, RULES, Makers, eval_turns, rules

DATA = Path(__file__).parents[2].parent / "shared" / "data"
KEYS = (
    "irc_link_f",
    "irc_addressee",
    "ami_next_speaker",
    "icsi_next_speaker",
    "molweni_addressee",
)

recorded = pytest.mark.skipif(
    not (DATA / "irc_disentangle" / "dev.jsonl.gz").is_file(),
    reason="the recorded rooms are not beside this checkout (../shared/data)",
)


def rounded(figures: dict[str, Any]) -> list[float]:
    return [round(figures[key], 1 if key == "irc_link_f" else 3) for key in KEYS]


@recorded
def test_the_rules_reach_their_known_figures() -> None:
    figures = eval_turns(DATA, "dev", RULES)
    assert rounded(figures) == [55.0, 0.556, 0.458, 0.569, 0.781]
    assert [figures[f"{key}_n"] for key in KEYS] == [2607, 1496, 4073, 6955, 3793]
    swapped = Makers(rules.Previous, rules.LastOther, rules.PreviousButOne, rules.MostFrequent)
    assert rounded(eval_turns(DATA, "dev", swapped)) == [30.2, 0.348, 0.427, 0.402, 0.781]


@recorded
@pytest.mark.slow
def test_the_learned_are_above_the_rules_and_every_figure_lies_in_its_interval() -> None:
    learned, ruled = (eval_turns(DATA, "dev", makers) for makers in (LEARNED, RULES))
    assert learned["irc_link_f"] > 73
    assert learned["irc_addressee"] > 0.9
    for key in KEYS:
        assert learned[key] > ruled[key]
        for figures in (learned, ruled):
            low, high = figures[f"{key}_ci"]
            assert low < figures[key] < high


def test_a_corpus_that_is_absent_leaves_its_figure_open(tmp_path: Path) -> None:
    (tmp_path / "ami_turns").mkdir()
    turns = [[at, 1.5, "abc"[at % 3]] for at in range(9)]
    with gzip.open(tmp_path / "ami_turns" / "test.jsonl.gz", "wt") as file:
        file.write(json.dumps({"meeting": "one", "turns": turns}))
    call = ["eval", "turns", "--data", str(tmp_path), "--split", "test"]
    done = CliRunner().invoke(app, [*call, "--json"])
    assert done.exit_code == 0
    figures = json.loads(done.stdout)
    assert figures["ami_next_speaker_n"] == 7
    assert figures["irc_link_f"] is figures["irc_link_f_ci"] is None
    assert "irc_link_f" in CliRunner().invoke(app, [*call, "--rules"]).stdout


def test_rooms_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["eval", "turns", "--data", str(tmp_path), "--json"])
    assert done.exit_code == 2
    said = json.loads(done.stderr)
    assert said["error"] == "Unknown"
    assert "irc_disentangle" in said["message"]
    assert "--data" in said["message"]
