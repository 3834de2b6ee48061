"""``models serve``: the embedded model as an endpoint for other programs, until it is stopped."""

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from tertulia.agents.models.places import API_KEY as KEY
from tertulia.cli.benching import Json
from tertulia.cli.output import failing_clearly, line

if TYPE_CHECKING:  # a second to import, which `--help` need not wait for
    from tertulia.agents.embedded_server import EmbeddedServer

ENDING = (signal.SIGINT, signal.SIGTERM)


@failing_clearly
def serve_model(
    *,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: any that is free.")] = 8080,
    host: Annotated[str, typer.Option(help="Who may reach it: this machine alone.")] = "127.0.0.1",
    threads: Annotated[int, typer.Option(min=1, max=256, help="Processor threads.")] = 2,
    slots: Annotated[int, typer.Option(min=1, max=256, help="Prompts at a time.")] = 4,
    context_tokens: Annotated[int, typer.Option(min=128, max=8192, help="For each slot.")] = 2048,
    json: Json = False,
) -> None:
    """Serve the embedded model with the OpenAI API; the key is TERTULIA_API_KEY, or is printed."""
    asyncio.run(_serve(host, port, (threads, slots, context_tokens), json=json))


async def _serve(host: str, port: int, sizes: tuple[int, int, int], *, json: bool) -> None:
    from tertulia.agents.embedded_server import embedded_server

    threads, slots, context = sizes
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in ENDING:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(over.set))
    async with embedded_server(
        threads=threads, slots=slots, context_tokens=context, host=host, port=port
    ) as server:
        _tell(server, json=json)
        await over.wait()


def _tell(server: "EmbeddedServer", *, json: bool) -> None:
    own = None if os.environ.get(KEY, "").strip() == server.api_key else server.api_key
    told = {"base_url": server.base_url, "model": server.model, "api_key": own}
    if json:
        print(line(told), flush=True)
        return
    print(invitation(server.model, server.base_url, own), flush=True)


def invitation(model: str, base_url: str, own: str | None) -> str:
    """Say where it is and how to try it; ``own`` is a key that nobody knows yet, ``None``: none."""
    key = f"that of {KEY}" if own is None else own
    setting = "" if own is None else f"{KEY}={own} "
    where = f"{model} at {base_url} · stop with Ctrl-C"
    return f"{where}\nkey: {key}\ntry: {setting}tertulia demo --model {model}@{base_url}"
