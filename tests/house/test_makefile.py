"""What the Makefile does before it makes anything."""

import os
import subprocess
from pathlib import Path

MAKEFILE = Path(__file__).parents[2] / "Makefile"


def test_an_activated_environment_is_not_what_installs(tmp_path: Path) -> None:
    own = tmp_path / ".venv" / "bin"
    own.mkdir(parents=True)
    (own / "python3").write_text("#!/bin/sh\n")
    (own / "python3").chmod(0o755)
    found = subprocess.run(
        ["make", "-f", MAKEFILE, "--eval", "found: ; @command -v python3", "found"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{own}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() not in ("", str(own / "python3"))
