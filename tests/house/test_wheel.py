"""What is built holds the whole package: a folder lost on the way is found here, not by a user."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow


def sources() -> set[str]:
    """Every file of the package, as a wheel names it."""
    package = ROOT / "src" / "tertulia"
    return {
        path.relative_to(package.parent).as_posix()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def build(out: Path, *options: str) -> None:
    """Build with the tools at hand, so that nothing is fetched."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), *options]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def packed(out: Path) -> set[str]:
    (wheel,) = out.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if name.startswith("tertulia/")}


def test_the_wheel_from_the_tree_holds_every_file(tmp_path: Path) -> None:
    build(tmp_path, "--wheel")
    assert packed(tmp_path) == sources()
    assert "tertulia/py.typed" in packed(tmp_path)


def test_the_wheel_from_the_source_archive_holds_every_file(tmp_path: Path) -> None:
    build(tmp_path)
    assert packed(tmp_path) == sources()


def test_the_source_archive_carries_its_licence_and_none_of_the_links(tmp_path: Path) -> None:
    build(tmp_path, "--sdist")
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        members = {member.name.partition("/")[2] for member in opened.getmembers()}
    assert {"LICENSE", "README.md", "pyproject.toml"} <= members
    tops = {member.partition("/")[0] for member in members}
    assert not tops & {"agents", "graphs", "orchestrator", "storage"}
