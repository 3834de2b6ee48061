"""llama.cpp beside this process: one engine for all agents, its threads bridged to asyncio.

It is loaded at the first call, while all else goes on, and closed when this process ends. It never
downloads anything; its port on 127.0.0.1 asks for a random key and tells nothing without it.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tertulia.agents.faults import ModelOverflowed, ModelRefused, ModelUnreachable
from tertulia.agents.llama import HERE, MODEL, Door, EngineSettings, Llama
from tertulia.agents.sharing import Shared
from tertulia.agents.slots import Slots

Chunk = dict[str, Any]
Post = Callable[[Chunk | Exception | None], bool]


class Engine:
    """Completes prompts on its own threads, several at once, each where its beginning is known."""

    def __init__(self, settings: EngineSettings) -> None:
        """Prepare; nothing is loaded before the first prompt."""
        self.settings = settings
        self._workers = ThreadPoolExecutor(settings.slots, thread_name_prefix="tertulia-engine")
        self._slots = Slots(settings.slots)
        self._lock = threading.Lock()
        self._loading = threading.Lock()
        self._server: Llama | None = None
        self._busy = 0
        self._closing = threading.Event()

    @property
    def busy(self) -> int:
        """How many prompts are being worked on now."""
        return self._busy

    @property
    def closed(self) -> bool:
        """Whether it has been closed for good."""
        return self._closing.is_set()

    def processing(self) -> int:
        """How many prompts llama.cpp itself is working on; it answers between two batches."""
        server = self._server
        return 0 if server is None else server.processing()

    async def complete(
        self, speaker: str, request: Mapping[str, Any]
    ) -> AsyncGenerator[Chunk, None]:
        """Stream the engine's chunks; leaving the loop early stops the engine within a batch.

        The beginning of a prompt is read only once while there are slots enough; ``speaker`` says
        whose slot it gets when nobody's knows it.
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

        try:
            job = self._workers.submit(self._work, speaker, request, post)
        except RuntimeError:
            raise _closed() from None
        job.add_done_callback(lambda job: post(_closed()) if job.cancelled() else None)
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
        with self._loading:
            server, self._server = self._server, None
        if server is not None:
            server.close()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _work(self, speaker: str, request: Mapping[str, Any], post: Post) -> None:
        """Work on one prompt; no more than there are slots do so at once."""
        prompt, ended = str(request.get("prompt", "")), False

        def hear(chunk: Chunk) -> bool:
            nonlocal ended
            ended = ended or "error" in chunk or any(map(_finishes, chunk.get("choices", ())))
            return post(_checked(chunk))

        with self._lock:
            self._busy += 1
            slot = self._slots.take(speaker, prompt)
        try:
            whole = {**request, "id_slot": slot}
            self._loaded().complete(whole, hear)
            if not ended:  # nobody wants the rest, or there will be none
                post(_closed())
        except Exception as error:  # told to whoever awaits the answer
            post(_closed() if self.closed else error)
        finally:
            with self._lock:
                self._busy -= 1
                self._slots.give_back(slot, speaker, prompt)
            post(None)

    def _loaded(self) -> Llama:
        with self._loading:  # for long, so never the lock that the event loop takes
            if self.closed:
                raise _closed()
            if self._server is None or not self._server.alive:
                door = Door(secrets.token_hex(), clients=self.settings.slots)
                self._server = Llama(self.settings, door)
            return self._server


def engine_for(settings: EngineSettings) -> Engine:
    """Share one engine among all who want the same settings."""
    return _engines.of(settings)


def close_engines() -> None:
    """Close every shared engine; the next call starts a fresh one."""
    _engines.close()


_engines = Shared(Engine)


def _finishes(choice: Chunk) -> bool:
    return choice.get("finish_reason") is not None


def _closed() -> ModelUnreachable:
    hint = "ask again: the next call starts a fresh one"
    return ModelUnreachable("the engine was closed", model=MODEL, where=HERE, hint=hint)


def _checked(chunk: Chunk) -> Chunk | Exception:
    """Turn the engine's own refusals into ours."""
    if "error" not in chunk:
        return chunk
    why = chunk["error"]
    too_long = why.get("type") == "exceed_context_size_error"
    return (ModelOverflowed if too_long else ModelRefused)(
        f"the engine refused the prompt: {why.get('message', 'it did not say why')}",
        model=MODEL,
        where=HERE,
        hint="shorten the messages, or raise `context_tokens`",
    )
