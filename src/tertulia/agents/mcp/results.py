"""What an MCP tool answered, as the text that a model reads. It drops no part silently."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from mcp.types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)


def as_text(result: CallToolResult) -> str:
    """The parts of an answer, one below the other; what is no text is told by kind and size."""
    told = "\n".join(_parts(result.content))
    if told.strip():
        return told
    if result.structuredContent is not None:
        return json.dumps(result.structuredContent, ensure_ascii=False, sort_keys=True)
    return "the tool failed and did not say why" if result.isError else ""


def _parts(content: Sequence[Any]) -> Iterator[str]:
    for part in content:
        match part:
            case TextContent(text=text):
                yield text
            case ImageContent(data=data, mimeType=kind):
                yield f"[image, {kind}, {_size(data)}]"
            case AudioContent(data=data, mimeType=kind):
                yield f"[audio, {kind}, {_size(data)}]"
            case ResourceLink(uri=uri):
                yield f"[resource {part.title or part.name}: {uri}]"
            case EmbeddedResource(resource=BlobResourceContents() as blob):
                kind = blob.mimeType or "of unknown kind"
                yield f"[resource {blob.uri}, {kind}, {_size(blob.blob)}]"
            case EmbeddedResource(resource=TextResourceContents() as found):
                yield f"[resource {found.uri}]\n{found.text}"
            case _:
                yield f"[{type(part).__name__}, which cannot be shown]"


def _size(base64: str) -> str:
    bytes_there = len(base64) * 3 // 4 - base64[-2:].count("=")
    return f"{bytes_there:,} bytes"
