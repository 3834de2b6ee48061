"""What somebody types, line by line, also while others speak: from a terminal or from a pipe."""

import asyncio
import codecs
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import suppress
from threading import Thread
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

AHEAD = 16
"""How many lines are read ahead from a pipe."""

CHUNK_BYTES = 65_536


class Keyboard:
    """Lines as they are typed, and a status line below a terminal's prompt."""

    def __init__(self, status: Callable[[], str]) -> None:
        """``status`` says what stands below the prompt now."""
        self._status = status
        self._session: PromptSession[str] | None = None

    @property
    def is_terminal(self) -> bool:
        """Whether somebody sits there."""
        return sys.stdin is not None and sys.stdin.isatty()

    def refresh(self) -> None:
        """Draw the status line anew."""
        if self._session is not None:
            self._session.app.invalidate()

    async def lines(self) -> AsyncGenerator[str, None]:
        """Each line, until the end of input. Raises ``KeyboardInterrupt`` at Ctrl-C."""
        if not self.is_terminal:
            async for typed in _piped(sys.stdin):
                yield typed
            return
        self._session = PromptSession(
            bottom_toolbar=lambda: [("", self._status())], erase_when_done=True
        )
        with patch_stdout(raw=True), suppress(EOFError):
            while True:
                yield await self._session.prompt_async("> ")


async def _piped(stream: TextIO | None) -> AsyncIterator[str]:
    """Lines of a pipe or file, read by a thread that the program's end need not wait for."""
    if stream is None:
        return
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[str | None](AHEAD)

    def put(typed: str | None) -> None:
        asyncio.run_coroutine_threadsafe(lines.put(typed), loop).result()

    def read() -> None:
        with suppress(RuntimeError, asyncio.CancelledError):  # nobody listens any more
            for typed in _lines(stream):
                put(typed)
            put(None)

    Thread(target=read, name="keyboard", daemon=True).start()
    while (typed := await lines.get()) is not None:
        yield typed


def _lines(stream: TextIO) -> Iterator[str]:
    """Lines of a stream, by the system's own call: a reader that is left alone holds no lock."""
    try:
        source = stream.fileno()
    except (OSError, ValueError):
        yield from stream
        return
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    rest = ""
    while data := os.read(source, CHUNK_BYTES):
        *whole, rest = (rest + decoder.decode(data)).split("\n")
        yield from whole
    if rest:
        yield rest
