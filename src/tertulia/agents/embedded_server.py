"""The embedded model as an endpoint for others: llama.cpp's own server, with its OpenAI API.

``async with embedded_server() as server`` opens it beside this process, on 127.0.0.1 unless told
otherwise. Nobody is answered without its key, except ``/health``.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tertulia.agents.llama import MODEL, Door, EngineSettings, Llama

KEY = "TERTULIA_API_KEY"
"""The environment variable that holds the key; it is the one that clients of ours read, too."""

SPARE_CLIENTS = 4
"""How many are answered beside those whose prompts are worked on: who waits, who asks for slots."""


class EmbeddedServer:
    """A server that runs: hand ``base_url``, ``api_key`` and ``model`` to any OpenAI client."""

    model = MODEL

    def __init__(self, settings: EngineSettings, door: Door) -> None:
        """Start it, in a process of its own; about a second, for this thread alone.

        Raises ``ModelMissing``, and ``ModelRefused`` for a port that is taken.
        """
        self.settings, self.api_key = settings, door.key
        self._server = Llama(settings, door)
        self.root_url = self._server.address

    @property
    def base_url(self) -> str:
        """The URL that OpenAI clients want; health and metrics are beside it, at ``root_url``."""
        return f"{self.root_url}/v1"

    def processing(self) -> int:
        """How many requests are worked on, or wait for a slot; told between two batches."""
        return self._server.processing()

    def close(self) -> None:
        """Cut off what is being answered and free the port. Closing twice is closing once."""
        self._server.close()

    def __repr__(self) -> str:
        """Tell where it is, and never the key."""
        return f"<EmbeddedServer {self.base_url}>"


@asynccontextmanager
async def embedded_server(
    *,
    threads: int = 2,
    slots: int = 4,
    context_tokens: int = 2048,
    host: str = "127.0.0.1",
    port: int = 0,
    api_key: str | None = None,
) -> AsyncIterator[EmbeddedServer]:
    """Serve the embedded model while the block lasts; ``slots`` prompts at once.

    Port 0 takes any that is free. The key is ``api_key``, else that of the environment variable
    ``TERTULIA_API_KEY``, else a random one. Raises ``ModelMissing`` where its packages are not
    installed, and ``ModelRefused`` for a port that is taken.
    """
    settings = EngineSettings(threads, slots, context_tokens)
    key = api_key or os.environ.get(KEY, "").strip() or secrets.token_urlsafe(24)
    door = Door(key, host, port, clients=slots + SPARE_CLIENTS, watched=True)
    server = await asyncio.to_thread(EmbeddedServer, settings, door)
    try:
        yield server
    finally:
        await asyncio.to_thread(server.close)
