"""Any model behind an OpenAI-style endpoint: vLLM, SGLang, Ollama, llama.cpp, or a paid one.

The answer is always streamed, so that leaving it early closes the HTTP request and frees the
server. Keys come from the environment only and are in no representation and in no error. Failures
come out as `faults`; nothing is retried unless asked for, since the turn knows better when.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakKeyDictionary

import httpx
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr, SecretStr, model_validator

from tertulia.agents.connections import client_for, close_connections
from tertulia.agents.diagnosis import Endpoint, can_be_called, is_secret, public
from tertulia.agents.prices import prices_of
from tertulia.agents.streaming import StreamedModel
from tertulia.agents.transcript import speaker_of
from tertulia.agents.wire import NameTag, as_chat

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

NO_KEY = "none"
"""What is sent where no key is wanted; never the one that happens to be in OPENAI_API_KEY."""

NEW_NAMES = ("openai.com", "azure.com")
"""Hosts where the longest answer is ``max_completion_tokens``; elsewhere it is ``max_tokens``."""

TOOL_CHOICES = {"auto": "auto", "none": "none", "required": "required", "any": "required"}

Tool = dict[str, Any] | type | Callable[..., Any] | BaseTool
Chunks = AsyncGenerator[ChatGenerationChunk, None]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for the connection, for the first chunk, and between two chunks."""

    connect_seconds: float = 5.0
    first_token_seconds: float = 60.0
    stall_seconds: float = 20.0


class Remote(StreamedModel):
    """A chat model behind a base URL; make it with `remote`."""

    base_url: str
    model: str
    api_key_env: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    patience: Patience = Patience()
    max_retries: int = 0
    extra_body: dict[str, Any] = Field(default_factory=dict)
    price_in: float | None = None
    price_out: float | None = None

    _clients: WeakKeyDictionary[asyncio.AbstractEventLoop, "ChatOpenAI"] = PrivateAttr(
        default_factory=WeakKeyDictionary
    )

    @model_validator(mode="after")
    def _can_be_used(self) -> "Remote":
        prices_of(self)
        if not can_be_called(self.base_url):
            raise Endpoint(self.model, "in its settings", self.api_key_env).no_url()
        if public(self.base_url) != str(httpx.URL(self.base_url)):
            raise self.endpoint.unsafe_url()
        return self

    @property
    def endpoint(self) -> Endpoint:
        """What may be told about it."""
        return Endpoint(self.model, public(self.base_url), self.api_key_env)

    @property
    def _llm_type(self) -> str:
        return "tertulia-remote"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        tag = NameTag(speaker_of(messages))
        async with aclosing(self._received(messages, stop, **kwargs)) as chunks:
            async for chunk in chunks:
                yield _untagged(chunk, tag)

    async def _received(
        self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any
    ) -> Chunks:
        """Yield the endpoint's chunks, each within its time, and turn failures into faults."""
        key = self._key()
        settings = self._bounded(**kwargs)
        stream = cast("Chunks", self._client(key)._astream(as_chat(messages), stop, **settings))
        begun = ended = False
        async with aclosing(stream) as chunks:
            while (chunk := await self._next(chunks, key, begun=begun)) is not None:
                begun, ended = True, ended or _finishes(chunk)
                yield chunk
        if not begun:
            raise self.endpoint.empty()
        if not ended:
            raise self.endpoint.broken_off()

    def _bounded(
        self,
        max_tokens: int | None = None,
        max_completion_tokens: int | None = None,
        extra_body: dict[str, Any] | None = None,
        **settings: Any,
    ) -> dict[str, Any]:
        """The settings of a call, the longest answer by the name that is known there.

        OpenAI refuses the old name; Ollama, TGI, and llama.cpp until 2026 pass over the new one.
        """
        most = max_completion_tokens or max_tokens or self.max_tokens
        body = {**self.extra_body, **(extra_body or {})}
        if most is not None and httpx.URL(self.base_url).host.endswith(NEW_NAMES):
            settings = {"max_completion_tokens": most, **settings}
        elif most is not None:
            body = {"max_tokens": most, **body}
        return {**settings, "extra_body": body} if body else settings

    async def _next(self, chunks: Chunks, key: str, *, begun: bool) -> ChatGenerationChunk | None:
        patience = self.patience
        seconds = patience.stall_seconds if begun else patience.first_token_seconds
        try:
            async with asyncio.timeout(seconds):
                return await anext(chunks, None)
        except TimeoutError:
            raise self.endpoint.stalled(seconds, begun=begun) from None
        except Exception as error:
            cause = None if is_secret(error, key) else error
            raise self.endpoint.explain(error, key) from cause

    async def whole(self, messages: list[BaseMessage], body: dict[str, Any]) -> dict[str, Any]:
        """Get an answer at once, as the server words it: for what no stream carries.

        ``body`` has further fields of the request. Raises ``ModelFailed``.
        """
        key, patience = self._key(), self.patience
        client, settings = self._client(key), self._bounded(extra_body=body)
        request = client._get_request_payload(as_chat(messages), **settings)
        request.pop("stream", None)
        try:
            async with asyncio.timeout(patience.first_token_seconds):
                answer: dict[str, Any] = (await client.async_client.create(**request)).model_dump()
        except TimeoutError:
            raise self.endpoint.stalled(patience.first_token_seconds, begun=False) from None
        except Exception as error:
            cause = None if is_secret(error, key) else error
            raise self.endpoint.explain(error, key) from cause
        return answer

    async def _leave(self) -> None:
        await close_connections()

    def bind_tools(
        self,
        tools: Sequence[Tool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools; ``tool_choice`` is auto, none, required, any, or the name of a tool."""
        bound: dict[str, Any] = {
            "tools": [convert_to_openai_tool(tool) for tool in tools],
            **kwargs,
        }
        if tool_choice:
            named = {"type": "function", "function": {"name": tool_choice}}
            bound["tool_choice"] = TOOL_CHOICES.get(tool_choice, named)
        return self.bind(**bound)

    def _key(self) -> str:
        if self.api_key_env is None:
            return ""
        if key := os.environ.get(self.api_key_env, "").strip():
            return key
        raise self.endpoint.missing_key()

    def _client(self, key: str) -> "ChatOpenAI":
        """Get the running loop's client, made anew when its connections were closed."""
        loop, http = asyncio.get_running_loop(), client_for(self.base_url)
        made = self._clients.get(loop)
        if made is None or made.http_async_client is not http:
            made = self._clients[loop] = self._make(http, key)
        return made

    def _make(self, http: httpx.AsyncClient, key: str) -> "ChatOpenAI":
        from langchain_openai import ChatOpenAI  # a second to import: only when it is called

        patience = self.patience
        longest = max(patience.first_token_seconds, patience.stall_seconds) + 1
        return ChatOpenAI(
            model=self.model,
            base_url=self.base_url,
            api_key=SecretStr(key or NO_KEY),
            temperature=self.temperature,
            timeout=httpx.Timeout(longest, connect=patience.connect_seconds),
            max_retries=self.max_retries,
            http_async_client=http,
            openai_proxy=None,
            stream_chunk_timeout=None,
            stream_usage=True,
            use_responses_api=False,
            extra_body=self.extra_body or None,
        )


def remote(base_url: str, model: str, api_key_env: str | None = None, **settings: Any) -> Remote:
    """Get a chat model by base URL (``http://127.0.0.1:8000/v1``) and model name.

    ``api_key_env`` is the *name* of the environment variable with the key. ``settings``:
    ``temperature``, ``max_tokens``, ``patience`` (`Patience`), ``max_retries`` (0), ``extra_body``,
    which is sent as it is, ``price_in`` and ``price_out`` of a million tokens. Raises
    `ModelRefused` for a URL with a password in it, ``Invalid`` for a price that is none.
    """
    return Remote(base_url=base_url, model=model, api_key_env=api_key_env, **settings)


def _finishes(chunk: ChatGenerationChunk) -> bool:
    return bool((chunk.generation_info or {}).get("finish_reason"))


def _untagged(chunk: ChatGenerationChunk, tag: NameTag) -> ChatGenerationChunk:
    said = chunk.message.content
    if not isinstance(said, str):
        return chunk
    text = tag.take(said) + (tag.rest() if _finishes(chunk) else "")
    if text == said:
        return chunk
    message = chunk.message.model_copy(update={"content": text})
    return ChatGenerationChunk(message=message, generation_info=chunk.generation_info)
