"""The pages that users read, cut into their blocks; and a folder in which the blocks are run.

A fence says by its first line what becomes of its text:

- ``python run`` is run, with all such blocks of its page in one namespace, and in event loops for
  which only waiting takes time; ``python`` is compiled;
- ``console run`` is a terminal: each line after a ``$`` is run; ``console`` is only read;
- ``file=NAME``, after any language, is written to the folder under that name;
- ``text`` right under a ``python run`` block is what that printed.
"""

import asyncio
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

from tests.docs.loop import Unhurried

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]

FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)
PATIENCE_S = 300.0
"""How long a command may take on a slow machine, in seconds."""
TERTULIA = [sys.executable, "-c", "from tertulia.cli import app; app(prog_name='tertulia')"]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where it stands, what its fence says, and what lies in it."""

    page: Path
    line: int
    language: str
    marks: tuple[str, ...]
    text: str
    printed: str | None = None

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"

    @property
    def file(self) -> str | None:
        names = [mark.removeprefix("file=") for mark in self.marks if mark.startswith("file=")]
        return names[0] if names else None

    @property
    def dialogue(self) -> list[tuple[str, str]]:
        """A terminal's commands, each with what stands under it."""
        parts = COMMAND.split(self.text)
        return [(command, parts[n + 1].lstrip("\n")) for n, command in enumerate(parts) if n % 2]


def blocks(page: Path) -> list[Block]:
    """All fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    return [
        Block(
            page,
            text.count("\n", 0, fence.start()) + 1,
            *_info(fence["info"]),
            fence["text"],
            _printed(text, fence, found[n + 1 : n + 2]),
        )
        for n, fence in enumerate(found)
    ]


def play(page: Path, folder: Path) -> Iterator[tuple[Block, str, str]]:
    """Run a page in ``folder``: each block that is run, what it says it prints, what it printed."""
    module = ModuleType(page.stem)
    sys.modules[page.stem] = module
    try:
        for block in blocks(page):
            if block.file is not None:
                (folder / block.file).write_text(block.text, encoding="utf-8")
            elif "run" in block.marks and block.language == "python":
                yield block, block.printed or "", _run(block, module)
            elif "run" in block.marks:
                for command, told in block.dialogue:
                    yield block, told, _command(command, folder)
    finally:
        del sys.modules[page.stem]


def _info(info: str) -> tuple[str, tuple[str, ...]]:
    language, *marks = info.split() or [""]
    return language, tuple(marks)


def _printed(text: str, fence: re.Match[str], after: list[re.Match[str]]) -> str | None:
    if not after or after[0]["info"] != "text" or text[fence.end() : after[0].start()].strip():
        return None
    return after[0]["text"]


def _run(block: Block, module: ModuleType) -> str:
    # As many empty lines before it as there are on the page, so that a traceback names its lines.
    code = compile("\n" * block.line + block.text, str(block.page), "exec")
    unhurried = patch.object(asyncio.events, "new_event_loop", Unhurried)
    with redirect_stdout(StringIO()) as out, unhurried:
        exec(code, module.__dict__)  # noqa: S102 - our own pages are what is tested
    return out.getvalue()


def _command(command: str, folder: Path) -> str:
    words = shlex.split(command)
    known = {"tertulia": TERTULIA, "python": [sys.executable]}
    done = subprocess.run(
        [*known.get(words[0], words[:1]), *words[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUTF8": "1",
            "COLUMNS": "100",
            "TERM": "dumb",
        },
        timeout=PATIENCE_S,
    )
    return done.stdout + done.stderr
