"""How the command begins."""

import signal
import subprocess
import sys

import pytest

STOPPED_WHILE_LOADING = """
import os, signal, sys
from importlib.abc import MetaPathFinder

class Impatient(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "tertulia.cli.app":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatient())
from tertulia.__main__ import main
main()
"""


def begun(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=False, timeout=60
    )


def test_ctrl_c_while_it_loads_ends_it_without_a_word() -> None:
    stopped = begun("-c", STOPPED_WHILE_LOADING)
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (-signal.SIGINT, "", "")


def test_whoever_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    ignoring = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    given = begun("-c", f"{ignoring}\n{STOPPED_WHILE_LOADING}", "models", "list", "--json")
    assert given.returncode == 0, given.stderr


def test_the_package_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    given = begun("-m", "tertulia", "rooms", "--db", "sqlite:///nowhere.db")
    assert (given.returncode, given.stdout) == (2, "")
    assert given.stderr.startswith("error: there is no database")
