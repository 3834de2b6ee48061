"""``--metrics``, ``--trace`` and ``--log-json``: one command is watched, and says where."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.commands import LESSON, tertulia, told

RUN = ("run", LESSON, "--seed", "3", "--db", "memory:")


def test_what_happens_is_appended_as_lines(tmp_path: Path) -> None:
    file = tmp_path / "lines.json"
    for _ in range(2):
        assert tertulia(*RUN, "--log-json", str(file)).exit_code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :]  # the same seed, the same lines
    assert [line["event"] for line in lines].count("TurnEnded") == 14
    assert {line["level"] for line in lines} == {"info"}


def test_lines_may_go_beside_what_is_shown(tmp_path: Path) -> None:
    given = tertulia(*RUN, "--log-json", "-", "--json")
    shown = [json.loads(line) for line in given.stdout.splitlines()]
    assert {"text"} < set().union(*shown)
    assert "TurnEnded" in {json.loads(line)["event"] for line in given.stderr.splitlines()}


def test_turns_are_shown_as_trees() -> None:
    given = tertulia(*RUN, "--trace", "console")
    trees = [tree.splitlines() for tree in given.stderr.strip().split("\n\n")]
    assert len(trees) == 6
    assert re.fullmatch(r"invoke_agent tutor +2\.500 s  class-\S+/1 · interrupted", trees[0][0])
    assert re.fullmatch(r"└─ chat scripted +2\.500 s  .* · cancelled", trees[0][1])


def test_opentelemetrys_variable_turns_traces_on_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console, jaeger")
    assert "invoke_agent tutor" in tertulia(*RUN).stderr
    assert "invoke_agent tutor" not in tertulia(*RUN, "--trace", "none").stderr
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert tertulia(*RUN).stderr == ""


@pytest.mark.net
def test_metrics_are_served_while_a_command_runs_and_it_is_said_where() -> None:
    given = tertulia(*RUN, "--metrics", "0")
    assert given.exit_code == 0
    assert re.fullmatch(r"metrics: http://127\.0\.0\.1:\d+/metrics\n", given.stderr)


def test_what_cannot_be_used_is_refused() -> None:
    assert "there are console, otlp, none" in told(tertulia(*RUN, "--trace", "zipkin"), 2)
    assert "cannot be written" in told(tertulia(*RUN, "--log-json", "/nowhere/lines.json"), 2)


def test_without_the_extra_it_is_said_how_to_get_it() -> None:
    code = (
        "import sys\n"
        "sys.modules['prometheus_client'] = None\n"
        "from tertulia.cli import app\n"
        f"app({[*RUN, '--log-json', '-']!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ
    )
    assert done.returncode == 2
    assert "run: pip install 'tertulia[telemetry]'" in done.stderr
