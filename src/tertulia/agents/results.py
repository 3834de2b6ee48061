"""What a tool returned, as a model reads it, as a program reads it, and as it is kept. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from pydantic_core import to_jsonable_python

_SORTED = json.JSONEncoder(sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Result:
    """The text for the model, whether it is JSON of the ``value``, and the whole text if it is cut.

    ``digest`` is that of the whole text.
    """

    text: str
    value: Any = None
    data: bool = False
    whole: str | None = None
    digest: str | None = None


def digest(text: str) -> str:
    """What a text is known by: 16 bytes of BLAKE2b (RFC 7693), in hexadecimal."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def canonical(arguments: Mapping[str, Any]) -> str:
    """Arguments as JSON, the same for the same arguments."""
    return _SORTED.encode(to_jsonable_python(dict(arguments), fallback=str))


def returned(value: Any, limit: int) -> Result:
    """What a tool returned. Text stays text, all else is told as JSON."""
    text = value if isinstance(value, str) else _text_in(value)
    if text is not None:
        return _within(text, text, limit, data=False)
    plain = to_jsonable_python(value, fallback=str)
    return _within(json.dumps(plain, ensure_ascii=False), plain, limit, data=True)


def failed(what: str, limit: int) -> Result:
    """What went wrong, told as every error is told to a model."""
    return _within(f"error: {what}", None, limit, data=False)


def value_of(text: str, *, data: bool) -> Any:
    """The value that a kept text is of."""
    return json.loads(text) if data else text


def _text_in(value: Any) -> str | None:
    """The text of content blocks, as MCP servers and models return them."""
    blocks = value if isinstance(value, list) else []
    texts = [one["text"] for one in blocks if isinstance(one, dict) and one.get("type") == "text"]
    return "\n".join(map(str, texts)) if texts and len(texts) == len(blocks) else None


def _within(text: str, value: Any, limit: int, *, data: bool) -> Result:
    clean = text.encode(errors="replace").decode()
    if len(clean) <= limit:
        return Result(clean, value, data)
    cut = f"{clean[:limit]} [cut at {limit:,} of {len(clean):,} characters]"
    return Result(cut, value, data, clean, digest(clean))
