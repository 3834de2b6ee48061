"""Commands as a stranger gives them: in this process, in another one, and at a terminal."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from tertulia.cli import app

EXAMPLES = Path(__file__).parents[2] / "examples"
MEETING = str(EXAMPLES / "design_meeting.yaml")
LESSON = str(EXAMPLES / "class_with_tutor.yaml")

COMMAND = (sys.executable, "-c", "from tertulia.cli import app; app()")
AT_A_TERMINAL = (  # opening it makes it the terminal that Ctrl-C comes from
    sys.executable,
    "-c",
    "import os; os.close(os.open(os.ttyname(0), os.O_RDWR))\nfrom tertulia.cli import app; app()",
)
PATIENCE_S = 120.0
"""How long is waited for a process: on a busy machine its start alone takes many seconds."""
WHERE_IS_THE_CURSOR = b"\x1b[6n"
_STEERING = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[78=>])|\r")


def tertulia(*words: str, typed: str | None = None) -> Any:
    """Give a command in this process."""
    return CliRunner().invoke(app, list(words), input=typed)


def lines(given: Any) -> list[dict[str, Any]]:
    """A command's JSON lines, if it went well."""
    assert given.exit_code == 0, given.output
    return [json.loads(line) for line in given.stdout.splitlines()]


def told(given: Any, code: int) -> str:
    """What a command that failed says: a sentence, and no traceback."""
    assert given.exit_code == code, (given.exit_code, given.output, given.exception)
    assert isinstance(given.exception, SystemExit)
    assert "Traceback" not in given.output
    message: str = given.stderr
    assert message.startswith("error: ")
    return message.removeprefix("error: ").strip()


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def process(*words: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    """Give a command in a process of its own."""
    settings = {"stdin": subprocess.DEVNULL, "timeout": PATIENCE_S, **more}
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, **settings
    )


class Terminal:
    """A command at a terminal: what has been on its screen, and its keys."""

    def __init__(self, child: "subprocess.Popen[bytes]", keys: int) -> None:
        self.screen = ""
        self._child, self._keys, self._seen = child, keys, 0

    def type(self, line: str) -> None:
        """Type a line, and Enter."""
        self.press(line + "\r")

    def press(self, keys: str) -> None:
        os.write(self._keys, keys.encode())

    def reads(self, text: str) -> None:
        """Wait until the screen shows ``text``, after what was waited for before."""
        deadline = time.monotonic() + PATIENCE_S
        while (place := self.screen.find(text, self._seen)) < 0:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.screen[self._seen :]}"
            assert self._more(), f"ended before {text!r}:\n{self.screen[self._seen :]}"
        self._seen = place + len(text)

    def ends(self) -> int:
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._more():
            assert time.monotonic() < deadline, self.screen
        return self._child.wait(PATIENCE_S)

    def _more(self) -> bool:
        if not select.select([self._keys], [], [], 0.2)[0]:
            return self._child.poll() is None
        try:
            data = os.read(self._keys, 65_536)
        except OSError:  # Linux says so at the end
            data = b""
        if WHERE_IS_THE_CURSOR in data:
            self.press("\x1b[1;1R")
        self.screen += _STEERING.sub("", data.decode(errors="replace"))
        return bool(data)


@contextmanager
def terminal(*words: str, columns: int = 100) -> Iterator[Terminal]:
    """Give a command at a terminal of its own."""
    keys, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    child = subprocess.Popen(
        [*AT_A_TERMINAL, *words],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(screen)
    try:
        yield Terminal(child, keys)
    finally:
        child.kill()
        child.wait()
        os.close(keys)
