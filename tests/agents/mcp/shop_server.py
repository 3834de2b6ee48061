"""A real MCP server of ours: a shop that keeps its orders in a file, and misbehaves when told to.

`python shop_server.py FOLDER` speaks over stdio; with `--http` it serves on a free port of
127.0.0.1, which it writes to FOLDER/port. Every call that begins is written to FOLDER/calls.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from mcp.server.fastmcp import FastMCP, Image
from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ResourceLink,
    TextContent,
    TextResourceContents,
    ToolAnnotations,
)
from pydantic import AnyUrl

FOLDER = Path(sys.argv[1])
READS = ToolAnnotations(readOnlyHint=True)
AGAIN = ToolAnnotations(idempotentHint=True, destructiveHint=False)

shop = FastMCP("shop", log_level="ERROR")


def _called(name: str) -> None:
    with (FOLDER / "calls").open("a") as calls:
        calls.write(f"{name} {os.getpid()}\n")


@shop.tool(annotations=READS)
def price_of(article: str) -> int:
    """What an article costs, in cents."""
    _called("price_of")
    prices = {"tea": 350, "cup": 900}
    if article not in prices:
        raise ValueError(f"we have no {article}")
    return prices[article]


@shop.tool(annotations=AGAIN)
def reserve(article: str) -> str:
    """Put an article aside; once is enough."""
    _called("reserve")
    return f"{article} is put aside"


@shop.tool()
def order(article: str) -> str:
    """Order an article."""
    _called("order")
    return f"ordered {article}"


@shop.tool()
async def die(article: str) -> str:
    """Order an article, and end in the middle of it, without a word."""
    _called("die")
    sys.stderr.write("out of tea\n")
    os.kill(os.getpid(), signal.SIGKILL)
    return article


@shop.tool()
async def stall(seconds: float) -> str:
    """Take long."""
    _called("stall")
    await asyncio.sleep(seconds)
    return "at last"


@shop.tool()
def pid() -> str:
    """Which process this is."""
    return str(os.getpid())


@shop.tool(structured_output=False)
def leaflet() -> Any:
    """Everything that is no text."""
    link = AnyUrl("https://shop.example/terms")
    text = TextResourceContents(uri=AnyUrl("shop://note"), text="open on Sundays")
    blob = BlobResourceContents(uri=AnyUrl("shop://map"), blob="AAAA", mimeType="image/png")
    return CallToolResult(
        content=[
            TextContent(type="text", text="our leaflet"),
            Image(data=b"12345", format="png").to_image_content(),
            AudioContent(type="audio", data="AAA=", mimeType="audio/wav"),
            ResourceLink(type="resource_link", name="terms", uri=link),
            EmbeddedResource(type="resource", resource=text),
            EmbeddedResource(type="resource", resource=blob),
        ]
    )


@shop.tool()
def rubbish() -> str:
    """Print something in the midst of the protocol's lines, as careless servers do."""
    sys.stdout.write("debug: here we are\n")
    sys.stdout.flush()
    return "and yet an answer"


@shop.tool()
def secret() -> str:
    """Whether the token came, and whether anything else did."""
    return f"{os.environ.get('SHOP_TOKEN')} {os.environ.get('NOT_FOR_SERVERS')}"


def _serve_http() -> None:
    import socket

    import uvicorn

    listening = socket.create_server(("127.0.0.1", int(os.environ.get("SHOP_PORT", "0"))))
    (FOLDER / "port.tmp").write_text(str(listening.getsockname()[1]))
    (FOLDER / "port.tmp").rename(FOLDER / "port")
    config = uvicorn.Config(shop.streamable_http_app(), log_level="error")
    asyncio.run(uvicorn.Server(config).serve([listening]))


if __name__ == "__main__":
    if "--http" in sys.argv:
        _serve_http()
    else:
        shop.run()
