"""What an import costs: the ground knows no heavy library, and `--help` answers at once."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]

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


def imported(path: Path) -> set[str]:
    """Top-level names that a module imports, at its head or inside its functions."""
    names = set[str]()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def plain(requirement: str) -> str:
    """A requirement's distribution, as PEP 503 spells it."""
    name = re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_is_imported_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = ("embedded", "mcp", "otlp", "quantised", "tasks", "telemetry", "transformers")
    asked = [*project["dependencies"], *(one for extra in named for one in extras[extra])]
    declared = {plain(requirement) for requirement in asked}
    homes = packages_distributions()
    found = set[str]().union(*map(imported, (ROOT / "src").rglob("*.py")))
    foreign = found - set(sys.stdlib_module_names) - {"tertulia"}
    assert {
        name
        for name in foreign
        if declared.isdisjoint(plain(home) for home in homes.get(name, [name]))
    } == set()
