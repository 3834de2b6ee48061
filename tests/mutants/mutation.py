"""The mutation check: breaks a copy of the source in one place, and sees whether a test notices.

``python -m tests.mutants.mutation [WORD ...]`` tries the mutants whose names have all the words in
them, or all mutants. It never touches the source itself.
"""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path("src") / "tertulia"
LIMIT_S = 90.0
"""How long a mutant's tests may take; a mutant that takes longer hangs, and is not caught."""


@dataclass(frozen=True)
class Mutant:
    """The source with ``old`` replaced by ``new``; ``caught_by`` has to fail on it."""

    name: str
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file, from the root of the repository."""
        return SOURCE / self.file

    def of(self, source: str) -> str:
        """The file's text, broken."""
        return source.replace(self.old, self.new)


def mutants() -> list[Mutant]:
    """All of them, in their order."""
    listed = tomllib.loads((Path(__file__).parent / "mutants.toml").read_text(encoding="utf-8"))
    return [
        Mutant(one["name"], one["file"], one["old"], one["new"], tuple(one["caught_by"]))
        for one in listed["mutant"]
    ]


def table() -> str:
    """The mutants as the page on proofs lists them."""
    rows = [f"| {one.name} | `{one.caught_by[0].rpartition('::')[2]}` |" for one in mutants()]
    return "\n".join(["| broken on purpose | the test that fails |", "| --- | --- |", *rows])


@contextmanager
def a_copy() -> Iterator[Path]:
    """The source in a directory of its own, without what Python compiled."""
    with TemporaryDirectory(prefix="tertulia-mutants-") as place:
        there = Path(place)
        shutil.copytree(ROOT / SOURCE, there / SOURCE, ignore=shutil.ignore_patterns("__pycache__"))
        yield there


def verdict(copy: Path, tests: Sequence[str], limit_s: float = LIMIT_S) -> tuple[str, str]:
    """What tests say of a copy: ``fails``, ``passes``, ``hangs`` or ``breaks``; and how."""
    nodes = [str(ROOT / "tests" / node) for node in tests]
    quick = ["-q", "-x", "-p", "no:cacheprovider"]
    drawing = ["-p", "tests.mutants.profile", "--hypothesis-profile=no-shrinking"]
    command = [sys.executable, "-m", "pytest", *quick, *drawing, *nodes]
    setting = {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(
            command, cwd=ROOT, env=setting, capture_output=True, text=True, timeout=limit_s
        )
    except subprocess.TimeoutExpired:
        return "hangs", f"not over after {limit_s:.0f} s"
    if ran.returncode == 0:
        return "passes", ""
    failed = [line for line in ran.stdout.splitlines() if line.startswith("FAILED")]
    if ran.returncode == 1 and failed:
        return "fails", failed[0].partition("::")[2].partition(" - ")[0]
    return "breaks", (ran.stdout + ran.stderr)[-2_000:]


def try_out(copy: Path, mutant: Mutant) -> tuple[str, str]:
    """What the tests of a mutant say of it. The copy is whole again afterwards."""
    whole = (copy / mutant.path).read_text(encoding="utf-8")
    try:
        (copy / mutant.path).write_text(mutant.of(whole), encoding="utf-8")
        return verdict(copy, mutant.caught_by)
    finally:
        (copy / mutant.path).write_text(whole, encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """Try them out and tell; 0 if each was caught by a failing test."""
    chosen = [one for one in mutants() if all(word in one.name for word in words)]
    tests = sorted({test for one in chosen for test in one.caught_by})
    escaped = 0
    with a_copy() as copy:
        said, how = verdict(copy, tests, LIMIT_S * len(tests))
        if said != "passes":
            _tell(f"the tests fail on the source as it is: {how}")
            return 1
        for number, mutant in enumerate(chosen, 1):
            began = perf_counter()
            said, how = try_out(copy, mutant)
            result = {"fails": "caught", "passes": "SURVIVED"}.get(said, said.upper())
            escaped += said != "fails"
            took = f"{perf_counter() - began:.1f} s"
            _tell(f"{number:3} {result:9} {took:>7}  {mutant.name}{_reason(said, how)}")
    _tell(f"{len(chosen) - escaped} of {len(chosen)} caught")
    return 1 if escaped or not chosen else 0


def _reason(said: str, how: str) -> str:
    return f"\n      by {how}" if said == "fails" else f"\n      {how}".rstrip()


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
