"""What an import costs: the ground knows no heavy library, and `--help` answers at once."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("httpx", "langchain_core", "langgraph", "sqlalchemy")


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds once it has run `code`."""
    tail = "\nimport sys\nsys.stderr.write('\\nloaded ' + ' '.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("loaded ")
    return {name.partition(".")[0] for name in last.split()[1:]}


def test_the_probe_sees_what_is_loaded() -> None:
    assert "sqlalchemy" in loaded_after("import sqlalchemy")


def test_the_orchestrator_stands_on_nothing_heavy() -> None:
    assert loaded_after("import tertulia.orchestrator").isdisjoint(HEAVY)


def test_help_answers_without_the_graph_libraries() -> None:
    code = (
        "from typer.testing import CliRunner\n"
        "from tertulia.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0"
    )
    assert loaded_after(code).isdisjoint({"langchain_core", "langgraph"})
