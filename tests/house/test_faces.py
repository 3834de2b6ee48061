"""The house as a visitor sees it: true faces, open doors, nothing too big or ours alone."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "tertulia"
FACES = sorted(PACKAGE.rglob("__init__.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))
ROOMS = ("agents", "graphs", "orchestrator", "storage")

# Absolute paths of one machine, names of package registries, and what looks like a key.
LEAKS = re.compile(
    r"(?<![\w.~$})])/(?:root|work|home)/"
    r"|file[s]\.pythonhosted|\b(?:[\w-]+\.)?pyp[i]\.(?:org|python\.org)"
    r"|\bsk-[A-Za-z0-9]{20,}|\bAKIA[0-9A-Z]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY"
)


def dotted(face: Path) -> str:
    return ".".join(face.parent.relative_to(PACKAGE.parent).parts)


def tracked() -> list[Path]:
    """Files that git keeps, links left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file() and not path.is_symlink()]


@pytest.mark.parametrize("face", FACES, ids=dotted)
def test_a_face_hands_names_on_and_does_nothing_else(face: Path) -> None:
    body = ast.parse(face.read_text()).body
    for number, statement in enumerate(body):
        match statement:
            case ast.Import() | ast.ImportFrom():
                pass
            case ast.Expr(value=ast.Constant(value=str())) if number == 0:
                pass
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                pass
            case ast.Assign(value=ast.Call(func=ast.Attribute(attr="attach_stub"))):
                pass  # the names stand in the stub, and are imported when they are first used
            case _:
                pytest.fail(f"{dotted(face)}, line {statement.lineno}: {ast.unparse(statement)}")


@pytest.mark.parametrize("face", FACES, ids=dotted)
def test_a_face_promises_only_what_is_there(face: Path) -> None:
    # Their order is ruff's to keep (RUF022).
    module = importlib.import_module(dotted(face))
    promised = getattr(module, "__all__", None)
    if promised is None:
        imports = [
            node for node in ast.parse(face.read_text()).body if isinstance(node, ast.ImportFrom)
        ]
        assert [node.module for node in imports if node.module != "__future__"] == []
        return
    assert sorted(promised) == sorted(set(promised))
    assert [name for name in promised if not hasattr(module, name)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_the_doors_at_the_top_lead_into_the_package(room: str) -> None:
    door = ROOT / room
    assert door.is_symlink()
    assert door.readlink() == Path("src", "tertulia", room)
    assert (door / "__init__.py").is_file()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_is_one_thing(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


def test_nothing_big_is_kept() -> None:
    assert [path.name for path in tracked() if path.stat().st_size > 1024 * 1024] == []


def test_nothing_of_one_machine_is_kept() -> None:
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if LEAKS.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "see /" + "work/notes",
        "'/" + "root/.venv'",
        "https://py" + "pi.org/simple",
        "files.python" + "hosted",
        "key = sk-" + "a1" * 12,
    ],
)
def test_what_belongs_to_one_machine_is_recognised(line: str) -> None:
    assert LEAKS.search(line)


def test_constraints_are_names_and_versions_alone() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert lines
    assert [
        line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)
    ] == []
    assert "tertulia" not in {line.partition("==")[0] for line in lines}


def test_the_readme_s_python_compiles() -> None:
    text = (ROOT / "README.md").read_text()
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", text, re.M | re.S), 1):
        compile(block, f"README.md, block {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_fragment_of_the_changelog_is_one_that_towncrier_reads() -> None:
    kinds = "added|changed|fixed|removed"
    names = [path.name for path in (ROOT / "changelog.d").iterdir() if path.name != "README.md"]
    assert [name for name in names if not re.fullmatch(rf"\+[a-z0-9-]+\.({kinds})\.md", name)] == []
